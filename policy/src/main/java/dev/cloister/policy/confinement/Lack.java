package dev.cloister.policy.confinement;

/**
 * Something that this host can't do for VMM processes.
 *
 * @param what in words that follow "no"
 * @param why what was seen
 * @param advice what to do about it
 * @param asked where the policy asks for it, "file:line:column (what)"; empty where it doesn't
 */
public record Lack(String what, String why, String advice, String asked) {
    /** Returns it in one sentence. */
    public String message() {
        return (asked.isEmpty() ? "" : asked + ": ") + "no " + what + ": " + why + "; " + advice;
    }

    /** Returns whether the policy asks for it. */
    public boolean required() {
        return !asked.isEmpty();
    }

    Lack askedBy(String where) {
        return new Lack(what, why, advice, where);
    }
}
