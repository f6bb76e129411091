package dev.cloister.emulator.assembler;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Includes and macros: text in, text out. */
final class Preprocessor {
    private static final int MAX_DEPTH = 16;
    private static final int MAX_LINES = 1_000_000;
    private static final Pattern INCLUDE = Pattern.compile("\\s*%include\\s+[\"']([^\"']+)[\"']\\s*(;.*)?");
    private static final Pattern MACRO = Pattern.compile("\\s*%macro\\s+([\\w.]+)\\s+(\\d)\\s*(;.*)?");
    private static final Pattern END = Pattern.compile("\\s*%(endm|endmacro)\\s*(;.*)?");
    private static final Pattern CALL = Pattern.compile("\\s*(?:([\\w.@]+):\\s*)?([A-Za-z_][\\w.]*)(\\s.*)?");
    private static final Pattern PARAMETER = Pattern.compile("%%([A-Za-z_]\\w*)|%(\\d)");

    /** A macro: its parameter count, where it is, and its lines. */
    private record Macro(int parameters, SourceLine at, List<SourceLine> body) {}

    private final Diagnostics diagnostics;
    private final List<SourceLine> out = new ArrayList<>();
    private final Map<String, Macro> macros = new HashMap<>();
    private Macro open;
    private int expansions;

    Preprocessor(Diagnostics diagnostics) {
        this.diagnostics = diagnostics;
    }

    /** Reads a source text; {@code directory} is what its includes are relative to, or null where it may have none. */
    List<SourceLine> run(String name, String text, Path directory) throws IOException {
        source(name, text, directory, 0);
        if (open != null) {
            diagnostics.add(open.at(), 1, "this %macro has no %endm");
        }
        return out;
    }

    private void source(String name, String text, Path directory, int depth) throws IOException {
        int number = 0;
        for (String content : text.split("\n", -1)) {
            number++;
            SourceLine line = new SourceLine(name, number, content.stripTrailing(), "");
            try {
                line(line, directory, depth);
            } catch (LineError e) {
                diagnostics.add(line, e);
            }
        }
    }

    private void line(SourceLine line, Path directory, int depth) throws IOException {
        if (open != null) {
            insideMacro(line);
            return;
        }
        Matcher include = INCLUDE.matcher(line.text());
        if (include.matches()) {
            include(include.group(1), line, directory, depth);
            return;
        }
        Matcher macro = MACRO.matcher(line.text());
        if (macro.matches()) {
            openMacro(macro, line);
            return;
        }
        if (line.text().stripLeading().startsWith("%")) {
            throw new LineError(
                    line.text().indexOf('%') + 1,
                    "expected %include \"file\", %macro name count, or %endm after a %macro");
        }
        expand(line, 0);
    }

    private void insideMacro(SourceLine line) {
        if (END.matcher(line.text()).matches()) {
            open = null;
        } else if (MACRO.matcher(line.text()).matches()) {
            throw new LineError(1, "a macro can't be defined within a macro");
        } else {
            open.body().add(line);
        }
    }

    private void openMacro(Matcher macro, SourceLine line) {
        open = new Macro(Integer.parseInt(macro.group(2)), line, new ArrayList<>());
        Macro before = macros.putIfAbsent(macro.group(1), open);
        if (before != null) {
            throw new LineError(
                    macro.start(1) + 1,
                    "macro '" + macro.group(1) + "' is already defined at "
                            + before.at().file() + ":" + before.at().line());
        }
    }

    private void include(String file, SourceLine line, Path directory, int depth) throws IOException {
        int column = line.text().indexOf('%') + 1;
        if (directory == null) {
            throw new LineError(column, "a source without a file can't include \"" + file + "\"");
        }
        if (depth >= MAX_DEPTH) {
            throw new LineError(column, "includes nest deeper than " + MAX_DEPTH + "; does a file include itself?");
        }
        Path path = directory.resolve(file);
        if (!Files.isRegularFile(path)) {
            throw new LineError(column, "can't find \"" + file + "\", looked for beside " + line.file());
        }
        Path parent = Path.of(line.file()).getParent();
        String shown = parent == null ? file : parent.resolve(file).normalize().toString();
        source(
                shown,
                Files.readString(path, StandardCharsets.UTF_8),
                path.toAbsolutePath().getParent(),
                depth + 1);
    }

    private void expand(SourceLine line, int depth) {
        if (out.size() > MAX_LINES) {
            throw new LineError(1, "more than " + MAX_LINES + " lines after expansion");
        }
        Matcher call = CALL.matcher(line.text());
        Macro macro = call.matches() ? macros.get(call.group(2)) : null;
        if (macro == null) {
            out.add(line);
            return;
        }
        if (depth >= MAX_DEPTH) {
            throw new LineError(1, "macros nest deeper than " + MAX_DEPTH);
        }
        if (call.group(1) != null) {
            out.add(new SourceLine(line.file(), line.line(), call.group(1) + ":", line.via()));
        }
        body(line, call, macro, depth);
    }

    private void body(SourceLine line, Matcher call, Macro macro, int depth) {
        List<String> arguments = arguments(call.group(3));
        if (arguments.size() != macro.parameters()) {
            throw new LineError(
                    call.start(2) + 1,
                    "macro '" + call.group(2) + "' takes " + macro.parameters() + " parameters, here are "
                            + arguments.size());
        }
        int unique = ++expansions;
        String via = line.via().isEmpty() ? line.file() + ":" + line.line() : line.via();
        for (SourceLine inner : macro.body()) {
            expand(
                    new SourceLine(inner.file(), inner.line(), substitute(inner.text(), arguments, unique), via),
                    depth + 1);
        }
    }

    private static String substitute(String text, List<String> arguments, int unique) {
        return PARAMETER.matcher(text).replaceAll(found -> {
            if (found.group(1) != null) {
                return "..@" + unique + "." + found.group(1);
            }
            int number = Integer.parseInt(found.group(2));
            boolean known = number >= 1 && number <= arguments.size();
            return Matcher.quoteReplacement(known ? arguments.get(number - 1) : found.group());
        });
    }

    /** Splits at commas outside of quotes and brackets, up to a comment. */
    private static List<String> arguments(String text) {
        List<String> list = new ArrayList<>();
        StringBuilder current = new StringBuilder();
        char quote = 0;
        for (char c : (text == null ? "" : text).toCharArray()) {
            if (quote == 0 && c == ';') {
                break;
            }
            quote = quoteAfter(quote, c);
            if (quote == 0 && c == ',') {
                list.add(current.toString().strip());
                current.setLength(0);
            } else {
                current.append(c);
            }
        }
        if (!list.isEmpty() || !current.toString().isBlank()) {
            list.add(current.toString().strip());
        }
        return list;
    }

    private static char quoteAfter(char quote, char c) {
        if (quote != 0) {
            return c == quote ? 0 : quote;
        }
        return c == '"' || c == '\'' || c == '`' ? c : 0;
    }
}
