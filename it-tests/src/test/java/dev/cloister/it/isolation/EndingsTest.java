package dev.cloister.it.isolation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Up;
import dev.cloister.policy.protocol.Snapshot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Guests that end themselves by what they try, and guests that get nowhere: each alone, while a bystander counts. */
@Timeout(900)
class EndingsTest {
    /** Domains at a time: as many processes as a small machine bears. */
    private static final int TOGETHER = 4;

    private static final Duration STOP = Duration.ofSeconds(20);
    private static final String BEGUN = "begins";

    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    static List<List<Ending>> endings() {
        return parts(Ending.ALL);
    }

    static List<List<Ending>> stalls() {
        return parts(Ending.STALLS);
    }

    private static List<List<Ending>> parts(List<Ending> all) {
        return IntStream.range(0, (all.size() + TOGETHER - 1) / TOGETHER)
                .mapToObj(i -> all.subList(i * TOGETHER, Math.min(all.size(), (i + 1) * TOGETHER)))
                .toList();
    }

    private static Path policy(Cloister cloister, List<Ending> domains) throws Exception {
        Path folder = cloister.folder();
        PolicyFile policy =
                PolicyFile.in(folder, "endings").domain("bystander", Guests.assemble(folder, "isolation/bystander"));
        for (Ending each : domains) {
            String body = "main:\nprint `" + BEGUN + "\\n`\n" + each.body();
            policy.domain(each.name(), Guests.long64(folder, each.name(), body));
        }
        return policy.write();
    }

    private static void bystanderGoesOn(Up up) throws Exception {
        long exits = up.domain("bystander").exits();
        up.until(s -> Up.domain(s, "bystander").exits() > exits + 10, "exits of the bystander");
    }

    @ParameterizedTest
    @MethodSource("endings")
    void guestEndsAlone(List<Ending> endings) throws Exception {
        Cloister cloister = Cloister.fresh();
        try (Up up = Up.start(cloister, policy(cloister, endings))) {
            for (Ending each : endings) {
                Snapshot state =
                        up.until(s -> Up.domain(s, each.name()).state().equals("exited"), "the end of " + each.name());
                assertThat(Up.domain(state, each.name()).exitCode())
                        .as(each.name())
                        .isIn(each.codes());
            }
            bystanderGoesOn(up);
            up.shutdown();
        }
        cloister.run("audit", "verify").expect(0);
    }

    /** Whatever such a guest does to its own virtual processor, the operator can end it, and the log stays small. */
    @ParameterizedTest
    @MethodSource("stalls")
    void guestThatGetsNowhereCanBeStopped(List<Ending> stalls) throws Exception {
        Cloister cloister = Cloister.fresh();
        try (Up up = Up.start(cloister, policy(cloister, stalls))) {
            up.command()
                    .awaitOut(
                            out -> stalls.stream()
                                    .allMatch(each -> out.lines()
                                            .anyMatch(line -> line.startsWith(each.name()) && line.endsWith(BEGUN))),
                            "begin of each guest");
            bystanderGoesOn(up);
            for (Ending each : stalls) {
                stop(cloister, up, each.name());
            }
            bystanderGoesOn(up);
            up.shutdown();
        }
        // Four of a kind a second and domain, for less than a minute.
        assertThat(Files.readAllLines(cloister.auditLog("endings"))).hasSizeLessThan(800);
        cloister.run("audit", "verify").expect(0);
    }

    private static void stop(Cloister cloister, Up up, String domain) throws Exception {
        Snapshot.DomainView view = up.domain(domain);
        if (view.state().equals("running")) {
            cloister.run("stop", domain).expect(0);
            ProcessHandle.of(view.pid())
                    .ifPresent(vmm -> vmm.onExit()
                            .orTimeout(STOP.toSeconds(), TimeUnit.SECONDS)
                            .join());
        }
        assertThat(up.domain(domain).state()).as(domain).isEqualTo("exited");
    }

    /** KVM may never come back from an instruction that sets a bit in a descriptor which lies in read-only memory. */
    @Test
    void descriptorsInTheOneWayRegionChangeNothing() throws Exception {
        String load = """
            main:
                    channel "down", down
                    mov     edi, 50
                    call    start_timer
            .peer:  call    wait_interrupt
                    mov     rsi, [down]
                    mov     rsi, [rsi + ENTRY_GPA]
                    mov     eax, [rsi + 0xFFF8]
                    cmp     eax, 0xFFF8
                    jne     .peer
                    add     rsi, 0xA000
                    mov     [pointer + 2], rsi
                    mov     word [pointer], 39
                    lgdt    [pointer]
                    print   `begins\\n`
                    mov     eax, %s
                    %s
            .end:   jmp     .end
                    section .bss
            pointer: resb   16
            """;
        Cloister cloister = Cloister.fresh();
        Path folder = cloister.folder();
        Path policy = PolicyFile.in(folder, "endings")
                .domain("bystander", Guests.assemble(folder, "isolation/bystander"))
                .domain("peer", Guests.assemble(folder, "isolation/peer"))
                .domain("segment", Guests.long64(folder, "segment", load.formatted("DATA", "mov ds, eax")))
                .memory("down", "peer", "segment")
                .memory("up", "segment", "peer")
                .write();
        try (Up up = Up.start(cloister, policy)) {
            up.command().awaitOut("segment   | begins");
            bystanderGoesOn(up);
            cloister.run("stop", "segment").expect(0);
            up.command().awaitOut("segment   * exited");
            bystanderGoesOn(up);
            assertThat(up.shutdown().out()).doesNotContain("CHANGED");
        }
    }
}
