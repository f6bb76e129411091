package dev.cloister.it.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Up;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Guests that do one thing as fast as they can: the others go on, memory and log stay bounded, and they can be stopped. */
class StormsTest {
    /** A VMM's and the daemon's resident memory at most, with the guest's 8 MiB in it. */
    private static final long MOST_KIB = 300 << 10;
    /** Records of a run of some seconds at most: events of a storm are counted, not recorded singly. */
    private static final int MOST_RECORDS = 200;

    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    private static String body(String storm) {
        return switch (storm) {
            case "ports" -> "mov edx, 0x1234\n.again: out dx, al\nin eax, dx\njmp .again\n";
            case "mmio" -> "mov edi, 0x40000000\n.again: mov [rdi], rax\nmov rax, [rdi]\njmp .again\n";
            case "doorbells" -> "mov rdi, [data]\n.again: call ring_bell\njmp .again\n";
            case "requests" ->
                "lea rdi, [name]\nmov esi, KIND_MEMORY\nmov edx, DIRECTION_IN\n.again: push rdx\n"
                        + "call request_channel\npop rdx\njmp .again\n";
            case "readonly" -> "mov edi, DIRECTORY\n.again: mov [rdi], rax\njmp .again\n";
            case "serial" -> ".again: mov al, 'x'\ncall put_char\njmp .again\n";
            default -> throw new IllegalArgumentException(storm);
        };
    }

    /** The storm's exits are of this kind; a doorbell makes none: KVM signals the peer by itself. */
    @ParameterizedTest
    @CsvSource({
        "ports,io-out",
        "mmio,mmio-write",
        "doorbells,",
        "requests,io-out",
        "readonly,mmio-write",
        "serial,io-out"
    })
    void stormIsBoundedStoppableAndDisturbsNobody(String storm, String exitKind) throws Exception {
        Cloister cloister = Cloister.fresh();
        String source = "main:\nchannel \"data\", data\nprint `begins\\n`\n" + body(storm)
                + "section .data\nname: db \"reader\", 0\nsection .text\n";
        Path policy = PolicyFile.in(cloister.folder(), "storm")
                .domain("storm", Guests.long64(cloister.folder(), "storm", source))
                .domain("reader", Guests.assemble(cloister.folder(), "ticker"))
                .memory("data", "storm", "reader")
                .write();
        try (Up up = Up.start(cloister, policy, "--quiet")) {
            // The sibling's ticks: a second's worth while the storm goes on.
            long before = up.domain("reader").exits();
            Snapshot state = up.until(s -> Up.domain(s, "reader").exits() > before + 200, "progress of the sibling");
            if (exitKind != null) {
                long first = Up.domain(state, "storm").exitsByKind().getOrDefault(exitKind, 0L);
                up.until(
                        s -> Up.domain(s, "storm").exitsByKind().getOrDefault(exitKind, 0L) > first + 1000,
                        "a storm of " + exitKind);
            }
            for (ProcessHandle process : List.of(up.daemon(), up.vmm("storm"), up.vmm("reader"))) {
                assertThat(residentKib(process)).isLessThan(MOST_KIB);
            }
            cloister.run("stop", "storm").expect(0);
            long later = up.domain("reader").exits();
            up.until(s -> Up.domain(s, "reader").exits() > later, "the sibling after the storm");
            up.shutdown().expect(0);
        }
        assertThat(Files.readAllLines(cloister.auditLog("storm"))).hasSizeLessThan(MOST_RECORDS);
        cloister.run("audit", "verify").expect(0);
    }

    private static long residentKib(ProcessHandle process) throws IOException {
        return Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElseThrow();
    }
}
