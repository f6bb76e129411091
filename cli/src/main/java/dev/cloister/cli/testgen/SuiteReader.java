package dev.cloister.cli.testgen;

import java.io.IOException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Reads {@code expected.json}; the file may have been edited by hand, so what is missing or wrong is said. */
final class SuiteReader {
    private SuiteReader() {}

    static Suite read(byte[] json) throws IOException {
        Map<String, Object> root = Tree.object(json);
        List<Suite.Batch> batches = new ArrayList<>();
        for (Object each : Tree.list(root.get("batches"))) {
            Map<String, Object> batch = Tree.map(each);
            batches.add(new Suite.Batch(text(batch, "file"), texts(batch, "domains")));
        }
        List<Check> checks = new ArrayList<>();
        for (Object each : Tree.list(root.get("checks"))) {
            Check check = check(Tree.map(each));
            if (check.batch() < 0 || check.batch() >= batches.size()) {
                throw new IOException("check " + check.number() + " is of batch " + check.batch() + "; there are "
                        + batches.size() + ", counted from 0");
            }
            checks.add(check);
        }
        return new Suite(
                text(root, "policy"),
                text(root, "digest"),
                instant(text(root, "validUntil")),
                batches,
                checks,
                coverage(Tree.map(root.get("coverage"))));
    }

    private static Check check(Map<String, Object> check) throws IOException {
        String expected = text(check, "expected");
        if (!"granted".equals(expected) && !"refused".equals(expected)) {
            throw new IOException("expected: \"" + expected + "\", expected \"granted\" or \"refused\"");
        }
        return new Check(
                number(check, "check"),
                number(check, "batch"),
                deed(text(check, "deed")),
                text(check, "actor"),
                text(check, "from"),
                text(check, "to"),
                text(check, "kind"),
                text(check, "flow"),
                "granted".equals(expected),
                text(check, "gate"),
                text(check, "says"));
    }

    private static Check.Deed deed(String name) throws IOException {
        for (Check.Deed deed : Check.Deed.values()) {
            if (deed.jsonName().equals(name)) {
                return deed;
            }
        }
        throw new IOException("deed: \"" + name.toLowerCase(Locale.ROOT) + "\", expected start, use or ask");
    }

    private static Optional<Instant> instant(String text) throws IOException {
        try {
            return text.isEmpty() ? Optional.empty() : Optional.of(Instant.parse(text));
        } catch (DateTimeParseException e) {
            throw new IOException("validUntil: \"" + text + "\", expected a time such as 2026-01-01T00:00:00Z", e);
        }
    }

    private static Suite.Coverage coverage(Map<String, Object> coverage) throws IOException {
        return new Suite.Coverage(
                number(coverage, "pairs"),
                number(coverage, "pairsTested"),
                number(coverage, "flows"),
                number(coverage, "flowsTested"),
                texts(coverage, "untested"));
    }

    private static String text(Map<String, Object> object, String name) throws IOException {
        if (object.get(name) instanceof String text) {
            return text;
        }
        throw new IOException(name + ": expected a string, found " + object.get(name));
    }

    private static List<String> texts(Map<String, Object> object, String name) throws IOException {
        return Tree.list(object.get(name)).stream().map(String::valueOf).toList();
    }

    private static int number(Map<String, Object> object, String name) throws IOException {
        if (object.get(name) instanceof Tree.Number number && number.text().matches("[0-9]{1,9}")) {
            return Integer.parseInt(number.text());
        }
        throw new IOException(name + ": expected a number, found " + object.get(name));
    }
}
