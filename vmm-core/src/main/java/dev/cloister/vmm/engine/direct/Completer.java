package dev.cloister.vmm.engine.direct;

import dev.cloister.kvm.CpuidEntries;
import dev.cloister.kvm.Vcpu;
import dev.cloister.linux.ErrnoException;
import dev.cloister.vmm.board.Board;
import dev.cloister.vmm.board.RunControl;
import dev.cloister.vmm.debug.Trace;
import dev.cloister.vmm.memory.GuestLinearMemory;
import org.jspecify.annotations.Nullable;

/**
 * Completes, for one vCPU, instructions that KVM gave up on. The emulator with its tables is set up at the first of them: most guests on
 * most hosts never need it, and it would cost more than all else that stands before the first guest instruction.
 */
final class Completer {
    /** What came of it. */
    enum Result {
        /** The guest goes on. */
        DONE,
        /** The emulator does not implement it: {@link #reason()} tells. */
        UNSUPPORTED,
        /** Delivering an exception ended in a triple fault. */
        TRIPLE_FAULT
    }

    /**
     * What one vCPU's emulator works on.
     *
     * @param vcpu the vCPU
     * @param memory its linear memory
     * @param board ports and memory-mapped devices
     * @param cpuid what CPUID tells it
     * @param control whether it may run
     */
    record Surroundings(Vcpu vcpu, GuestLinearMemory memory, Board board, CpuidEntries cpuid, RunControl control) {}

    private final Surroundings around;
    private final MnemonicCounts counts = new MnemonicCounts();
    private @Nullable CompleterCore core;
    private @Nullable Trace trace;

    Completer(Surroundings around) {
        this.around = around;
    }

    /** Before the first instruction: whom to tell of each. */
    void observe(@Nullable Trace told) {
        trace = told;
    }

    /**
     * Executes the instruction at RIP; on the vCPU's thread.
     *
     * @param synced which register groups the last exit left in the run area
     */
    Result complete(int synced) throws ErrnoException {
        CompleterCore ready = core;
        if (ready == null) {
            ready = new CompleterCore(around, counts);
            ready.observe(trace);
            core = ready;
        }
        return ready.complete(synced);
    }

    /** Why the last instruction was not completed. */
    String reason() {
        CompleterCore ready = core;
        return ready == null ? "" : ready.reason();
    }

    /** Completed instructions by mnemonic. */
    MnemonicCounts counts() {
        return counts;
    }

    /** How many raised an exception in the guest; asked when the vCPU's thread has ended. */
    long exceptions() {
        CompleterCore ready = core;
        return ready == null ? 0 : ready.exceptions();
    }

    /** How often user code got #UD because nobody knew its instruction; asked when the vCPU's thread has ended. */
    long userRefusals() {
        CompleterCore ready = core;
        return ready == null ? 0 : ready.userRefusals();
    }
}
