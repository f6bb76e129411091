package dev.cloister.it.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Command lines of this program's own processes. */
final class Jvm {
    private static final String DIST = "cloister.bench.dist";

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
        List<String> more = new ArrayList<>(options);
        String classPath = System.getProperty("java.class.path");
        if (dist != null) {
            classPath = Path.of(dist, "lib", "cli.jar").toString();
            Path cache = Path.of(dist, "cloister.aot");
            if (Files.isReadable(cache)) {
                more.add("-XX:AOTCache=" + cache);
            }
        }
        return java(more, classPath, mainClass);
    }

    /** A VMM process with the options that {@code cloister up} gives it. */
    static List<String> vmm() {
        return product(
                List.of(
                        "-Xms8m",
                        "-Xmx128m",
                        "-Xss512k",
                        "-XX:-UsePerfData",
                        "-XX:+DisableAttachMechanism",
                        "-XX:-CreateCoredumpOnCrash",
                        "-XX:+UnlockDiagnosticVMOptions",
                        "-XX:-DelayCompilerStubsGeneration"),
                "dev.cloister.vmm.VmmMain");
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
