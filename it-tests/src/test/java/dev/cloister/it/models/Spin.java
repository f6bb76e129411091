package dev.cloister.it.models;

import dev.cloister.it.DebianPackages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The model checker: {@code spin -a} makes a C program of a model, {@code gcc} compiles it, and the program searches all states.
 * Memory and time are bounded. See spin(1) and the manual of {@code pan} on spinroot.com.
 */
final class Spin {
    private static final int MEGABYTES = 1500;
    private static final long SECONDS = 1200;
    private static final int DEPTH = 1_000_000;
    private static final Pattern STATES = Pattern.compile("^ *([0-9.e+]+) states, stored", Pattern.MULTILINE);
    private static final Pattern ERRORS = Pattern.compile("errors: (\\d+)");
    private static final Pattern VERDICT = Pattern.compile("^pan:1: (.*) \\(at depth \\d+\\)", Pattern.MULTILINE);

    private final Path program;

    private Spin(Path program) {
        this.program = program;
    }

    /** Finds spin and gcc; empty, with the reason printed, where one of them can't be had. */
    static Optional<Spin> find() {
        if (DebianPackages.onPath("gcc").isEmpty()) {
            System.out.println("no models: there is no gcc on the PATH, which compiles what spin makes of a model");
            return Optional.empty();
        }
        return DebianPackages.ofBuild().spin().map(Spin::new);
    }

    /**
     * What a search found.
     *
     * @param errors 0, or 1 if it stopped at a violation
     * @param verdict the violation as pan words it; empty for none
     * @param states states stored
     * @param output everything that pan said
     */
    record Result(int errors, String verdict, double states, String output) {}

    /**
     * Searches a model in a folder of its own.
     *
     * @param macros such as {@code WITNESS=1}
     * @param property an ltl formula's name or, if empty, safety
     * @param whole whether all states are expected to be searched: else a violation ends the search soon, and compiling is what takes time
     */
    Result search(Path model, Path folder, List<String> macros, String property, boolean whole)
            throws IOException, InterruptedException {
        Files.createDirectories(folder);
        List<String> translate = new ArrayList<>(List.of(program.toString(), "-a"));
        macros.forEach(macro -> translate.add("-D" + macro));
        translate.add(model.toAbsolutePath().toString());
        run(translate, folder);
        List<String> compile =
                new ArrayList<>(List.of("gcc", "-w", whole ? "-O2" : "-O0", "-DCOLLAPSE", "-DMEMLIM=" + MEGABYTES));
        compile.addAll(property.isEmpty() ? List.of("-DSAFETY", "-DNOCLAIM") : List.of("-DNFAIR=3"));
        compile.addAll(List.of("-o", "pan", "pan.c"));
        run(compile, folder);
        List<String> search =
                new ArrayList<>(List.of(folder.resolve("pan").toAbsolutePath().toString(), "-m" + DEPTH));
        if (!property.isEmpty()) {
            // All cycles that starve nobody, for this property and not for the assertions, which other searches look
            // for.
            search.addAll(List.of("-a", "-f", "-A", "-N", property));
        }
        return result(run(search, folder));
    }

    private static Result result(String output) {
        Matcher errors = ERRORS.matcher(output);
        Matcher states = STATES.matcher(output);
        if (!errors.find()
                || !states.find()
                || output.contains("Search not completed") && "0".equals(errors.group(1))) {
            throw new AssertionError("the search did not come to an end:\n" + output);
        }
        if (output.contains("max search depth too small")) {
            throw new AssertionError("the search is not complete: deeper than " + DEPTH + " steps\n" + output);
        }
        Matcher verdict = VERDICT.matcher(output);
        return new Result(
                Integer.parseInt(errors.group(1)),
                verdict.find() ? verdict.group(1) : "",
                Double.parseDouble(states.group(1)),
                output);
    }

    private static String run(List<String> command, Path folder) throws IOException, InterruptedException {
        Path output = folder.resolve("output.txt");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            process.getOutputStream().close();
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError(String.join(" ", command) + " took longer than " + SECONDS + " s");
            }
        } finally {
            process.destroyForcibly();
        }
        String text = Files.readString(output);
        if (process.exitValue() != 0) {
            throw new AssertionError(
                    String.join(" ", command) + " ended with code " + process.exitValue() + "\n" + text);
        }
        return text;
    }
}
