package dev.cloister.policy.language;

import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.Problem;
import dev.cloister.policy.model.SourcePosition;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * Collects findings about one file and, with it, about those that it includes: at most {@link #LIMIT} in all, since a hostile
 * file must not fill memory with complaints.
 */
final class Problems {
    /** Findings kept. */
    static final int LIMIT = 200;

    private static final int SHOWN = 60;

    private final String file;
    private final Sink sink;

    /** What all files of one policy share. */
    private static final class Sink {
        private final List<String> files = new ArrayList<>();
        private final List<Problem> list = new ArrayList<>();
        private boolean errors;
        private boolean overflow;
    }

    Problems(String file) {
        this(file, new Sink());
    }

    private Problems(String file, Sink sink) {
        this.file = file;
        this.sink = sink;
        sink.files.add(file);
    }

    /** Returns what collects findings about another file, together with these. */
    Problems of(String otherFile) {
        return new Problems(otherFile, sink);
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

    /** Adds a note about a policy that is right: what only the loader sees, because it resolves names away. */
    void note(FindingId id, SourcePosition at, String message, String suggestion) {
        add(new Problem(id, Problem.Severity.NOTE, at.file(), at.line(), at.column(), message, "", "", suggestion));
    }

    /** Returns a suggestion for a misspelt name; nothing where it would be thrown away, since looking for it takes long. */
    String nearest(String name, Collection<String> candidates) {
        synchronized (sink) {
            if (sink.list.size() >= LIMIT) {
                return "";
            }
        }
        return Suggest.nearest(name, candidates);
    }

    /** Digesting a large policy may complain from a second thread. */
    private void add(Problem problem) {
        synchronized (sink) {
            sink.errors |= problem.isError();
            if (sink.list.size() < LIMIT) {
                sink.list.add(problem);
            } else {
                sink.overflow = true;
            }
        }
    }

    boolean hasErrors() {
        synchronized (sink) {
            return sink.errors;
        }
    }

    /** Returns the findings, file by file in the order of inclusion, each in its order. */
    List<Problem> sorted() {
        List<Problem> all = new ArrayList<>(sink.list);
        all.sort(Comparator.comparingInt((Problem problem) -> sink.files.indexOf(problem.file()))
                .thenComparingInt(Problem::line)
                .thenComparingInt(Problem::column));
        if (sink.overflow) {
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

    /** Returns the notes, for a policy without errors. */
    List<Problem> remarks() {
        return sorted().stream().filter(problem -> !problem.isError()).toList();
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
