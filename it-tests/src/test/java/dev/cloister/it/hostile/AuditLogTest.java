package dev.cloister.it.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.Json;
import dev.cloister.it.harness.PolicyFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** An audit log that was tampered with, and one whose disk is full. */
class AuditLogTest {
    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    private static Path ranOnce(Cloister cloister) throws Exception {
        Path policy = PolicyFile.in(cloister.folder(), "once")
                .domain("hello", Guests.long64(cloister.folder(), "hello", "main: print `hello\\n`\nret\n"))
                .write();
        cloister.run("up", policy.toString()).expect(0);
        cloister.run("audit", "verify").expect(0);
        return cloister.auditLog("once");
    }

    @Test
    void oneAlteredByteIsFoundWithItsLine() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path log = ranOnce(cloister);
        byte[] bytes = Files.readAllBytes(log);
        int lines = (int) Files.lines(log).count();
        for (int line : new int[] {1, lines / 2, lines}) {
            byte[] altered = bytes.clone();
            // A digit of the time, whatever stands there.
            int at = offsetOf(bytes, line)
                    + new String(bytes, java.nio.charset.StandardCharsets.US_ASCII)
                            .substring(offsetOf(bytes, line))
                            .indexOf("\"time\":\"")
                    + 8;
            altered[at] ^= 1;
            Files.write(log, altered);
            Finished end = cloister.run("audit", "verify").expect(1);
            assertThat(end.out()).contains("NOT whole").contains("line " + line + " ");
            Json json = cloister.run("audit", "verify", "--json").expect(1).json();
            assertThat(json.flag("whole")).isFalse();
            assertThat(json.get("fault").number("line")).isEqualTo(line);
        }
    }

    @Test
    void removedRecordsAreFound() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path log = ranOnce(cloister);
        List<String> lines = Files.readAllLines(log);
        List<String> gap = new ArrayList<>(lines);
        gap.remove(2);
        Files.write(log, gap);
        assertThat(cloister.run("audit", "verify").expect(1).out()).contains("line 3 ");
        Files.write(log, lines.subList(0, lines.size() - 1));
        assertThat(cloister.run("audit", "verify").expect(1).out()).contains("NOT whole");
    }

    @Test
    void damagedLogIsNotContinued() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path log = ranOnce(cloister);
        byte[] bytes = Files.readAllBytes(log);
        bytes[bytes.length / 2] ^= 1;
        Files.write(log, bytes);
        Finished end = cloister.run("up", cloister.folder().resolve("once.json").toString());
        assertThat(end.expect(69).err()).contains("not whole");
        assertThat(Files.readAllBytes(log)).isEqualTo(bytes);
    }

    private static int offsetOf(byte[] bytes, int line) {
        int at = 0;
        for (int n = 1; n < line; n++) {
            while (bytes[at++] != '\n') {
                continue;
            }
        }
        return at;
    }

    /**
     * The state folder is a file system of five pages in a mount namespace of its own. A guest asks for what it does not get until
     * the log has no room.
     */
    @Test
    void fullDiskHaltsTheDomainsAndTheLogStaysWhole() throws Exception {
        Host.needsMountNamespace();
        Cloister cloister = Cloister.fresh();
        String asks = """
            main:
                    mov     edi, 20
                    call    start_timer
            .again: lea     rdi, [name]
                    mov     esi, KIND_MEMORY
                    mov     edx, DIRECTION_OUT
                    call    request_channel
                    call    wait_interrupt
                    jmp     .again
                    section .data
            name:   db      "clock", 0
                    section .text
            """;
        Path policy = PolicyFile.in(cloister.folder(), "full")
                .domain("clock", Guests.assemble(cloister.folder(), "ticker"))
                .domain("asker", Guests.long64(cloister.folder(), "asker", asks))
                .write();
        Files.createDirectories(cloister.state());
        String script = "mount -t tmpfs -o size=40k,mode=700 none " + cloister.state() + " && {\n"
                + quoted(Cloister.commandLine("up", "--quiet", policy.toString())) + "; code=$?\n"
                + quoted(Cloister.commandLine("audit", "verify", "full")) + "; echo verified: $?\n"
                + "exit $code; }";
        Finished end = cloister.runCommand(List.of("unshare", "-m", "sh", "-c", script))
                .expect(69);
        assertThat(end.out()).contains("verified: 0");
        assertThat(end.err()).contains("audit log", "No space left", "audit.onFull: halt");
    }

    private static String quoted(List<String> command) {
        List<String> words = new ArrayList<>();
        command.forEach(word -> words.add("'" + word + "'"));
        return String.join(" ", words);
    }
}
