package dev.cloister.emulator.assembler;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * The assembler as a command of the build: {@code AssembleMain SOURCE… [-o FILE | -d DIRECTORY] [-f flat|elf32|elf64]}.
 *
 * <p>A source that is a directory stands for every {@code .asm} file below it, folders named {@code lib} left out. Without
 * {@code -o} and {@code -d} the image of {@code x/name.asm} is {@code x/images/name.elf} ({@code .bin} for flat output). A file whose
 * bytes would stay the same is not written again.
 */
public final class AssembleMain {
    /** Everything was assembled. */
    static final int OK = 0;
    /** The command line is wrong ({@code EX_USAGE}). */
    static final int USAGE = 64;
    /** A source is wrong or can't be read ({@code EX_DATAERR}). */
    static final int BAD_INPUT = 65;

    private final PrintStream err;
    private final List<Path> sources = new ArrayList<>();
    private Path output;
    private Path directory;
    private OutputFormat format;

    private AssembleMain(PrintStream err) {
        this.err = err;
    }

    /**
     * Runs the command and ends the process: 0 done, 64 wrong usage, 65 errors in a source.
     *
     * @param args as in the class comment
     */
    public static void main(String[] args) {
        System.exit(run(args, System.err));
    }

    static int run(String[] args, PrintStream err) {
        return new AssembleMain(err).run(List.of(args));
    }

    private int run(List<String> args) {
        try {
            options(args);
            return assembleAll();
        } catch (IllegalArgumentException e) {
            err.println("assemble: " + e.getMessage());
            err.println("usage: AssembleMain SOURCE... [-o FILE | -d DIRECTORY] [-f flat|elf32|elf64]");
            return USAGE;
        } catch (IOException e) {
            err.println("assemble: can't read or write: " + e.getMessage());
            return BAD_INPUT;
        }
    }

    private void options(List<String> args) throws IOException {
        for (int i = 0; i < args.size(); i++) {
            String arg = args.get(i);
            if (!arg.startsWith("-")) {
                addSource(Path.of(arg));
                continue;
            }
            if (i + 1 >= args.size()) {
                throw new IllegalArgumentException(arg + " needs a value");
            }
            option(arg, args.get(++i));
        }
        checkOptions();
    }

    private void checkOptions() {
        if (sources.isEmpty()) {
            throw new IllegalArgumentException("no source given");
        }
        if (output != null && (sources.size() > 1 || directory != null)) {
            throw new IllegalArgumentException(
                    "-o takes one source and no -d; there are " + sources.size() + " sources");
        }
    }

    private void option(String name, String value) {
        switch (name) {
            case "-o" -> output = Path.of(value);
            case "-d" -> directory = Path.of(value);
            case "-f" ->
                format = OutputFormat.byName(value)
                        .orElseThrow(() -> new IllegalArgumentException("-f takes flat, elf32 or elf64, not " + value));
            default -> throw new IllegalArgumentException("unknown option " + name);
        }
    }

    private void addSource(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            sources.add(path);
            return;
        }
        try (Stream<Path> found = Files.walk(path)) {
            found.filter(file -> file.toString().endsWith(".asm"))
                    .filter(file -> !isLibrary(path.relativize(file)))
                    .sorted()
                    .forEach(sources::add);
        }
    }

    private static boolean isLibrary(Path relative) {
        for (Path element : relative) {
            if (element.toString().equals("lib")) {
                return true;
            }
        }
        return false;
    }

    private int assembleAll() throws IOException {
        int status = OK;
        for (Path source : sources) {
            try {
                Assembly assembly = (format == null ? Assembler.create() : Assembler.of(format)).assemble(source);
                write(target(source, assembly), assembly.image());
            } catch (AssemblyException e) {
                err.println(e.getMessage());
                status = BAD_INPUT;
            }
        }
        return status;
    }

    private Path target(Path source, Assembly assembly) {
        if (output != null) {
            return output;
        }
        Path parent = source.toAbsolutePath().getParent();
        Path folder = directory != null ? directory : parent.resolve("images");
        String name = source.getFileName().toString().replaceFirst("\\.asm$", "");
        return folder.resolve(name + "." + assembly.format().suffix());
    }

    private static void write(Path file, byte[] image) throws IOException {
        if (Files.isRegularFile(file) && Arrays.equals(Files.readAllBytes(file), image)) {
            return;
        }
        Path parent = file.toAbsolutePath().getParent();
        Files.createDirectories(parent);
        // A reader that starts at this moment sees the old image or the new one, never half of one.
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        Files.write(fresh, image);
        Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }
}
