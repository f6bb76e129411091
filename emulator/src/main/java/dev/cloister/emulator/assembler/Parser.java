package dev.cloister.emulator.assembler;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Turns preprocessed lines into statements. */
final class Parser {
    private static final Map<String, Integer> PREFIXES =
            Map.of("lock", 0xF0, "rep", 0xF3, "repe", 0xF3, "repz", 0xF3, "repne", 0xF2, "repnz", 0xF2);

    /** A statement and where it stands. */
    record Placed(SourceLine line, Statement statement) {}

    private final Diagnostics diagnostics;
    private final Symbols symbols;
    private final List<Placed> statements = new ArrayList<>();
    private final Map<String, SourceLine> defined = new HashMap<>();
    private final Directives directives = new Directives();
    private String scope = "";

    Parser(Diagnostics diagnostics, Symbols symbols) {
        this.diagnostics = diagnostics;
        this.symbols = symbols;
    }

    List<Placed> parse(List<SourceLine> lines) {
        for (SourceLine line : lines) {
            try {
                line(line);
            } catch (LineError e) {
                diagnostics.add(line, e);
            }
        }
        return statements;
    }

    /** The format that a directive asked for, or null. */
    OutputFormat format() {
        return directives.format();
    }

    private void line(SourceLine line) {
        Tokens tokens = new Tokens(Lexer.lex(line.text()));
        while (isLabel(tokens)) {
            label(line, tokens);
        }
        if (tokens.atEnd()) {
            return;
        }
        statements.add(new Placed(line, statement(tokens)));
    }

    private static boolean isLabel(Tokens tokens) {
        if (!tokens.peek().isWord()) {
            return false;
        }
        Token second = tokens.peekSecond();
        return second.is(":")
                || second.isWord()
                        && (second.text().equalsIgnoreCase("equ") || Directives.isData(second.text()))
                        && !isKeyword(tokens.peek().text());
    }

    private static boolean isKeyword(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        return Directives.isDirective(lower) || PREFIXES.containsKey(lower) || InstructionTable.isMnemonic(lower);
    }

    private void label(SourceLine line, Tokens tokens) {
        Token name = tokens.next();
        boolean local = name.text().startsWith(".");
        if (Register.find(name.text()) != null) {
            throw new LineError(name.column(), "'" + name.text() + "' is a register and can't be a label");
        }
        String full = ExprParser.fullName(name.text(), scope);
        SourceLine before = defined.putIfAbsent(full, line);
        if (before != null) {
            throw new LineError(
                    name.column(), "'" + full + "' is already defined at " + before.file() + ":" + before.line());
        }
        tokens.take(":");
        if (tokens.takeWord("equ")) {
            Expr value = new ExprParser(tokens, scope).parse();
            tokens.expectEnd();
            symbols.declareConstant(full, value);
            statements.add(new Placed(line, new Statement.Constant(full, value)));
            return;
        }
        if (!local) {
            scope = name.text();
        }
        statements.add(new Placed(line, new Statement.Label(full)));
    }

    private Statement statement(Tokens tokens) {
        Token word = tokens.expectWord("an instruction, a directive or a label");
        String name = word.text().toLowerCase(Locale.ROOT);
        if (name.equals("times")) {
            Expr count = new ExprParser(tokens, scope).parse();
            return new Statement.Times(count, statement(tokens), word.column());
        }
        if (Directives.isDirective(name)) {
            return directives.parse(name, word, tokens, scope);
        }
        return instruction(word, name, tokens);
    }

    private Statement instruction(Token first, String firstName, Tokens tokens) {
        List<Integer> prefixes = new ArrayList<>();
        Token word = first;
        String name = firstName;
        while (PREFIXES.containsKey(name)) {
            prefixes.add(PREFIXES.get(name));
            word = tokens.expectWord("the instruction that the prefix belongs to");
            name = word.text().toLowerCase(Locale.ROOT);
        }
        if (!InstructionTable.isMnemonic(name)) {
            throw new LineError(word.column(), unknown(word.text(), name));
        }
        List<Operand> operands = new ArrayList<>();
        if (!tokens.atEnd()) {
            do {
                operands.add(new OperandParser(tokens, scope, directives.relative()).parse());
            } while (tokens.take(","));
        }
        tokens.expectEnd();
        return new InstructionStatement(name, prefixes, operands, word.column());
    }

    private static String unknown(String shown, String name) {
        Set<String> known = InstructionTable.mnemonics();
        return known.stream()
                .filter(candidate -> Spelling.isNear(candidate, name))
                .sorted()
                .findFirst()
                .map(candidate -> "unknown instruction '" + shown + "'; did you mean '" + candidate + "'?")
                .orElse("unknown instruction, directive or macro '" + shown + "'; a label needs a ':'");
    }
}
