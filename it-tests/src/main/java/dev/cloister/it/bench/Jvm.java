package dev.cloister.it.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Command lines of this program's own processes. */
final class Jvm {
    /** The VMM's main class. */
    static final String VMM = "dev.cloister.vmm.process.VmmMain";

    private static final String DIST = "cloister.bench.dist";

    private static final List<String> VMM_OPTIONS = List.of(
            "-Xms8m",
            "-Xmx128m",
            "-Xss512k",
            "-XX:-UsePerfData",
            "-XX:+DisableAttachMechanism",
            "-XX:-CreateCoredumpOnCrash",
            "-XX:+UnlockDiagnosticVMOptions",
            "-XX:-DelayCompilerStubsGeneration");

    private Jvm() {}

    /** Says where the build has put what users run; without it processes get this program's own class path. */
    static void dist(Path folder) {
        if (Files.isReadable(folder.resolve(Path.of("lib", "cli.jar")))) {
            System.setProperty(DIST, folder.toString());
        }
    }

    /** A process of the product: from the jars and the AOT cache that users run. */
    static List<String> product(List<String> options, String mainClass) {
        String dist = System.getProperty(DIST);
        return product(
                options,
                dist == null
                        ? System.getProperty("java.class.path")
                        : Path.of(dist, "lib", "cli.jar").toString(),
                mainClass);
    }

    private static List<String> product(List<String> options, String classPath, String mainClass) {
        String dist = System.getProperty(DIST);
        List<String> more = new ArrayList<>(options);
        if (dist != null && Files.isReadable(Path.of(dist, "cloister.aot"))) {
            more.add("-XX:AOTCache=" + Path.of(dist, "cloister.aot"));
        }
        return java(more, classPath, mainClass);
    }

    /** A VMM process with the options that {@code cloister up} gives it. */
    static List<String> vmm() {
        return product(VMM_OPTIONS, VMM);
    }

    /** As {@link #vmm()}, with another class path, which has the product's first, and another main class. */
    static List<String> vmm(String classPath, String mainClass) {
        return product(VMM_OPTIONS, classPath, mainClass);
    }

    /** A process of the benchmarks themselves. */
    static List<String> own(Class<?> mainClass, String... arguments) {
        List<String> command = new ArrayList<>(
                java(List.of("-Xms16m", "-Xmx128m"), System.getProperty("java.class.path"), mainClass.getName()));
        command.addAll(List.of(arguments));
        return command;
    }

    private static List<String> java(List<String> options, String classPath, String mainClass) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:+UseSerialGC", "-Xlog:disable", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(options);
        command.addAll(List.of("-cp", classPath, mainClass));
        return command;
    }
}
