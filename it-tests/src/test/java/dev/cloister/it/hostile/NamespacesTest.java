package dev.cloister.it.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.it.DebianPackages;
import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Up;
import dev.cloister.policy.confinement.Confinement;
import dev.cloister.policy.confinement.Surround;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is around a VMM process while its guest runs: namespaces, mounts and control groups, as the kernel tells them in /proc. */
class NamespacesTest {
    private static final Path GROUPS = Path.of("/sys/fs/cgroup");
    private static Confinement.Survey survey;
    private static String program = "";

    private Cloister cloister;

    @BeforeAll
    static void needs() {
        Host.needsKvm();
        Optional<Path> bubblewrap = DebianPackages.ofBuild().bubblewrap();
        program = bubblewrap.map(Path::toString).orElse("none");
        survey = Confinement.survey(new Surround(bubblewrap, true));
    }

    @BeforeEach
    void begin() throws IOException {
        cloister = Cloister.fresh();
    }

    /** Whatever a test did, no group of its domains is left. */
    @AfterEach
    void nothingIsLeft() throws IOException {
        assertThat(groups()).isEmpty();
    }

    private static void need(String what) {
        Optional<String> lack = survey.lacks().stream()
                .filter(l -> l.what().startsWith(what))
                .map(l -> "skipped: " + l.message())
                .findFirst();
        lack.ifPresent(System.out::println);
        assumeTrue(lack.isEmpty(), lack.orElse(""));
    }

    private Path policy(String name, String more) throws IOException {
        return PolicyFile.in(cloister.folder(), name)
                .domain("nst-writer", Guests.assemble(cloister.folder(), "writer", "LIMIT equ 1000000"))
                .domain("nst-reader", Guests.assemble(cloister.folder(), "reader", "LIMIT equ 1000000"))
                .memory("data", "nst-writer", "nst-reader")
                .with(more)
                .write();
    }

    @Test
    void aProcessSeesNothingOfTheHost() throws Exception {
        need("namespaces");
        Path policy = policy("alone", ", \"confinement\": {\"require\": [\"seccomp\", \"namespaces\"]}");
        try (Up up = Up.start(cloister, policy, "--bubblewrap", program)) {
            up.command().awaitOut("reader: 20 records");
            Path host = Path.of("/proc/self");
            Path writer = Path.of("/proc", Long.toString(up.vmm("nst-writer").pid()));
            Path reader = Path.of("/proc", Long.toString(up.vmm("nst-reader").pid()));
            for (String kind : List.of("user", "mnt", "pid", "net", "ipc", "uts", "cgroup")) {
                assertThat(Set.of(namespace(host, kind), namespace(writer, kind), namespace(reader, kind)))
                        .as(kind + " namespaces of the host and two domains")
                        .hasSize(3);
            }
            assertThat(status(writer, "NSpid")).endsWith("\t1");
            assertThat(status(writer, "CapEff")).endsWith("0000000000000000");
            assertThat(status(writer, "CapBnd")).endsWith("0000000000000000");
            assertThat(status(writer, "NoNewPrivs")).endsWith("1");
            assertThat(mounts(writer)).noneMatch(line -> line.contains(" /home ") || line.contains(" /etc "));
            assertThat(mounts(writer))
                    .filteredOn(line -> !line.matches(".* (/proc|/dev/null) .*"))
                    .isNotEmpty()
                    .allMatch(line -> line.split(" ")[5].startsWith("ro,"));
            assertThat(Files.readString(writer.resolve("net/dev")).lines().skip(2))
                    .allMatch(line -> line.strip().startsWith("lo:"));
            up.shutdown().expect(0);
        }
    }

    private static String namespace(Path proc, String kind) throws IOException {
        return Files.readSymbolicLink(proc.resolve("ns").resolve(kind)).toString();
    }

    private static String status(Path proc, String name) throws IOException {
        try (var lines = Files.lines(proc.resolve("status"))) {
            return lines.filter(line -> line.startsWith(name + ":")).findFirst().orElseThrow();
        }
    }

    private static List<String> mounts(Path proc) throws IOException {
        return Files.readAllLines(proc.resolve("mountinfo"));
    }

    @Test
    void aKilledProcessLeavesNothing() throws Exception {
        need("namespaces");
        try (Up up = Up.start(cloister, policy("killed", ""), "--bubblewrap", program)) {
            up.command().awaitOut("reader: 20 records");
            ProcessHandle vmm = up.vmm("nst-writer");
            ProcessHandle outer = vmm.parent().orElseThrow();
            vmm.destroyForcibly();
            outer.onExit().get();
            up.command().awaitOut("(signal 9)");
            assertThat(up.command().await().code()).isEqualTo(70);
        }
    }

    @Test
    void memoryIsBoundedAndTheLimitIsNamed() throws Exception {
        need("limits");
        Path guest = Guests.assemble(cloister.folder(), "writer", "LIMIT equ 1000000");
        Path policy = PolicyFile.in(cloister.folder(), "bounded")
                .domain("nst-glutton", guest)
                .write();
        Files.writeString(
                policy,
                Files.readString(policy)
                        .replace(
                                "\"memory\": \"8M\"",
                                "\"memory\": {\"size\": \"256M\", \"prefault\": true}, \"cgroup\": {\"memoryMax\":"
                                        + " \"160M\"}"));
        Finished end = cloister.run("up", policy.toString(), "--bubblewrap", program);
        assertThat(end.code()).isEqualTo(70);
        assertThat(Files.readString(cloister.state().resolve("bounded").resolve("audit.log")))
                .contains("ran out of memory, limit 167772160 bytes");
    }

    private static List<Path> groups() throws IOException {
        List<Path> found = new ArrayList<>();
        List<Path> open = new ArrayList<>(List.of(GROUPS));
        while (!open.isEmpty()) {
            try (DirectoryStream<Path> folders = Files.newDirectoryStream(open.removeLast(), Files::isDirectory)) {
                for (Path folder : folders) {
                    open.add(folder);
                    if (folder.getFileName().toString().matches("cloister-vmm-.*-nst-[a-z]+")) {
                        found.add(folder);
                    }
                }
            } catch (IOException e) {
                // A group that ended while it was looked at.
                continue;
            }
        }
        return found;
    }
}
