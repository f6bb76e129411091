package dev.cloister.vmm.engine;

import dev.cloister.vmm.report.Report;
import java.util.List;

/** The body of one vCPU's thread, and what its machine asks of it. Counts of a running vCPU may be a little old. */
public interface VcpuBody extends Runnable {
    /** What the loop tells its machine. */
    interface Owner {
        /** The guest's first instruction is about to run. */
        void firstEntry(long nanoTime);

        /**
         * Guest memory could not be reached: severs the channels whose memory was taken away.
         *
         * @return whether there were any, so that the guest can go on
         */
        boolean severVanished();

        /** The last vCPU thread has ended. */
        void allEnded();
    }

    /** Exits from guest code so far, by ordinal of {@link ExitKind}. */
    long[] exitCounts();

    /** Instructions that the emulator executed. */
    long emulated();

    /** Of them by mnemonic, where the engine counts so; else none. */
    List<Report.Count> emulatedByMnemonic();

    /** How many instructions that the emulator completed for KVM raised an exception; asked when the thread has ended. */
    long exceptions();

    /** How often user code got #UD because nobody knew its instruction; asked when the thread has ended. */
    long userRefusals();
}
