package dev.cloister.emulator.assembler;

import java.util.List;
import java.util.Locale;

/** A cursor over one line's tokens. */
final class Tokens {
    private final List<Token> list;
    private int at;

    Tokens(List<Token> list) {
        this.list = list;
    }

    Token peek() {
        return list.get(at);
    }

    Token peekSecond() {
        return list.get(Math.min(at + 1, list.size() - 1));
    }

    Token next() {
        Token token = list.get(at);
        if (token.type() != Token.Type.END) {
            at++;
        }
        return token;
    }

    boolean atEnd() {
        return peek().type() == Token.Type.END;
    }

    int column() {
        return peek().column();
    }

    /** Takes the punctuation if it is next. */
    boolean take(String punctuation) {
        if (peek().is(punctuation)) {
            at++;
            return true;
        }
        return false;
    }

    /** Takes the keyword, in any case, if it is next. */
    boolean takeWord(String word) {
        if (peek().isWord() && peek().text().toLowerCase(Locale.ROOT).equals(word)) {
            at++;
            return true;
        }
        return false;
    }

    void expect(String punctuation, String after) {
        if (!take(punctuation)) {
            throw new LineError(column(), "expected '" + punctuation + "' " + after + ", found " + peek().shown());
        }
    }

    Token expectWord(String what) {
        if (!peek().isWord()) {
            throw new LineError(column(), "expected " + what + ", found " + peek().shown());
        }
        return next();
    }

    void expectEnd() {
        if (!atEnd()) {
            throw new LineError(column(), "expected the end of the line, found " + peek().shown());
        }
    }
}
