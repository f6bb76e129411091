package dev.cloister.it.harness;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** The real {@code cloister} command as processes, with a state folder and scratch files of one test's own. */
public final class Cloister {
    private static final AtomicInteger FOLDERS = new AtomicInteger();
    /** {@code sun_path} of unix(7) less {@code /state/NAME/control.sock}. */
    private static final int LONGEST_FOLDER = 60;

    private final Path folder;

    private Cloister(Path folder) {
        this.folder = folder;
    }

    /** Makes a fresh folder below the build's, or in the system's temporary folder where the build's path is too long for a socket. */
    public static Cloister fresh() throws IOException {
        Path base = root().resolve(Path.of("it-tests", "target", "system"));
        Files.createDirectories(base);
        Path folder = base.toString().length() > LONGEST_FOLDER
                ? Files.createTempDirectory("cloister-it")
                : base.resolve(ProcessHandle.current().pid() + "-" + FOLDERS.incrementAndGet());
        Files.createDirectories(folder);
        return new Cloister(folder);
    }

    /** The top of the source tree. */
    public static Path root() {
        return Path.of(System.getProperty("cloister.root", ".."))
                .toAbsolutePath()
                .normalize();
    }

    /** What the build made for running: the jars and the AOT cache. */
    public static Path dist() {
        Path dist = root().resolve(Path.of("cli", "target", "dist"));
        if (!Files.isRegularFile(dist.resolve(Path.of("lib", "cli.jar")))) {
            throw new AssertionError(dist + " holds no lib/cli.jar: build it with mvn package -pl cli -am");
        }
        return dist;
    }

    /** The folder for files of this test. */
    public Path folder() {
        return folder;
    }

    /** The state folder: one folder for each policy in it. */
    public Path state() {
        return folder.resolve("state");
    }

    /** A policy's audit log. */
    public Path auditLog(String policy) {
        return state().resolve(policy).resolve("audit.log");
    }

    /** The command line of {@code cloister} with arguments: this Java, the build's jars, as the launcher has it. */
    public static List<String> commandLine(String... args) {
        Path dist = dist();
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xlog:disable",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Dcloister.dist=" + dist));
        if (Files.isReadable(dist.resolve("cloister.aot"))) {
            command.add("-XX:AOTCache=" + dist.resolve("cloister.aot"));
        }
        if (args.length > 0 && args[0].equals("run")) {
            command.addAll(List.of(
                    "-XX:-UsePerfData",
                    "-XX:+DisableAttachMechanism",
                    "-XX:-CreateCoredumpOnCrash",
                    "-XX:+UnlockDiagnosticVMOptions",
                    "-XX:-DelayCompilerStubsGeneration",
                    "-Xms24m",
                    "-Xmn16m",
                    "-Xmx256m",
                    "-XX:MinHeapFreeRatio=10",
                    "-XX:MaxHeapFreeRatio=20",
                    "-XX:-ShrinkHeapInSteps",
                    "-XX:TrimNativeHeapInterval=5000"));
        }
        command.addAll(List.of("-cp", dist.resolve(Path.of("lib", "cli.jar")).toString(), "dev.cloister.cli.Main"));
        command.addAll(List.of(args));
        return command;
    }

    /** Starts {@code cloister}. */
    public Running start(String... args) throws IOException {
        return new Running(builder(commandLine(args)));
    }

    /** Starts any command, in this test's surroundings. */
    public Running start(List<String> command) throws IOException {
        return new Running(builder(command));
    }

    /** Runs {@code cloister} to its end, with nothing on stdin. */
    public Finished run(String... args) throws IOException, InterruptedException {
        try (Running running = start(args)) {
            running.type("");
            return running.await();
        }
    }

    /** Runs any command, in this test's surroundings. */
    public Finished runCommand(List<String> command) throws IOException, InterruptedException {
        try (Running running = new Running(builder(command))) {
            return running.await();
        }
    }

    /** A process builder with this test's surroundings. */
    public ProcessBuilder builder(List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().put("CLOISTER_STATE", state().toString());
        builder.environment().remove("XDG_STATE_HOME");
        // Names of tools that would make a JVM print to stderr before anything else.
        builder.environment().remove("JAVA_TOOL_OPTIONS");
        builder.environment().remove("_JAVA_OPTIONS");
        return builder;
    }
}
