package dev.cloister.emulator.assembler;

import java.util.ArrayList;
import java.util.List;

/** Collects errors of one run, bounded so that a wrong file gives a page of errors and not a book. */
final class Diagnostics {
    private static final int LIMIT = 50;

    private final List<AssemblyError> errors = new ArrayList<>();

    void add(SourceLine line, LineError error) {
        add(line, error.column(), error.getMessage());
    }

    void add(SourceLine line, int column, String message) {
        if (errors.size() >= LIMIT) {
            return;
        }
        String where = line.via().isEmpty() ? message : message + " (in a macro used at " + line.via() + ")";
        AssemblyError error = new AssemblyError(line.file(), line.line(), column, line.text(), where);
        if (!errors.contains(error)) {
            errors.add(error);
        }
    }

    boolean any() {
        return !errors.isEmpty();
    }

    void clear() {
        errors.clear();
    }

    void throwIfAny() throws AssemblyException {
        if (any()) {
            throw new AssemblyException(errors);
        }
    }
}
