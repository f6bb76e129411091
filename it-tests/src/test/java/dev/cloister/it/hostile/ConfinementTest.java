package dev.cloister.it.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Up;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a VMM process holds while its guest runs, as the kernel tells it in /proc. */
class ConfinementTest {
    private static final String CHANNEL = "memfd:";
    /** What the harness gives each domain. */
    private static final long GUEST_BYTES = 8 << 20;

    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    @Test
    void vmmHoldsNothingButWhatItWasHanded() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = PolicyFile.in(cloister.folder(), "holds")
                .domain("writer", Guests.assemble(cloister.folder(), "writer", "LIMIT equ 1000000"))
                .domain("reader", Guests.assemble(cloister.folder(), "reader", "LIMIT equ 1000000"))
                .memory("data", "writer", "reader")
                .write();
        try (Up up = Up.start(cloister, policy)) {
            up.command().awaitOut("reader: 20 records");
            for (String name : List.of("writer", "reader")) {
                Path proc = Path.of("/proc", Long.toString(up.vmm(name).pid()));
                // One setting of the C library, so that it never looks into /proc; nothing of the daemon's.
                assertThat(Files.readString(proc.resolve("environ")))
                        .isIn("MALLOC_ARENA_MAX=1\0", "MALLOC_ARENA_MAX=1\0PWD=/\0");
                assertThat(descriptors(proc)).allSatisfy(ConfinementTest::harmless);
            }
            assertThat(sharedMemory(up.vmm("reader"))).isNotEmpty().allMatch(line -> line.contains(" r--s "));
            assertThat(sharedMemory(up.vmm("writer"))).anyMatch(line -> line.contains(" rw-s "));
            for (String name : List.of("writer", "reader")) {
                assertThat(dumped(up.vmm(name)))
                        .as("memory of the guest that a dump would hold")
                        .isEmpty();
            }
            up.shutdown().expect(0);
        }
    }

    /** Shared memory of channels, run areas of vCPUs and anonymous memory of a guest's size that lacks "dd" (proc(5), smaps). */
    private static List<String> dumped(ProcessHandle vmm) throws IOException {
        List<String> found = new ArrayList<>();
        String area = "";
        for (String line : Files.readAllLines(Path.of("/proc", Long.toString(vmm.pid()), "smaps"))) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                area = line;
            } else if (line.startsWith("VmFlags:") && isGuests(area) && !line.contains(" dd")) {
                found.add(area);
            }
        }
        return found;
    }

    private static boolean isGuests(String area) {
        String[] ends = area.substring(0, area.indexOf(' ')).split("-");
        long size = Long.parseUnsignedLong(ends[1], 16) - Long.parseUnsignedLong(ends[0], 16);
        boolean ram = size == GUEST_BYTES && area.contains(" rw-p ");
        return ram || area.contains("kvm-vcpu") || area.contains(CHANNEL) && area.contains("s ");
    }

    /** Anonymous objects, devices that hold nothing, and the program's own files, which it can only read. */
    private static void harmless(Descriptor fd) {
        String java = Path.of(System.getProperty("java.home")).toString();
        boolean program = fd.target().startsWith(java)
                || fd.target().startsWith(Cloister.dist().toString());
        boolean readOnly = fd.flags().endsWith("0");
        boolean anonymous = fd.target().matches("(anon_inode|pipe|socket):.*|/memfd:.*|/dev/(null|kvm|u?random)");
        // Opened before the sandbox, for the report.
        boolean facts = fd.target().matches("/proc/([0-9]+/(stat|smaps)|uptime)");
        assertThat((program || facts) && readOnly || anonymous)
                .as(fd.toString())
                .isTrue();
    }

    private record Descriptor(String target, String flags) {}

    private static List<Descriptor> descriptors(Path proc) throws IOException {
        List<Descriptor> found = new ArrayList<>();
        try (Stream<Path> links = Files.list(proc.resolve("fd"))) {
            for (Path link : links.toList()) {
                try {
                    String info = Files.readString(proc.resolve("fdinfo").resolve(link.getFileName()));
                    String flags = info.lines()
                            .filter(line -> line.startsWith("flags:"))
                            .findFirst()
                            .orElseThrow();
                    found.add(new Descriptor(Files.readSymbolicLink(link).toString(), flags));
                } catch (NoSuchFileException e) {
                    // Closed between listing and looking.
                    continue;
                }
            }
        }
        return found;
    }

    /** The mappings of memory that another process maps as well. */
    private static List<String> sharedMemory(ProcessHandle vmm) throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc", Long.toString(vmm.pid()), "maps"))) {
            return lines.filter(line -> line.contains(CHANNEL) && line.contains("s "))
                    .toList();
        }
    }
}
