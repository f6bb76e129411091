package dev.cloister.vmm.engine.direct;

import dev.cloister.kvm.KvmRun;
import dev.cloister.kvm.Vcpu;
import dev.cloister.linux.ErrnoException;
import dev.cloister.vmm.board.Board;
import dev.cloister.vmm.board.RunControl;
import dev.cloister.vmm.debug.Trace;
import dev.cloister.vmm.debug.VcpuDebug;
import dev.cloister.vmm.engine.ExitKind;
import dev.cloister.vmm.engine.ExitRing;
import dev.cloister.vmm.engine.FaultReporter;
import dev.cloister.vmm.memory.GuestLinearMemory;
import dev.cloister.vmm.report.Outcome;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The handlers behind the portals of one vCPU. Called on its thread right after an exit; the frequent ones (I/O, MMIO, kicks) allocate
 * nothing. A handler that ends the guest tells {@link RunControl}; the run loop sees it before the next entry.
 */
public final class Portals {
    /** What a guest gets for a hypercall that nobody implements (KVM_ENOSYS in linux/kvm_para.h). */
    private static final long NO_SUCH_CALL = -1000;

    private static final String REPORT_BUG =
            "this is no state that a guest should be able to reach; keep the report and the guest's image";

    private final Vcpu vcpu;
    private final MemorySegment area;
    private final Board board;
    private final RunControl control;
    private final Completer completer;
    private final FaultReporter faults;
    private final ExitRing ring = new ExitRing();
    private final long[] counts = new long[ExitKind.COUNT];
    private @Nullable Trace trace;
    private @Nullable VcpuDebug debug;

    Portals(Vcpu vcpu, Board board, RunControl control, Completer completer, GuestLinearMemory memory) {
        this.vcpu = vcpu;
        this.area = vcpu.runArea();
        this.board = board;
        this.control = control;
        this.completer = completer;
        this.faults = new FaultReporter(vcpu.id(), () -> KvmState.read(vcpu), memory, ring);
    }

    /** Before the first exit: whom to tell of exits, and of what ends the guest. */
    void observe(@Nullable Trace told, @Nullable VcpuDebug watching) {
        trace = told;
        debug = watching;
    }

    /** Exits so far, by ordinal of {@link ExitKind}; written by the vCPU thread. */
    long[] counts() {
        return counts;
    }

    /**
     * Handles an exit.
     *
     * @param portal its portal
     * @param synced which register groups the exit left in the run area
     */
    @SuppressWarnings("PMD.CyclomaticComplexity") // the closed set, one entry for each portal: a table
    void handle(Portal portal, int synced) {
        switch (portal) {
            case IO -> io();
            case MMIO -> mmio();
            case INTERRUPTED -> counts[ExitKind.INTERRUPTED.index()]++;
            case INTERNAL_ERROR -> internalError(synced);
            case SHUTDOWN -> {
                count(ExitKind.SHUTDOWN, 0);
                tripleFault();
            }
            case FAIL_ENTRY -> failEntry();
            case SYSTEM_EVENT -> systemEvent();
            case HYPERCALL -> {
                count(ExitKind.HYPERCALL, KvmRun.hypercallNumber(area));
                KvmRun.setHypercallResult(area, NO_SUCH_CALL);
            }
            case RDMSR -> msr(ExitKind.RDMSR);
            case WRMSR -> msr(ExitKind.WRMSR);
            case IRQ_WINDOW -> count(ExitKind.IRQ_WINDOW, 0);
            case HALT -> unexpected(ExitKind.HALT, "the vCPU halted outside the in-kernel interrupt controller");
            case DEBUG -> unexpected(ExitKind.DEBUG, "a debug event came that nobody asked for");
            case UNCLAIMED -> {
                int reason = KvmRun.exitReason(area);
                unexpected(ExitKind.UNKNOWN, "KVM exit reason " + reason + " has no portal");
            }
        }
    }

    private void note(ExitKind kind, long place, int size, long value) {
        ring.add(kind, place, size, value);
        if (trace != null) {
            trace.exit(vcpu.id(), ExitRing.text(kind, place, size, value));
        }
    }

    private void count(ExitKind kind, long place) {
        counts[kind.index()]++;
        note(kind, place, 0, 0);
    }

    private void io() {
        int port = KvmRun.ioPort(area);
        int size = KvmRun.ioSize(area);
        int repeats = KvmRun.ioCount(area);
        long at = KvmRun.ioDataOffset(area);
        boolean in = KvmRun.ioDirection(area) == KvmRun.IO_IN;
        ExitKind kind = in ? ExitKind.IO_IN : ExitKind.IO_OUT;
        counts[kind.index()]++;
        long value = 0;
        for (int i = 0; i < repeats; i++) {
            if (in) {
                value = board.portRead(port, size);
                KvmRun.ioWrite(area, at, size, value);
            } else {
                value = KvmRun.ioRead(area, at, size);
                board.portWrite(port, size, value);
            }
            at += size;
        }
        note(kind, port, size, value);
    }

    private void mmio() {
        long gpa = KvmRun.mmioAddress(area);
        int size = KvmRun.mmioLength(area);
        if (KvmRun.mmioIsWrite(area)) {
            // Above the access's own bytes stands what an earlier one left.
            long value = KvmRun.mmioData(area) & -1L >>> Long.SIZE - Byte.SIZE * size;
            counts[ExitKind.MMIO_WRITE.index()]++;
            note(ExitKind.MMIO_WRITE, gpa, size, value);
            board.mmioWrite(gpa, size, value);
        } else {
            long value = board.mmioRead(gpa, size);
            KvmRun.setMmioData(area, value);
            counts[ExitKind.MMIO_READ.index()]++;
            note(ExitKind.MMIO_READ, gpa, size, value);
        }
    }

    private void msr(ExitKind kind) {
        count(kind, Integer.toUnsignedLong(KvmRun.msrIndex(area)));
        KvmRun.setMsrError(area, true);
    }

    private void internalError(int synced) {
        int suberror = KvmRun.internalSuberror(area);
        if (suberror != KvmRun.INTERNAL_ERROR_EMULATION) {
            unexpected(ExitKind.INTERNAL_ERROR, "KVM internal error " + suberror + " (" + name(suberror) + ")");
            return;
        }
        count(ExitKind.EMULATION_FAILURE, 0);
        try {
            switch (completer.complete(synced)) {
                case DONE -> {
                    // The guest goes on.
                }
                case TRIPLE_FAULT -> tripleFault();
                case UNSUPPORTED ->
                    fault(
                            "KVM cannot execute the instruction at rip, and the emulator cannot either: "
                                    + completer.reason(),
                            "run the guest on a host with hardware virtualisation, or avoid the instruction");
            }
        } catch (ErrnoException e) {
            hostFailure(e.getMessage());
        }
    }

    private static String name(int suberror) {
        return switch (suberror) {
            case KvmRun.INTERNAL_ERROR_SIMULTANEOUS_EXCEPTIONS -> "simultaneous exceptions";
            case KvmRun.INTERNAL_ERROR_DELIVERY_EVENT -> "exit while an event was delivered";
            case KvmRun.INTERNAL_ERROR_UNEXPECTED_EXIT_REASON -> "unexpected exit reason";
            default -> "unknown";
        };
    }

    private void tripleFault() {
        fault(FaultReporter.TRIPLE_FAULT, FaultReporter.TRIPLE_FAULT_ADVICE);
    }

    private void failEntry() {
        count(ExitKind.FAIL_ENTRY, 0);
        fault(
                "the processor refused the guest's state, hardware reason 0x"
                        + Long.toHexString(KvmRun.entryFailureReason(area)),
                REPORT_BUG);
    }

    private void systemEvent() {
        int type = KvmRun.systemEventType(area);
        count(ExitKind.SYSTEM_EVENT, type);
        switch (type) {
            case KvmRun.SYSTEM_EVENT_SHUTDOWN -> control.finish(new RunControl.End(Outcome.POWERED_OFF, "", 0, null));
            case KvmRun.SYSTEM_EVENT_RESET -> control.finish(new RunControl.End(Outcome.RESET, "", 0, null));
            default -> fault("KVM system event " + type, "the guest reported a crash or an unknown event");
        }
    }

    private void unexpected(ExitKind kind, String what) {
        count(kind, 0);
        fault(what, REPORT_BUG);
    }

    /** KVM_RUN itself failed; {@code errno} is positive. */
    void runFailed(int errno) {
        String text = new ErrnoException("KVM_RUN", "vCPU " + vcpu.id(), errno).getMessage();
        control.finish(new RunControl.End(
                Outcome.HOST_FAILURE, String.valueOf(text), 0, faults.report(String.valueOf(text), REPORT_BUG)));
    }

    private void fault(String reason, String suggestion) {
        VcpuDebug watching = debug;
        if (watching != null) {
            watching.fault(reason);
        }
        control.finish(new RunControl.End(Outcome.GUEST_FAULT, reason, 0, faults.report(reason, suggestion)));
    }

    private void hostFailure(@Nullable String text) {
        String reason = text == null ? "unknown failure" : text;
        control.finish(new RunControl.End(
                Outcome.HOST_FAILURE, reason, 0, faults.report(reason, "see the host's kernel log")));
    }
}
