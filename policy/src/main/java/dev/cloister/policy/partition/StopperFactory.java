package dev.cloister.policy.partition;

import dev.cloister.linux.HostUser;
import java.io.IOException;

/** Makes stoppers by one of the host's mechanisms; {@link HostMechanisms} finds the best. */
public interface StopperFactory {
    /** Returns the mechanism in words, such as {@code cgroup v2 freezer}. */
    String mechanism();

    /** Returns whether a process can't undo it by any means of its own. */
    boolean enforced();

    /**
     * Makes one for a process and all that it starts from now on.
     *
     * @param name of the domain
     * @param pid the process
     * @throws IOException if it is gone, or the host refuses
     */
    Stopper of(String name, long pid) throws IOException;

    /**
     * Prepares for this process to become a user's, before the first is made.
     *
     * @param user the user
     * @throws IOException if the kernel refuses
     */
    default void handOver(HostUser user) throws IOException {
        // Nothing to give.
    }

    /** Ends what a daemon that is gone left stopped; call once those that are taken over have a new stopper. */
    void sweep();
}
