package dev.cloister.policy.socket;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Where bytes are passed on to. */
@FunctionalInterface
interface Taker {
    /**
     * Takes what it has room for.
     *
     * @param from where the bytes are, native
     * @param offset the first
     * @param length how many there are, at least 1
     * @return how many were taken
     * @throws IOException if nothing is taken any more
     */
    int take(MemorySegment from, long offset, int length) throws IOException;
}
