package dev.cloister.policy.protocol;

/** Outcome of a guest's request, with the number that the request page shows to the guest. */
public enum AnswerStatus {
    /** The channel is in the directory at the index given. */
    GRANTED(2),
    /** The policy says no; the reason follows. */
    REFUSED(3),
    /** Asked too often; ask again later. */
    BUSY(4),
    /** The request makes no sense. */
    MALFORMED(5);

    private static final AnswerStatus[] VALUES = values();

    private final int code;

    AnswerStatus(int code) {
        this.code = code;
    }

    /**
     * Returns the number on the request page.
     *
     * @return 2 to 5
     */
    public int code() {
        return code;
    }

    static AnswerStatus ofCode(int code) {
        return VALUES[code - 2];
    }
}
