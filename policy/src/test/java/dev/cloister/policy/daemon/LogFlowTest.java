package dev.cloister.policy.daemon;

import static dev.cloister.policy.daemon.DaemonFixture.flow;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.protocol.Snapshot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Log flows of a daemon: from a domain, and of the audit log. */
@Timeout(600)
class LogFlowTest {
    @TempDir
    Path directory;

    @Test
    void whatADomainSaysIsBoundedThoughThePolicySaysNothing() throws Exception {
        // 2,000 records of 1,008 bytes each, of which 64 KiB may pass at once.
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("from", "low", "message:1:2000:1000")
                .domain("to", "low", "")
                .flow("notes", "from", "to", "log", "");
        try (DaemonFixture.Running running = fixture.start()) {
            long begun = System.nanoTime();
            running.awaitSerial("from", "sent 2000");
            Snapshot.FlowView notes = flow(
                    running.await(s ->
                            flow(s, "notes").units() / 1008 + flow(s, "notes").refused() >= 1900),
                    "notes");
            double seconds = (System.nanoTime() - begun) / 1e9;
            assertThat((double) notes.units()).isLessThanOrEqualTo(65_536 * (2 + seconds));
            assertThat(notes.refused()).isPositive();
            assertThat(notes.reverse()).isZero();
        }
    }

    @Test
    void aFileKeepsLinesThatNoGuestCanForge() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("from", "low", "message:1:2000:1000")
                .flow("notes", "from", "@log:kept", "log", ", \"rate\": {\"perSecond\": 2000, \"burst\": 3000}")
                .host(", \"logs\": {\"kept\": {\"path\": \"kept.log\", \"maxBytes\": \"1M\", \"label\": {\"level\":"
                        + " \"low\"}}}");
        try (DaemonFixture.Running running = fixture.start()) {
            running.await(s -> flow(s, "notes").refused() > 1000);
        }
        Path file = directory.resolve("kept.log");
        assertThat(Files.getPosixFilePermissions(file)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
        String time = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z";
        Pattern said = Pattern.compile(time + " notes: (\\\\x00){254}");
        Pattern lost = Pattern.compile(time + " notes! \\d+ lost");
        assertThat(Files.readAllLines(file))
                .hasSizeGreaterThan(2)
                .allSatisfy(line -> assertThat(said.matcher(line).matches()
                                || lost.matcher(line).matches())
                        .as(line)
                        .isTrue())
                .anySatisfy(line -> assertThat(line).contains("notes: "))
                .anySatisfy(line -> assertThat(line).contains("notes! "));
    }

    @Test
    void theAuditLogIsHeardAsItIsWritten() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("logger", "high", "listen:1:3")
                .flow("log", "@audit", "logger", "log", ", \"recordBytes\": 4096");
        try (DaemonFixture.Running running = fixture.start()) {
            running.awaitSerial("logger", "packet after 0 lost: {\"seq\":");
            Snapshot now = running.await(s -> flow(s, "log").units() > 0);
            assertThat(flow(now, "log").refused()).isZero();
        }
    }

    @Test
    void aQuotaOfALogIsKept() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("from", "low", "message:1:100:92")
                .domain("to", "low", "")
                .flow("notes", "from", "to", "log", ", \"quota\": {\"bytes\": \"2K\", \"per\": \"1h\"}");
        try (DaemonFixture.Running running = fixture.start()) {
            Snapshot used = running.await(s -> flow(s, "notes").state().equals("revoked"));
            assertThat(flow(used, "notes").units()).isLessThanOrEqualTo(2048);
            assertThat(flow(used, "notes").limits().quotaUsed()).isEqualTo(2048);
        }
    }
}
