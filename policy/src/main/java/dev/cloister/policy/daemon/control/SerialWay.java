package dev.cloister.policy.daemon.control;

import dev.cloister.linux.Fd;

/** A way to a domain's serial line, as long as the policy leaves it open. */
public interface SerialWay {
    /** Whether it is open now; any thread. */
    boolean passes();

    /** The end to write to; non-blocking. */
    Fd end();
}
