package dev.cloister.kvm;

/** Exit reasons: the values of {@link KvmRun#exitReason} (KVM API chapter 5). */
public final class KvmExit {
    /** The hardware gave a reason that KVM does not know; see {@link KvmRun#hardwareExitReason}. */
    public static final int UNKNOWN = 0;
    /** Never on x86. */
    public static final int EXCEPTION = 1;
    /** {@code in}, {@code out} and their string forms; see {@link KvmRun#ioPort} and its neighbours. */
    public static final int IO = 2;
    /** A hypercall that was asked to come to user space; see {@link KvmRun#hypercallNumber}. */
    public static final int HYPERCALL = 3;
    /** A breakpoint or single step of {@code KVM_SET_GUEST_DEBUG}; see {@link KvmRun#debugException}. */
    public static final int DEBUG = 4;
    /** {@code hlt}, only without the in-kernel LAPIC. */
    public static final int HLT = 5;
    /** An access where no memory slot answers, or a write to a read-only one; see {@link KvmRun#mmioAddress}. */
    public static final int MMIO = 6;
    /** The guest can take an interrupt now, as requested. */
    public static final int IRQ_WINDOW_OPEN = 7;
    /** Triple fault. */
    public static final int SHUTDOWN = 8;
    /** The CPU refused the guest state; see {@link KvmRun#entryFailureReason}. */
    public static final int FAIL_ENTRY = 9;
    /** A signal interrupted {@code KVM_RUN}. */
    public static final int INTR = 10;
    /** The guest lowered its task priority. */
    public static final int SET_TPR = 11;
    /** An access to the TPR that is reported. */
    public static final int TPR_ACCESS = 12;
    /** A non-maskable interrupt of the host. */
    public static final int NMI = 16;
    /** KVM gave up; see {@link KvmRun#internalSuberror}. */
    public static final int INTERNAL_ERROR = 17;
    /** The guest asked for shutdown, reset or the like; see {@link KvmRun#systemEventType}. */
    public static final int SYSTEM_EVENT = 24;
    /** End of interrupt for a level-triggered line of a user-space IOAPIC; see {@link KvmRun#eoiVector}. */
    public static final int IOAPIC_EOI = 26;
    /** Hyper-V emulation. */
    public static final int HYPERV = 27;
    /** {@code rdmsr} of an MSR left to user space; see {@link KvmRun#msrIndex}. */
    public static final int X86_RDMSR = 29;
    /** {@code wrmsr} of an MSR left to user space; see {@link KvmRun#msrIndex}. */
    public static final int X86_WRMSR = 30;
    /** The ring of dirty pages is full. */
    public static final int DIRTY_RING_FULL = 31;
    /** SEV-ES processor hold. */
    public static final int AP_RESET_HOLD = 32;
    /** A bus lock was taken. */
    public static final int X86_BUS_LOCK = 33;
    /** Xen emulation. */
    public static final int XEN = 34;
    /** The guest kept the CPU busy in microcode for longer than allowed. */
    public static final int NOTIFY = 37;
    /** Access to guest memory that faulted on the host or has the wrong attributes (Linux 6.8). */
    public static final int MEMORY_FAULT = 39;

    // Indexed by the reason; null where the number belongs to another architecture.
    private static final String[] NAMES = {
        "UNKNOWN",
        "EXCEPTION",
        "IO",
        "HYPERCALL",
        "DEBUG",
        "HLT",
        "MMIO",
        "IRQ_WINDOW_OPEN",
        "SHUTDOWN",
        "FAIL_ENTRY",
        "INTR",
        "SET_TPR",
        "TPR_ACCESS",
        null,
        null,
        null,
        "NMI",
        "INTERNAL_ERROR",
        null,
        null,
        null,
        null,
        null,
        null,
        "SYSTEM_EVENT",
        null,
        "IOAPIC_EOI",
        "HYPERV",
        null,
        "X86_RDMSR",
        "X86_WRMSR",
        "DIRTY_RING_FULL",
        "AP_RESET_HOLD",
        "X86_BUS_LOCK",
        "XEN",
        null,
        null,
        "NOTIFY",
        null,
        "MEMORY_FAULT"
    };

    private KvmExit() {}

    /**
     * The name of an exit reason, for reports and counters.
     *
     * @param reason a value of {@link KvmRun#exitReason}
     * @return for example {@code IO}, or {@code exit 99} for one without a name here
     */
    public static String name(int reason) {
        String name = reason >= 0 && reason < NAMES.length ? NAMES[reason] : null;
        return name == null ? "exit " + reason : name;
    }
}
