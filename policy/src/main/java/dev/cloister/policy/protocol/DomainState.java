package dev.cloister.policy.protocol;

/** Life of a domain as its VMM and the daemon report it. The ordinal is the wire's number. */
public enum DomainState {
    /** Nobody has asked for its start, or its window is closed. */
    IDLE,
    /** The daemon refused to start it, or could not. */
    REFUSED,
    /** Its process exists, but its guest has not run yet. */
    STARTING,
    /** Configured and attached, waiting for the start. */
    READY,
    /** Its vCPUs run. */
    RUNNING,
    /** Its vCPUs are stopped and can go on. */
    PAUSED,
    /** Its guest ended, or its VMM died. */
    EXITED;

    /**
     * Returns the name as tables and JSON write it.
     *
     * @return the lower-case name
     */
    public String text() {
        return switch (this) {
            case IDLE -> "idle";
            case REFUSED -> "refused";
            case STARTING -> "starting";
            case READY -> "ready";
            case RUNNING -> "running";
            case PAUSED -> "paused";
            case EXITED -> "exited";
        };
    }
}
