package dev.cloister.emulator.assembler;

/**
 * One lexical unit.
 *
 * @param type its kind
 * @param text identifier, punctuation, or the content of a string
 * @param value the value of a number
 * @param column column from 1
 */
record Token(Type type, String text, long value, int column) {
    enum Type {
        WORD,
        NUMBER,
        STRING,
        PUNCTUATION,
        END
    }

    boolean is(String punctuation) {
        return type == Type.PUNCTUATION && text.equals(punctuation);
    }

    boolean isWord() {
        return type == Type.WORD;
    }

    /** How messages name it. */
    String shown() {
        return switch (type) {
            case END -> "the end of the line";
            case STRING -> "the string \"" + text + "\"";
            default -> "'" + text + "'";
        };
    }
}
