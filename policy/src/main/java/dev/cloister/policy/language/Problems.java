package dev.cloister.policy.language;

import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.Problem;
import dev.cloister.policy.model.SourcePosition;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Collects findings, at most {@link #LIMIT} of them: a hostile file must not fill memory with complaints. */
final class Problems {
    /** Findings kept. */
    static final int LIMIT = 200;

    private static final int SHOWN = 60;

    private final String file;
    private final List<Problem> list = new ArrayList<>();
    private boolean overflow;

    Problems(String file) {
        this.file = file;
    }

    String file() {
        return file;
    }

    SourcePosition at(Json json) {
        return new SourcePosition(file, json.line(), json.column());
    }

    /** Adds an error about a value. */
    void error(FindingId id, Json at, String message, String expected, String suggestion) {
        add(new Problem(
                id, Problem.Severity.ERROR, file, at.line(), at.column(), message, at.shown(), expected, suggestion));
    }

    /** Adds an error about a place. */
    void errorAt(FindingId id, int line, int column, String message, String expected, String suggestion) {
        add(new Problem(id, Problem.Severity.ERROR, file, line, column, message, "", expected, suggestion));
    }

    void add(Problem problem) {
        if (list.size() < LIMIT) {
            list.add(problem);
        } else {
            overflow = true;
        }
    }

    boolean hasErrors() {
        return list.stream().anyMatch(Problem::isError);
    }

    /** Returns the findings in file order. */
    List<Problem> sorted() {
        List<Problem> all = new ArrayList<>(list);
        all.sort(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column));
        if (overflow) {
            all.add(new Problem(
                    FindingId.UNREADABLE,
                    Problem.Severity.ERROR,
                    file,
                    0,
                    0,
                    "more than " + LIMIT + " findings; the others are left out",
                    "",
                    "",
                    "mend these first"));
        }
        return all;
    }

    void throwIfErrors() throws PolicyException {
        if (hasErrors()) {
            throw new PolicyException(sorted());
        }
    }

    static String shorten(String text) {
        String safe = text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text;
        StringBuilder out = new StringBuilder(safe.length());
        safe.codePoints().forEach(c -> out.appendCodePoint(Character.isISOControl(c) ? '\uFFFD' : c));
        return out.toString();
    }
}
