package dev.cloister.policy.protocol;

/** Direction of a channel as its domain sees it, with the number that the directory and request pages use. */
public enum Direction {
    /** The domain reads or is signalled. */
    IN(1),
    /** The domain writes or signals. */
    OUT(2);

    private final int code;

    Direction(int code) {
        this.code = code;
    }

    /**
     * Returns the number of this direction.
     *
     * @return 1 or 2
     */
    public int code() {
        return code;
    }

    /**
     * Tells whether a number names a direction.
     *
     * @param code any number, also from a guest
     * @return true for 1 and 2
     */
    public static boolean isCode(int code) {
        return code == 1 || code == 2;
    }

    /**
     * Finds a direction by its number.
     *
     * @param code 1 or 2; check with {@link #isCode} first where it comes from outside
     * @return the direction
     */
    public static Direction ofCode(int code) {
        if (!isCode(code)) {
            throw new IllegalArgumentException("direction " + code + ": expected 1 (in) or 2 (out)");
        }
        return code == 1 ? IN : OUT;
    }
}
