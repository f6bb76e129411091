package dev.cloister.policy.partition;

import java.io.IOException;
import java.util.BitSet;

/**
 * Stops and resumes all processes of one domain from outside, whatever they do. Used by one thread at a time.
 */
public interface Stopper extends AutoCloseable {
    /** Begins to stop them; see {@link #stopped}. */
    void stop() throws IOException;

    /** Returns whether none of them can run an instruction of its own any more. */
    boolean stopped() throws IOException;

    /** Lets them run again. */
    void resume() throws IOException;

    /**
     * Says where they run; while they are stopped, so that none of their threads is missed.
     *
     * @param cpus numbers of the host's CPUs, at least one
     */
    void place(BitSet cpus) throws IOException;

    /** Lets processes that have been killed die: some mechanisms keep them otherwise. */
    void letDie() throws IOException;

    /** Lets them run and gives the mechanism back; returns false where that must be tried again, because they are not gone yet. */
    boolean release();

    /** The same as {@link #release}. */
    @Override
    default void close() {
        release();
    }
}
