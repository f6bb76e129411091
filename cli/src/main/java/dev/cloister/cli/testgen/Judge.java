package dev.cloister.cli.testgen;

import java.util.ArrayList;
import java.util.List;

/** Holds what the probes saw against what was expected. What was not seen at all is never as expected. */
public final class Judge {
    private Judge() {}

    /**
     * The judgement on one check.
     *
     * @param check the check
     * @param passed whether what was seen is what was expected
     * @param seen what was seen, in words
     */
    public record Finding(Check check, boolean passed, String seen) {}

    /**
     * Judges the checks of one batch.
     *
     * @param suite the suite
     * @param batch the batch, from 0
     * @param output what {@code cloister up} printed
     */
    public static List<Finding> judge(Suite suite, int batch, String output) {
        Observations seen = Observations.of(output);
        List<Finding> findings = new ArrayList<>();
        for (Check check : suite.checks()) {
            if (check.batch() == batch) {
                findings.add(
                        switch (check.deed()) {
                            case START -> start(check, seen);
                            case USE -> use(check, seen);
                            case ASK -> ask(check, seen);
                        });
            }
        }
        return findings;
    }

    private static Finding start(Check check, Observations seen) {
        boolean ran = seen.began(check.actor());
        boolean whole = !ran || seen.came(check.actor());
        String words = ran ? (whole ? "ran to its end" : "ran, and did not come to its end") : "did not run";
        return new Finding(check, ran == check.granted() && whole, words);
    }

    private static Finding use(Check check, Observations seen) {
        boolean hostReceives = check.to().startsWith("@");
        String sent = check.from().startsWith("@") ? "sent" : seen.flow(check.from(), check.flow(), true);
        // A line of the console that is read here has been received by the console.
        String received = hostReceives ? received(sent) : seen.flow(check.to(), check.flow(), false);
        String words = "sender: " + sent + (hostReceives ? "" : ", receiver: " + received);
        return new Finding(check, check.granted() ? moved(sent, received) : still(sent, received), words);
    }

    private static String received(String sent) {
        return "sent".equals(sent) ? "received" : sent;
    }

    private static boolean moved(String sent, String received) {
        return "sent".equals(sent) && "received".equals(received);
    }

    private static boolean still(String sent, String received) {
        return !"sent".equals(sent) && !"received".equals(received) && !"wrong".equals(received);
    }

    private static Finding ask(Check check, Observations seen) {
        Observations.Answer answer = seen.answer(check.number());
        boolean heard = answer.domain().equals(check.actor());
        boolean words = check.says().isEmpty() || check.says().equals(answer.reason());
        String said = heard ? (answer.granted() ? "granted" : "refused") + ": " + answer.reason() : "no answer";
        return new Finding(check, heard && answer.granted() == check.granted() && words, said);
    }
}
