package dev.cloister.it.isolation;

/**
 * One thing that a guest tries, as its image names it.
 *
 * @param name the name that the guest prints
 * @param what what is tried, for the page
 * @param outcome what must come of it, for the page
 * @param shown the answer that the guest prints, as a regular expression: a number in hexadecimal, or # and the exception
 * @param audited what the audit log must say, as a regular expression; empty where nothing is recorded by itself
 */
record Attempt(String name, String what, String outcome, String shown, String audited) {
    private static final String IN_PLACE = "5ea15ea1[0-9a-f]{8}";

    /** Reads give all ones, writes vanish: nobody is there. */
    static Attempt nobody(String name, String what) {
        return new Attempt(name, what, "nobody there: all ones", "ffffffffffffffff", "");
    }

    /** The processor tells the guest's own kernel. */
    static Attempt fault(String name, String what, String vectors) {
        return new Attempt(name, what, "exception in the guest (" + vectors.replace("|", " or ") + ")", vectors, "");
    }

    /** The peer's memory is as the peer wrote it, and there is a record. */
    static Attempt unchanged(String name, String what) {
        return unchanged(name, what, "window");
    }

    /** The same, by way of what reports call this. */
    static Attempt unchanged(String name, String what, String way) {
        return new Attempt(
                name,
                what,
                "unchanged, violation `read-only-write`",
                IN_PLACE + "|#6",
                "read-only-write: .*" + way + " of channel down.*");
    }

    /** The peer's memory is as the peer wrote it; where the processor refuses the instruction there is no record. */
    static Attempt unchangedOrRefused(String name, String what) {
        return new Attempt(name, what, "unchanged", IN_PLACE + "|#\\d+", "");
    }

    /** No answer, no effect. */
    static Attempt nothing(String name, String what) {
        return new Attempt(name, what, "no effect", "0", "");
    }

    /** A certain answer. */
    static Attempt answer(String name, String what, String outcome, String shown) {
        return new Attempt(name, what, outcome, shown, "");
    }

    /** No answer, and a record. */
    static Attempt violation(String name, String what, String shown, String audited) {
        return new Attempt(
                name, what, "violation `" + audited.substring(0, audited.indexOf(':')) + "`", shown, audited);
    }
}
