package dev.cloister.policy.model;

/**
 * Whether a domain that has ended is started again, with a fresh process and newly measured images.
 *
 * @param rule after which ends
 * @param attempts most restarts within {@code withinNanos}; 1 to 1000
 * @param withinNanos the span, in nanoseconds, over which attempts are counted
 * @param delayNanos pause before a restart, in nanoseconds
 */
public record Restart(Rule rule, int attempts, long withinNanos, long delayNanos) {
    /** Never. */
    public static final Restart NEVER = new Restart(Rule.NEVER, 1, 1, 0);

    /** After which ends. */
    public enum Rule {
        /** Never. */
        NEVER("never"),
        /** After an unexpected end. */
        ON_FAILURE("onFailure"),
        /** After every end that nobody asked for, the guest's own power-off included. */
        ALWAYS("always");

        private final String jsonName;

        Rule(String jsonName) {
            this.jsonName = jsonName;
        }

        /** Returns the name used in JSON. */
        public String jsonName() {
            return jsonName;
        }
    }
}
