package dev.cloister.emulator.model;

import java.util.function.LongSupplier;

/** What the time-stamp counter counts, before the guest's own offset. Called on the processor's thread. */
@FunctionalInterface
public interface TimestampSource {
    /**
     * The count now.
     *
     * @return ticks, never fewer than at the call before
     */
    long ticks();

    /**
     * Ticks by the host's clock.
     *
     * @param hertz ticks in a second, 1 million to 9 thousand million
     * @return a source that begins near zero
     */
    static TimestampSource host(long hertz) {
        long start = System.nanoTime();
        long seconds = 1_000_000_000L;
        return () -> {
            long passed = System.nanoTime() - start;
            return passed / seconds * hertz + passed % seconds * hertz / seconds;
        };
    }

    /**
     * Ticks by executed instructions: a run that always goes the same way.
     *
     * @param completed how many instructions were executed
     * @param each ticks for one instruction, at least 1
     * @return a source
     */
    static TimestampSource instructions(LongSupplier completed, int each) {
        return () -> completed.getAsLong() * each;
    }
}
