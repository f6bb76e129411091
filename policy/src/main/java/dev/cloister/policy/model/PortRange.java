package dev.cloister.policy.model;

/**
 * Ports of AF_VSOCK that follow each other.
 *
 * @param first the lowest, 0 to {@link #MAX}
 * @param last the highest, not below the lowest
 */
public record PortRange(long first, long last) {
    /** The highest port: the one above it stands for any. */
    public static final long MAX = 0xffff_fffeL;

    /** Requires an order and the bounds. */
    public PortRange {
        if (first < 0 || last < first || last > MAX) {
            throw new IllegalArgumentException(
                    "ports " + first + " to " + last + "; expected 0 to " + MAX + " in order");
        }
    }

    /**
     * Tells whether a port is one of these.
     *
     * @param port a port, 0 to 4294967295
     */
    public boolean contains(long port) {
        return port >= first && port <= last;
    }

    /** Tells whether both have a port. */
    public boolean overlaps(PortRange other) {
        return first <= other.last && other.first <= last;
    }

    /** Returns it as a policy writes it: a number, or the lowest and the highest with a hyphen between. */
    @Override
    public String toString() {
        return first == last ? Long.toString(first) : first + "-" + last;
    }
}
