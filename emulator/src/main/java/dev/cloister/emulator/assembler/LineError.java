package dev.cloister.emulator.assembler;

/** Abandons the statement at hand; caught where statements are walked, so that one run reports several errors. */
final class LineError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int column;

    LineError(int column, String message) {
        super(message, null, false, false);
        this.column = column;
    }

    int column() {
        return column;
    }
}
