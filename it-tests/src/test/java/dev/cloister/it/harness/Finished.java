package dev.cloister.it.harness;

import java.util.List;

/**
 * A command that has ended.
 *
 * @param command what was started
 * @param code its exit code
 * @param out its stdout
 * @param err its stderr
 */
public record Finished(List<String> command, int code, String out, String err) {
    /** Fails the test with everything the command said, unless it ended with the code. */
    public Finished expect(int expected) {
        if (code != expected) {
            throw new AssertionError("exit code " + code + ", expected " + expected + "\n" + this);
        }
        return this;
    }

    /** Returns stdout as JSON; see {@link Json}. */
    public Json json() {
        return Json.parse(out);
    }

    @Override
    public String toString() {
        return String.join(" ", command) + "\nended with " + code + "\n--- stdout\n" + out + "\n--- stderr\n" + err;
    }
}
