package dev.cloister.policy.model;

/**
 * When a domain starts and what follows its end.
 *
 * @param autostart whether it starts with the policy
 * @param when the windows in which it may start and run
 * @param onUnexpectedExit what an unexpected end of it means for the others
 * @param restart whether it is started again
 */
public record Lifecycle(boolean autostart, When when, UnexpectedExit onUnexpectedExit, Restart restart) {
    /** Starts with the policy, is never restarted, and ends alone. */
    public static final Lifecycle DEFAULT = new Lifecycle(true, When.ALWAYS, UnexpectedExit.STOP, Restart.NEVER);
}
