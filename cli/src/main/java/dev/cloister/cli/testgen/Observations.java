package dev.cloister.cli.testgen;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the probes of one batch said, from the lines that {@code cloister up} prints: {@code domain | text}. */
final class Observations {
    private static final Pattern LINE = Pattern.compile("([A-Za-z][A-Za-z0-9_.-]*) *\\| probe (.*)");
    private static final Pattern FLOW = Pattern.compile("flow (\\S+) (in|out) ([a-z]+)");
    private static final Pattern ASK = Pattern.compile("ask ([0-9]{1,9}) (granted|refused) ?(.*)");
    /** A terminal's live table is drawn over; what draws it is no part of a line. */
    private static final Pattern ESCAPE = Pattern.compile("\u001b\\[[0-9;]*[A-Za-z]");

    private final Set<String> begun = new HashSet<>();
    private final Set<String> ended = new HashSet<>();
    private final Map<String, String> flows = new HashMap<>();
    private final Map<Integer, Answer> answers = new HashMap<>();

    /** What a probe was told. */
    record Answer(String domain, boolean granted, String reason) {}

    private Observations() {}

    /** Reads the output of a run; lines of other forms say nothing. */
    static Observations of(String output) {
        Observations seen = new Observations();
        ESCAPE.matcher(output).replaceAll("").lines().forEach(seen::line);
        return seen;
    }

    private void line(String line) {
        Matcher probe = LINE.matcher(line);
        if (!probe.matches()) {
            return;
        }
        String domain = probe.group(1);
        String text = probe.group(2);
        Matcher flow = FLOW.matcher(text);
        Matcher ask = ASK.matcher(text);
        if ("begin".equals(text)) {
            begun.add(domain);
        } else if ("end".equals(text)) {
            ended.add(domain);
        } else if (flow.matches()) {
            flows.put(key(domain, flow.group(1), flow.group(2)), flow.group(3));
        } else if (ask.matches()) {
            answers.put(
                    Integer.valueOf(ask.group(1)),
                    new Answer(
                            domain, "granted".equals(ask.group(2)), ask.group(3).strip()));
        }
    }

    /** Tells whether a domain's probe ran. */
    boolean began(String domain) {
        return begun.contains(domain);
    }

    /** Tells whether a domain's probe came to its end. */
    boolean came(String domain) {
        return ended.contains(domain);
    }

    /** Returns what a domain's probe said of its end of a flow: sent, received, wrong, silent, severed, or nothing. */
    String flow(String domain, String flow, boolean out) {
        return flows.getOrDefault(key(domain, flow, out ? "out" : "in"), "nothing");
    }

    /** Returns the answer to a question, or an answer of nobody. */
    Answer answer(int number) {
        return answers.getOrDefault(number, new Answer("", false, "no answer"));
    }

    private static String key(String domain, String flow, String way) {
        return domain + " " + flow + " " + way;
    }
}
