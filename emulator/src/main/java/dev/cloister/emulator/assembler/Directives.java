package dev.cloister.emulator.assembler;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Everything that starts with a word that is neither an instruction nor a label. */
final class Directives {
    @FunctionalInterface
    private interface Rule {
        Statement parse(Directives directives, Token word, Tokens tokens, String scope);
    }

    private static final Map<String, Integer> UNITS = Map.of("b", 1, "w", 2, "d", 4, "q", 8);
    private static final Map<String, Rule> RULES = rules();

    private OutputFormat format;
    private boolean relative;

    static boolean isDirective(String name) {
        return RULES.containsKey(name.toLowerCase(Locale.ROOT));
    }

    /** True for db, resb, times and their kin, before which a label needs no colon. */
    static boolean isData(String name) {
        return name.toLowerCase(Locale.ROOT).matches("d[bwdq]|res[bwdq]|times");
    }

    OutputFormat format() {
        return format;
    }

    boolean relative() {
        return relative;
    }

    Statement parse(String name, Token word, Tokens tokens, String scope) {
        Statement statement = RULES.get(name).parse(this, word, tokens, scope);
        tokens.expectEnd();
        return statement;
    }

    private static Map<String, Rule> rules() {
        Map<String, Rule> rules = new HashMap<>();
        UNITS.forEach((letter, size) -> {
            rules.put("d" + letter, (_, _, tokens, scope) -> data(size, tokens, scope));
            rules.put(
                    "res" + letter,
                    (_, word, tokens, scope) -> new Statement.Reserve(size, expr(tokens, scope), word.column()));
        });
        rules.put("align", (_, word, tokens, scope) -> align(word, tokens, scope));
        rules.put("bits", (_, _, tokens, _) -> bits(tokens));
        rules.put("section", (_, _, tokens, _) -> section(tokens));
        rules.put("org", (_, word, tokens, scope) -> new Statement.Origin(expr(tokens, scope), word.column()));
        rules.put("entry", (_, _, tokens, scope) -> new Statement.Entry(expr(tokens, scope)));
        rules.put("pvhnote", (_, word, tokens, scope) -> new Statement.PvhNote(expr(tokens, scope), word.column()));
        rules.put("format", (directives, _, tokens, _) -> directives.chooseFormat(tokens));
        rules.put("default", (directives, _, tokens, _) -> directives.chooseAddressing(tokens));
        return Map.copyOf(rules);
    }

    private static Expr expr(Tokens tokens, String scope) {
        return new ExprParser(tokens, scope).parse();
    }

    private static Statement data(int size, Tokens tokens, String scope) {
        List<Statement.Data.Item> items = new ArrayList<>();
        do {
            items.add(item(size, tokens, scope));
        } while (tokens.take(","));
        return new Statement.Data(size, items);
    }

    private static Statement.Data.Item item(int size, Tokens tokens, String scope) {
        Token token = tokens.peek();
        Token second = tokens.peekSecond();
        if (token.type() == Token.Type.STRING && (second.is(",") || second.type() == Token.Type.END)) {
            tokens.next();
            byte[] bytes = token.text().getBytes(StandardCharsets.UTF_8);
            int padded = (bytes.length + size - 1) / size * size;
            return new Statement.Data.Item(null, Arrays.copyOf(bytes, padded), token.column());
        }
        return new Statement.Data.Item(expr(tokens, scope), new byte[0], token.column());
    }

    private static Statement align(Token word, Tokens tokens, String scope) {
        Expr to = expr(tokens, scope);
        Expr fill = tokens.take(",") ? expr(tokens, scope) : null;
        return new Statement.Align(to, fill, word.column());
    }

    private static Statement bits(Tokens tokens) {
        Token token = tokens.next();
        if (token.value() != 16 && token.value() != 32 && token.value() != 64) {
            throw new LineError(token.column(), "expected 16, 32 or 64, found " + token.shown());
        }
        return new Statement.Bits((int) token.value());
    }

    private static Statement section(Tokens tokens) {
        Token token = tokens.expectWord("a section name");
        for (Section.Name name : Section.Name.values()) {
            if (token.text().equals("." + name.name().toLowerCase(Locale.ROOT))) {
                return new Statement.InSection(name);
            }
        }
        throw new LineError(token.column(), "expected .text, .data or .bss, found " + token.shown());
    }

    private Statement chooseFormat(Tokens tokens) {
        Token token = tokens.expectWord("flat, elf32 or elf64");
        format = OutputFormat.byName(token.text())
                .orElseThrow(
                        () -> new LineError(token.column(), "expected flat, elf32 or elf64, found " + token.shown()));
        return _ -> {};
    }

    private Statement chooseAddressing(Tokens tokens) {
        Token token = tokens.expectWord("rel or abs");
        if (!token.text().equals("rel") && !token.text().equals("abs")) {
            throw new LineError(token.column(), "expected rel or abs, found " + token.shown());
        }
        relative = token.text().equals("rel");
        return _ -> {};
    }
}
