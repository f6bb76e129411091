package dev.cloister.cli;

import dev.cloister.vmm.process.LoneSandbox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The training run of the AOT cache, started by the build: walks through what the command, the daemon and the VMM process load
 * at start, with the engine that is fastest here and with the one that works everywhere.
 */
public final class AotTraining {
    private AotTraining() {}

    /**
     * Trains.
     *
     * @param args the folder of examples, with their images already assembled; then the file whose time tells the launcher when
     *     the distribution was built
     * @throws IOException if a scratch folder can't be made
     */
    public static void main(String[] args) throws IOException {
        Path examples = Path.of(args[0]);
        Path state = Files.createTempDirectory("cloister-aot");
        String policy = examples.resolve("quickstart/policy.json").toString();
        Main.execute("--version");
        Main.execute("policy", "check", policy);
        Main.execute("policy", "why", policy, "sensor", "command");
        Main.execute("ps", "--state", state.toString());
        Main.execute("doctor");
        LoneSandbox.rehearse();
        for (String engine : List.of("auto", "emulated")) {
            Main.execute(
                    "run",
                    "--no-sandbox",
                    "--engine",
                    engine,
                    "--kernel",
                    examples.resolve("hello/images/hello.elf").toString(),
                    "--memory",
                    "16M",
                    "--timeout",
                    "20s",
                    "--report",
                    state.resolve("report.json").toString());
        }
        Files.deleteIfExists(state.resolve("report.json"));
        Files.delete(state);
        Files.writeString(Path.of(args[1]), Version.text() + "\n");
    }
}
