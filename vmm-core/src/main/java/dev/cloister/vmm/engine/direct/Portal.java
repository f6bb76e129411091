package dev.cloister.vmm.engine.direct;

import dev.cloister.kvm.KvmExit;
import dev.cloister.kvm.KvmRun;

/**
 * The closed set of portals: one for each kind of exit that this VMM knows, and {@link #UNCLAIMED} for everything else, which ends the
 * guest with a report. Each declares the state groups that its handler reads and writes; nothing else is transferred (NOVA calls this
 * a message transfer descriptor). {@link Portals} holds the handlers.
 */
enum Portal {
    /** Port I/O: everything it needs is in the exit itself. */
    IO(KvmExit.IO, Portal.NOTHING, Portal.NOTHING),
    /** Memory-mapped I/O, and writes to read-only memory. */
    MMIO(KvmExit.MMIO, Portal.NOTHING, Portal.NOTHING),
    /** A kick; also what {@code EINTR} from KVM_RUN becomes. */
    INTERRUPTED(KvmExit.INTR, Portal.NOTHING, Portal.NOTHING),
    /** Internal errors; those that are emulation failures are completed by the emulator. */
    INTERNAL_ERROR(KvmExit.INTERNAL_ERROR, Portal.REGS | Portal.SREGS, Portal.REGS | Portal.SREGS),
    /** Triple fault. */
    SHUTDOWN(KvmExit.SHUTDOWN, Portal.REGS | Portal.SREGS, Portal.NOTHING),
    /** The processor refused the guest's state. */
    FAIL_ENTRY(KvmExit.FAIL_ENTRY, Portal.REGS | Portal.SREGS, Portal.NOTHING),
    /** KVM reports shutdown, reset or a crash. */
    SYSTEM_EVENT(KvmExit.SYSTEM_EVENT, Portal.NOTHING, Portal.NOTHING),
    /** A hypercall passed on; answered with "no such call". */
    HYPERCALL(KvmExit.HYPERCALL, Portal.NOTHING, Portal.NOTHING),
    /** An MSR read passed on; answered with #GP. */
    RDMSR(KvmExit.X86_RDMSR, Portal.NOTHING, Portal.NOTHING),
    /** An MSR write passed on; answered with #GP. */
    WRMSR(KvmExit.X86_WRMSR, Portal.NOTHING, Portal.NOTHING),
    /** An interrupt can be taken; nobody waits for it while KVM holds the interrupt chips. */
    IRQ_WINDOW(KvmExit.IRQ_WINDOW_OPEN, Portal.NOTHING, Portal.NOTHING),
    /** Halted without in-kernel interrupt chips: this machine has them, so it must not come. */
    HALT(KvmExit.HLT, Portal.REGS | Portal.SREGS, Portal.NOTHING),
    /** A debug event that nobody asked for. */
    DEBUG(KvmExit.DEBUG, Portal.REGS | Portal.SREGS, Portal.NOTHING),
    /** An exit without a portal. */
    UNCLAIMED(-1, Portal.REGS | Portal.SREGS, Portal.NOTHING);

    /** No state group. */
    static final int NOTHING = 0;

    /** General registers, RIP, RFLAGS. */
    static final int REGS = (int) KvmRun.SYNC_REGS;

    /** Segments, descriptor tables, control registers, EFER. */
    static final int SREGS = (int) KvmRun.SYNC_SREGS;

    private static final int REASONS = 64;
    private static final Portal[] BY_REASON = new Portal[REASONS];

    static {
        java.util.Arrays.fill(BY_REASON, UNCLAIMED);
        for (Portal portal : values()) {
            if (portal != UNCLAIMED) {
                BY_REASON[portal.reason] = portal;
            }
        }
    }

    private final int reason;
    private final int reads;
    private final int writes;

    Portal(int reason, int reads, int writes) {
        this.reason = reason;
        this.reads = reads;
        this.writes = writes;
    }

    /** The portal for an exit reason of KVM. */
    static Portal of(int exitReason) {
        return exitReason >= 0 && exitReason < REASONS ? BY_REASON[exitReason] : UNCLAIMED;
    }

    /** State groups that the handler reads. */
    int reads() {
        return reads;
    }

    /** State groups that the handler may write. */
    int writes() {
        return writes;
    }
}
