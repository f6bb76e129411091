package dev.cloister.emulator.assembler;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Assembles NASM-like Intel syntax for 16-, 32- and 64-bit x86. Each call stands alone and any thread may make it.
 *
 * <p>The language: {@code label:} and {@code .local:}, {@code name equ value}, {@code db dw dd dq}, {@code resb resw resd resq},
 * {@code times n …}, {@code align n[, fill]}, {@code bits 16|32|64}, {@code default rel|abs}, {@code section .text|.data|.bss},
 * {@code org}, {@code format flat|elf32|elf64}, {@code entry label}, {@code pvhnote label} (the PVH boot ABI's entry),
 * {@code %include "file"} relative to the including file, {@code %macro name count} … {@code %endm} with {@code %1} to {@code %9}
 * and {@code %%label}. Expressions have {@code + - * / % << >> & | ^ ~ $ $$} and parentheses.
 * A flat binary starts in 16-bit mode, ELF in the mode of its class.
 *
 * <p>Jumps take their short form where it reaches. Values that depend on labels take the full-size form of other operands.
 */
public final class Assembler {
    /** Jumps only grow, so layouts settle in a few passes; more means a source that contradicts itself. */
    private static final int MAX_PASSES = 64;

    private final OutputFormat requested;

    private Assembler(OutputFormat requested) {
        this.requested = requested;
    }

    /**
     * An assembler whose output the source chooses by a {@code format} directive, flat where it has none.
     *
     * @return an assembler
     */
    public static Assembler create() {
        return new Assembler(null);
    }

    /**
     * An assembler for one format, whatever the source says.
     *
     * @param format the output's format
     * @return an assembler
     */
    public static Assembler of(OutputFormat format) {
        return new Assembler(format);
    }

    /**
     * Assembles a file.
     *
     * @param source the file, UTF-8; errors name it as given here
     * @return the result
     * @throws AssemblyException where the source or an included file has errors
     * @throws IOException where a file can't be read
     */
    public Assembly assemble(Path source) throws AssemblyException, IOException {
        String text = Files.readString(source, StandardCharsets.UTF_8);
        return assemble(source.toString(), text, source.toAbsolutePath().getParent());
    }

    /**
     * Assembles a text that includes nothing.
     *
     * @param name what errors call it
     * @param text the source
     * @return the result
     * @throws AssemblyException where it has errors
     */
    public Assembly assemble(String name, String text) throws AssemblyException {
        try {
            return assemble(name, text, null);
        } catch (IOException e) {
            throw new IllegalStateException("no file was read", e);
        }
    }

    private Assembly assemble(String name, String text, Path directory) throws AssemblyException, IOException {
        Diagnostics diagnostics = new Diagnostics();
        List<SourceLine> lines = new Preprocessor(diagnostics).run(name, text, directory);
        Symbols symbols = new Symbols();
        Parser parser = new Parser(diagnostics, symbols);
        List<Parser.Placed> statements = parser.parse(lines);
        OutputFormat format =
                requested != null ? requested : parser.format() != null ? parser.format() : OutputFormat.FLAT;
        Pass pass = new Pass(format, symbols);
        // Layout errors are worth reporting beside syntax errors, but names that only those lines define are not
        // missing.
        boolean sound = !diagnostics.any();
        settle(pass, statements, diagnostics, sound);
        diagnostics.throwIfAny();
        return new Assembly(format, image(format, pass), pass.entryAddress(), symbols.all());
    }

    private static void settle(Pass pass, List<Parser.Placed> statements, Diagnostics diagnostics, boolean sound) {
        pass.start(false);
        pass.place();
        boolean moved = true;
        for (int i = 0; moved && i < MAX_PASSES; i++) {
            pass.symbols().startPass(i == 0 || !sound);
            walk(pass, statements, new Diagnostics(), false);
            moved = pass.place() | pass.symbols().changed();
        }
        if (moved && !statements.isEmpty()) {
            diagnostics.add(
                    statements.getFirst().line(), 1, "the layout does not settle; does a size depend on itself?");
        }
        // One more walk in which nothing moves any more: what is wrong now is wrong for good.
        pass.symbols().startPass(!sound);
        walk(pass, statements, diagnostics, true);
    }

    private static void walk(Pass pass, List<Parser.Placed> statements, Diagnostics diagnostics, boolean strict) {
        pass.start(strict);
        for (Parser.Placed placed : statements) {
            try {
                pass.locate();
                placed.statement().emit(pass);
            } catch (LineError e) {
                diagnostics.add(placed.line(), e);
            }
        }
    }

    private static byte[] image(OutputFormat format, Pass pass) {
        return switch (format) {
            case FLAT -> flat(pass);
            case ELF32 -> new ElfWriter(false, pass).write();
            case ELF64 -> new ElfWriter(true, pass).write();
        };
    }

    private static byte[] flat(Pass pass) {
        Section text = pass.get(Section.Name.TEXT);
        Section data = pass.get(Section.Name.DATA);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(text.content());
        if (data.size() > 0) {
            out.writeBytes(new byte[Math.toIntExact(data.base() - text.base() - text.size())]);
            out.writeBytes(data.content());
        }
        return out.toByteArray();
    }
}
