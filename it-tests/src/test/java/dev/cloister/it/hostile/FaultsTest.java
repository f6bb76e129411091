package dev.cloister.it.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.Json;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Up;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Guests that fail and VMM processes that die: each alone. */
class FaultsTest {
    /** No gates at all and an undefined instruction: #UD, then #DF, then shutdown. */
    private static final String TRIPLE = """
        main:
                lidt    [nothing]
                ud2
                section .data
        nothing: dw 0
                dq 0
                section .text
        """;

    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    @Test
    void tripleFaultIs70WithAReadableReport() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path image = Guests.long64(cloister.folder(), "triple", TRIPLE);
        Path report = cloister.folder().resolve("report.json");
        Finished end = cloister.run(
                        "run", "--kernel", image.toString(), "--memory", "16M", "--report", report.toString())
                .expect(70);
        assertThat(end.err()).containsIgnoringCase("triple fault").contains("rip", "cr3");
        assertThat(end.out()).isEmpty();
        Json json = Json.read(report);
        assertThat(json.text("outcome")).isEqualTo("guest-fault");
        assertThat(json.get("fault").text("reason")).containsIgnoringCase("triple fault");
        assertThat(json.get("fault").get("registers").text("cr3")).startsWith("0x");
    }

    @Test
    void tripleFaultOfOneDomainIsAuditedAndLeavesTheOthersAlone() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = PolicyFile.in(cloister.folder(), "triple")
                .domain("clock", Guests.assemble(cloister.folder(), "ticker"))
                .domain("faulty", Guests.long64(cloister.folder(), "faulty", TRIPLE))
                .write();
        try (Up up = Up.start(cloister, policy)) {
            Snapshot state = up.until(s -> Up.domain(s, "faulty").state().equals("exited"), "the end of faulty");
            assertThat(Up.domain(state, "faulty").exitCode()).isEqualTo(70);
            long exits = up.domain("clock").exits();
            up.until(s -> Up.domain(s, "clock").exits() > exits, "exits of the sibling");
            up.shutdown().expect(70);
        }
        assertThat(Files.readString(cloister.auditLog("triple")))
                .containsPattern("\"event\":\"guestFault\"[^\\n]*\"domain\":\"faulty\"");
    }

    @Test
    void killedVmmSeversItsChannelsAndItsSiblingsLiveOn() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = PolicyFile.in(cloister.folder(), "killed")
                .domain("clock", Guests.assemble(cloister.folder(), "ticker"))
                .domain("writer", Guests.assemble(cloister.folder(), "writer", "LIMIT equ 1000000"))
                .domain("reader", Guests.assemble(cloister.folder(), "reader", "LIMIT equ 1000000"))
                .memory("data", "writer", "reader")
                .write();
        try (Up up = Up.start(cloister, policy)) {
            up.command().awaitOut("reader: 20 records");
            up.vmm("writer").destroyForcibly();
            // The reader finds it in its directory and switches off by itself.
            up.command().awaitOut("reader: severed");
            Snapshot state = up.until(s -> Up.domain(s, "reader").state().equals("exited"), "the end of the reader");
            assertThat(Up.domain(state, "reader").exitCode()).isZero();
            assertThat(Up.domain(state, "writer").exitCode()).isEqualTo(128 + 9);
            assertThat(Up.flow(state, "data").state()).isEqualTo("severed");
            assertThat(Up.domain(state, "clock").state()).isEqualTo("running");
            long exits = up.domain("clock").exits();
            up.until(s -> Up.domain(s, "clock").exits() > exits, "exits of the sibling");
            up.shutdown().expect(70);
        }
        assertThat(Files.readString(cloister.auditLog("killed")))
                .containsPattern("\"event\":\"domainKilled\"[^\\n]*\"domain\":\"writer\"")
                .containsPattern("\"event\":\"channelClose\"[^\\n]*\"flow\":\"data\"");
        cloister.run("audit", "verify").expect(0);
    }

    /** The kernel tells of unread messages by ECONNRESET: no reason to accuse the dead of breaking the protocol. */
    @Test
    void vmmKilledWithMessagesUnreadIsNoProtocolError() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = PolicyFile.in(cloister.folder(), "unread")
                .domain("clock", Guests.assemble(cloister.folder(), "ticker"))
                .domain("deaf", Guests.assemble(cloister.folder(), "ticker"))
                .write();
        try (Up up = Up.start(cloister, policy);
                PolicyDaemonClient client = PolicyDaemonClient.connect(up.socket())) {
            ProcessHandle deaf = up.vmm("deaf");
            cloister.runCommand(List.of("kill", "-STOP", Long.toString(deaf.pid())))
                    .expect(0);
            long before = up.now().auditRecords();
            Future<String> answer = CompletableFuture.supplyAsync(() -> pause(client, "deaf"));
            up.until(s -> s.auditRecords() > before, "the operator's record");
            deaf.destroyForcibly();
            Snapshot state = up.until(s -> Up.domain(s, "deaf").state().equals("exited"), "the end of deaf");
            assertThat(Up.domain(state, "deaf").violations()).isZero();
            assertThat(Up.domain(state, "deaf").exitCode()).isEqualTo(128 + 9);
            assertThat(answer.get(240, TimeUnit.SECONDS)).isEqualTo("refused: deaf is exited: expected paused");
            up.shutdown().expect(70);
        }
        assertThat(Files.readString(cloister.auditLog("unread")))
                .doesNotContain("protocolError")
                .containsPattern("\"event\":\"domainKilled\"[^\\n]*\"domain\":\"deaf\"");
    }

    /** A counter far ahead of what the ring holds: the VMM closes the stream and tells; neither guest is ended. */
    @Test
    void guestThatLiesAboutItsStreamHasItClosed() throws Exception {
        String liar = """
            main:
                    channel "data", data
                    mov     edi, 50
                    call    start_timer
                    mov     rdi, [data]
                    mov     r8, [rdi + ENTRY_GPA]
                    mov     qword [r8 + BYTES_PRODUCED], 0x12345678
                    call    ring_bell
                    print   `lied\\n`
            .wait:  call    wait_interrupt
                    jmp     .wait
            """;
        Cloister cloister = Cloister.fresh();
        Path policy = PolicyFile.in(cloister.folder(), "lies")
                .domain("liar", Guests.long64(cloister.folder(), "liar", liar))
                .domain("clock", Guests.assemble(cloister.folder(), "ticker"))
                .stream("data", "liar", "clock")
                .write();
        try (Up up = Up.start(cloister, policy)) {
            Snapshot state = up.until(s -> Up.domain(s, "liar").violations() > 0, "a violation");
            assertThat(Up.flow(state, "data").units()).isZero();
            assertThat(Up.domain(state, "liar").state()).isEqualTo("running");
            long exits = up.domain("clock").exits();
            up.until(s -> Up.domain(s, "clock").exits() > exits, "exits of the receiver");
            up.shutdown().expect(0);
        }
        assertThat(Files.readString(cloister.auditLog("lies")))
                .containsPattern("\"event\":\"violation\"[^\\n]*\"domain\":\"liar\"[^\\n]*data");
    }

    private static String pause(PolicyDaemonClient client, String domain) {
        try {
            return client.pause(domain);
        } catch (PolicyDaemonClient.RefusedException e) {
            return "refused: " + e.getMessage();
        } catch (IOException e) {
            return "lost: " + e.getMessage();
        }
    }
}
