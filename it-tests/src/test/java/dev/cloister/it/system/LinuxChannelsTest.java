package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.it.DebianPackages;
import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.LinuxImage;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Up;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Two Debian guests of one policy, joined by a memory and an event channel that they use through the program of docs/examples/ivshmem:
 * by polling and by uio_pci_generic. The reader tries to write as well.
 */
class LinuxChannelsTest {
    /** Two guests at once, each about 25 s of processor time. */
    private static final Duration PATIENCE = Duration.ofMinutes(8);

    private static final String SENDER = """
        channel list
        while :; do n=$((n + 1)); echo reading $n; usleep 100000; done | channel send readings &
        while :; do echo; sleep 1; done | channel send alarm
        """;

    private static final String RECEIVER = """
        channel list
        channel receive readings 3
        channel poke readings
        echo 1af4 1110 > /sys/bus/pci/drivers/uio_pci_generic/new_id
        channel receive readings 4
        channel receive alarm 1
        grep uio_pci_generic /proc/interrupts
        poweroff -f
        """;

    @Test
    void recordsAndSignalsReachAnotherGuestsProgramAndItsWritesAreRefused() throws Exception {
        Cloister cloister = Cloister.fresh();
        byte[] program = program(cloister);
        Path folder = LinuxImage.make(cloister);
        Path initrd = folder.resolve("initrd.img");
        SmallRoot.write(
                initrd,
                initrd,
                Map.of(
                        "bin/channel",
                        program,
                        "bin/sender",
                        SmallRoot.program(SENDER),
                        "bin/receiver",
                        SmallRoot.program(RECEIVER)));
        try (Up up = Up.start(cloister, policy(folder))) {
            up.command().awaitOut(out -> out.contains("receiver  * exited"), "the receiver's end", PATIENCE);
            String out = up.command().out();
            assertThat(linesOf(out, "receiver"))
                    .containsSubsequence(
                            "channel: waiting by polling", "write refused: the memory is as it was", "signal");
            assertThat(linesOf(out, "receiver")).contains("channel: waiting by uio");
            assertThat(linesOf(out, "receiver").stream().filter(line -> line.matches("reading [0-9]+")))
                    .hasSize(7);
            assertThat(linesOf(out, "receiver").stream().filter(line -> line.contains("uio_pci_generic")))
                    .hasSize(2)
                    .as("interrupts, each woke the program")
                    .allMatch(line -> line.matches(" *[0-9]+: +[1-9][0-9]* .*"));
            assertThat(linesOf(out, "sender"))
                    .anyMatch(line -> line.matches("0000:00:0.\\.0 readings +memory to receiver, live"));
            assertThat(out).doesNotContain("No irq handler");
        }
        String log =
                cloister.run("audit", "tail", "pair", "--kind", "violation").out();
        assertThat(log).contains("receiver").contains("read-only PCI memory of channel readings");
    }

    private static void skipUnless(boolean condition, String reason) {
        if (!condition) {
            System.out.println("skipped: " + reason);
        }
        assumeTrue(condition, reason);
    }

    /** The example, built as its first lines say. */
    private static byte[] program(Cloister cloister) throws IOException, InterruptedException {
        Optional<Path> gcc = DebianPackages.onPath("gcc");
        skipUnless(gcc.isPresent(), "no gcc on PATH to build docs/examples/ivshmem/channel.c");
        Path source = Cloister.root().resolve(Path.of("docs", "examples", "ivshmem", "channel.c"));
        Path built = cloister.folder().resolve("channel");
        List<String> command = new ArrayList<>(List.of(gcc.orElseThrow().toString()));
        command.addAll(List.of("-O2", "-Wall", "-Wextra", "-Werror", "-static", "-o", built + "", source + ""));
        Finished end = cloister.runCommand(command);
        skipUnless(end.code() == 0 || !end.err().contains("cannot find -lc"), "no static C library: " + end.err());
        end.expect(0);
        return Files.readAllBytes(built);
    }

    private static List<String> linesOf(String out, String domain) {
        return out.lines()
                .filter(line -> line.startsWith(domain))
                .map(line -> line.replaceFirst("^[a-z]+ +\\| ", "").strip())
                .toList();
    }

    private static Path policy(Path folder) throws IOException {
        return Files.writeString(
                folder.resolve("pair.json"), """
                    {"version": 1, "name": "pair",
                     "lattice": {"levels": ["public"]},
                     "domains": [%s, %s],
                     "host": {"console": {"label": {"level": "public"}}, "audit": {"label": {"level": "public"}}},
                     "flows": [
                      {"name": "readings", "from": "sender", "to": "receiver", "kind": "memory", "recordBytes": 64, "records": 64},
                      {"name": "alarm", "from": "sender", "to": "receiver", "kind": "event"},
                      {"name": "sender-console", "from": "sender", "to": "@console", "kind": "console"},
                      {"name": "receiver-console", "from": "receiver", "to": "@console", "kind": "console"}],
                     "onDaemonLoss": "sever"}
                    """.formatted(domain(folder, "sender", 1), domain(folder, "receiver", 2)));
    }

    private static String domain(Path folder, String name, int number) throws IOException {
        return """
            {"id": "6c0c1f0e-0000-4000-8000-%012x", "name": "%s", "label": {"level": "public"}, "memory": "128M",
             "engine": "emulated",
             "image": {"kernel": {"path": "vmlinuz", "sha256": "%s"},
                       "initrd": {"path": "initrd.img", "sha256": "%s"},
                       "cmdline": "console=ttyS0 quiet rdinit=/bin/%s"}}
            """.formatted(
                        number,
                        name,
                        PolicyFile.sha256(folder.resolve("vmlinuz")),
                        PolicyFile.sha256(folder.resolve("initrd.img")),
                        name);
    }
}
