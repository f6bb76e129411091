package dev.cloister.it.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.Json;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Up;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.ControlReply;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The policy daemon is killed: what lives follows the policy's word, and the log keeps all that was acknowledged. */
class DaemonLossTest {
    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    /**
     * Under {@code sever} the guests find their channel severed and switch off, long before the limit; under {@code keep} the
     * reader reaches its limit, which needs the channel, and the writer goes on to its own.
     */
    @ParameterizedTest
    @CsvSource({"sever,1000000,1000000", "keep,600,700"})
    void killedDaemonLeavesChannelsAsThePolicySays(String word, int readerLimit, int writerLimit) throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = PolicyFile.in(cloister.folder(), "loss")
                .domain("writer", Guests.assemble(cloister.folder(), "writer", "LIMIT equ " + writerLimit))
                .domain("reader", Guests.assemble(cloister.folder(), "reader", "LIMIT equ " + readerLimit))
                .memory("data", "writer", "reader")
                .onDaemonLoss(word)
                .write();
        ControlReply.AuditHead acknowledged;
        try (Up up = Up.start(cloister, policy)) {
            up.command().awaitOut("reader: 20 records");
            ProcessHandle writer = up.vmm("writer");
            ProcessHandle reader = up.vmm("reader");
            try (PolicyDaemonClient client = PolicyDaemonClient.connect(up.socket())) {
                acknowledged = client.auditHead();
            }
            up.daemon().destroyForcibly();
            assertThat(up.command().await().expect(69).err()).contains("daemon was killed (signal 9)", word);
            writer.onExit().get(60, TimeUnit.SECONDS);
            reader.onExit().get(60, TimeUnit.SECONDS);
        }
        nothingAcknowledgedIsLost(cloister, acknowledged);
        anotherDaemonGoesOnWithTheSameLog(cloister, policy);
    }

    private static void nothingAcknowledgedIsLost(Cloister cloister, ControlReply.AuditHead acknowledged)
            throws Exception {
        Json verified = cloister.run("audit", "verify", "--json", "--expect-head", acknowledged.hash())
                .expect(0)
                .json();
        assertThat(verified.number("records")).isGreaterThanOrEqualTo(acknowledged.records());
    }

    private static void anotherDaemonGoesOnWithTheSameLog(Cloister cloister, Path policy) throws Exception {
        try (Up up = Up.start(cloister, policy)) {
            up.command().awaitOut("reader: 20 records");
            up.shutdown().expect(0);
        }
        cloister.run("audit", "verify").expect(0);
        assertThat(Files.readString(cloister.auditLog("loss")).split("\"event\":\"daemonStart\"", -1))
                .hasSize(3);
    }
}
