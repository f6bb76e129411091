package dev.cloister.policy.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.linux.BlockFile;
import dev.cloister.linux.Linux;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.Snapshot;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Disks: opened, locked and measured by the daemon alone, handed over one direction at a time, and taken back for good. */
@Timeout(600)
class DiskFlowTest {
    private static final int BYTES = 8192;
    private static final int MEMORY_BYTES = 2 << 20;

    @TempDir
    Path directory;

    @BeforeEach
    void disk() throws Exception {
        write("disk.img", "good");
    }

    private byte[] write(String name, String begins) throws Exception {
        byte[] content = Arrays.copyOf(begins.getBytes(StandardCharsets.US_ASCII), BYTES);
        Files.write(directory.resolve(name), content);
        return content;
    }

    private DaemonFixture fixture(String members, String behaviour) throws Exception {
        return new DaemonFixture(directory)
                .domain("guest", "high", behaviour)
                .host(", \"disks\": {\"root\": {\"path\": \"disk.img\", \"label\": {\"level\": \"high\"}" + members
                        + "}}");
    }

    @Test
    void eachDirectionHasADescriptorThatCanDoNothingElse() throws Exception {
        DaemonFixture both = fixture("", "plain")
                .flow("reads", "@disk:root", "guest", "disk", "")
                .flow("writes", "guest", "@disk:root", "disk", "");
        try (DaemonFixture.Running daemon = both.start()) {
            String said = daemon.awaitSerial("guest", "attached writes");
            assertThat(said).contains("disk reads reads good, write EBADF").contains("disk writes read EBADF, writes");
            Snapshot live =
                    daemon.await(s -> DaemonFixture.flow(s, "reads").state().equals("live")
                            && DaemonFixture.flow(s, "writes").state().equals("live")
                            && DaemonFixture.all(s, "running", "guest"));
            assertThat(DaemonFixture.domain(live, "guest").violations()).isZero();
        }
        assertThat(Files.readAllBytes(directory.resolve("disk.img"))[512]).isEqualTo((byte) '0');
    }

    @Test
    void contentThatIsNotAsStatedIsNotHandedOver() throws Exception {
        String stated = DaemonFixture.sha256(write("disk.img", "good"));
        write("disk.img", "evil");
        String members = ", \"readOnly\": true, \"sha256\": \"" + stated + "\"";
        try (DaemonFixture.Running daemon = fixture(members, "plain")
                .flow("reads", "@disk:root", "guest", "disk", "")
                .start()) {
            Snapshot seen =
                    daemon.await(s -> DaemonFixture.domain(s, "guest").state().equals("running"));
            assertThat(DaemonFixture.flow(seen, "reads").state()).isEqualTo("refused");
            assertThat(daemon.audit()).contains("@disk:root has SHA-256").contains("but the policy expects " + stated);
        }
    }

    @Test
    void contentThatIsAsStatedIsHandedOver() throws Exception {
        String members =
                ", \"readOnly\": true, \"sha256\": \"" + DaemonFixture.sha256(write("disk.img", "good")) + "\"";
        try (DaemonFixture.Running daemon = fixture(members, "plain")
                .flow("reads", "@disk:root", "guest", "disk", "")
                .start()) {
            assertThat(daemon.awaitSerial("guest", "attached reads")).contains("disk reads reads good, write EBADF");
        }
    }

    @Test
    void diskThatSomebodyElseHasLockedKeepsItsDomainFromStarting() throws Exception {
        Path file = directory.resolve("disk.img");
        try (BlockFile other = BlockFile.own(Linux.openReadOnly(file.toString()), "other")) {
            assertThat(other.tryLock(false)).isTrue();
            DaemonFixture fixture = fixture("", "plain").flow("writes", "guest", "@disk:root", "disk", "");
            try (DaemonFixture.Running daemon = fixture.start()) {
                Snapshot last = daemon.await(
                        s -> DaemonFixture.domain(s, "guest").state().equals("refused"));
                String note = DaemonFixture.domain(last, "guest").note();
                assertThat(note).contains("@disk:root").contains("in use by another process");
            }
        }
    }

    @Test
    void revokedDiskIsGivenBackAndComesAgainAsTheSameFile() throws Exception {
        DaemonFixture fixture = fixture("", "plain").flow("reads", "@disk:root", "guest", "disk", "");
        try (DaemonFixture.Running daemon = fixture.start();
                PolicyDaemonClient client = daemon.client()) {
            daemon.await(s -> DaemonFixture.flow(s, "reads").state().equals("live"));
            write("other.img", "evil");
            Files.move(
                    directory.resolve("other.img"), directory.resolve("disk.img"), StandardCopyOption.REPLACE_EXISTING);
            client.revoke("reads");
            daemon.await(s -> DaemonFixture.flow(s, "reads").state().equals("revoked"));
            client.open("reads");
            Snapshot again = daemon.await(s -> DaemonFixture.flow(s, "reads").openings() == 2
                    && DaemonFixture.flow(s, "reads").state().equals("live"));
            assertThat(DaemonFixture.domain(again, "guest").state()).isEqualTo("running");
            String said = daemon.awaitSerial("guest", "attached reads\nrevoked 1\n");
            assertThat(said).doesNotContain("evil");
        }
    }

    @Test
    void memoryThatIsWrittenComesWithAnOpeningThatReadsAsWell() throws Exception {
        Files.write(
                directory.resolve("disk.img"), Arrays.copyOf("good".getBytes(StandardCharsets.US_ASCII), MEMORY_BYTES));
        DaemonFixture both = fixture(", \"persistentMemory\": true", "plain")
                .flow("reads", "@disk:root", "guest", "disk", "")
                .flow("writes", "guest", "@disk:root", "disk", "");
        try (DaemonFixture.Running daemon = both.start()) {
            assertThat(daemon.awaitSerial("guest", "attached writes"))
                    .contains("range @disk:root 2097152 written")
                    .contains("disk reads reads good, write EBADF")
                    .contains("disk writes reads good, writes");
        }
    }

    @Test
    void memoryOfAnOddSizeKeepsItsDomainFromStarting() throws Exception {
        DaemonFixture fixture =
                fixture(", \"persistentMemory\": true", "plain").flow("reads", "@disk:root", "guest", "disk", "");
        try (DaemonFixture.Running daemon = fixture.start()) {
            Snapshot last =
                    daemon.await(s -> DaemonFixture.domain(s, "guest").state().equals("refused"));
            assertThat(DaemonFixture.domain(last, "guest").note())
                    .contains("has 8192 bytes; expected of persistent memory a multiple of 2 MiB");
        }
    }

    /** It keeps the descriptor, or only a mapping of what it opened. */
    @ParameterizedTest
    @ValueSource(strings = {"lie", "keep-mapping"})
    void vmmThatKeepsARevokedDiskIsKilled(String how) throws Exception {
        DaemonFixture fixture = fixture("", how).flow("reads", "@disk:root", "guest", "disk", "");
        try (DaemonFixture.Running daemon = fixture.start();
                PolicyDaemonClient client = daemon.client()) {
            daemon.await(s -> DaemonFixture.flow(s, "reads").state().equals("live"));
            client.revoke("reads");
            Snapshot last =
                    daemon.await(s -> DaemonFixture.domain(s, "guest").state().equals("exited"));
            assertThat(DaemonFixture.domain(last, "guest").note())
                    .contains("kept channel reads that it said to have given back");
        }
    }
}
