package dev.cloister.vmm.host;

/**
 * One thing that was looked at.
 *
 * @param name what, in a few words
 * @param verdict whether it will do
 * @param found what was seen
 * @param advice what to do about it; empty when nothing is to be done
 */
public record HostCheck(String name, Verdict verdict, String found, String advice) {
    /** Whether a host feature will do. */
    public enum Verdict {
        /** It will do. */
        OK,
        /** It works, with a limit that the advice names. */
        LIMITED,
        /** Guests cannot run without it. */
        MISSING
    }

    static HostCheck ok(String name, String found) {
        return new HostCheck(name, Verdict.OK, found, "");
    }

    static HostCheck limited(String name, String found, String advice) {
        return new HostCheck(name, Verdict.LIMITED, found, advice);
    }

    static HostCheck missing(String name, String found, String advice) {
        return new HostCheck(name, Verdict.MISSING, found, advice);
    }
}
