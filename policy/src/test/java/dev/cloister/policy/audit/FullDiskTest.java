package dev.cloister.policy.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.policy.model.AuditRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real file system of 256 KiB that becomes full, also in the middle of a rotation; needs the right to mount. */
class FullDiskTest {
    private static final int DISK = 256 << 10;

    @TempDir
    Path directory;

    private Path mount;

    @BeforeEach
    void mount() throws Exception {
        mount = Files.createDirectory(directory.resolve("disk"));
        boolean mounted = run("mount", "-t", "tmpfs", "-o", "size=" + DISK, "tmpfs", mount.toString());
        if (!mounted) {
            System.out.println("FullDiskTest is skipped: mounting a tmpfs is not allowed here (needs root)");
            mount = directory;
        }
        Assumptions.assumeTrue(mounted, "mounting a tmpfs is not allowed here (needs root)");
    }

    @AfterEach
    void unmount() throws Exception {
        if (!mount.equals(directory)) {
            run("umount", mount.toString());
        }
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getInputStream().readAllBytes();
        return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
    }

    private static AuditEvent event(int n) {
        return AuditEvent.of(AuditKind.VIOLATION).withDetail("n", Integer.toString(n));
    }

    /** Fills what is left of the disk but for some bytes. */
    private void fill(Path ballast, int leave) throws IOException {
        long free = Files.getFileStore(mount).getUsableSpace() - leave;
        Files.write(ballast, new byte[(int) Math.max(0, free)]);
    }

    @Test
    void recordsWaitAndNoneIsLostWhileTheDiskIsFull() throws Exception {
        for (long seed = 1; seed <= 12; seed++) {
            Random random = new Random(seed);
            Path file = mount.resolve("audit-" + seed + ".log");
            Path ballast = mount.resolve("ballast");
            List<String> expected = new ArrayList<>();
            int failures = 0;
            try (AuditLog log = AuditLog.open(file, AuditListener.NONE)) {
                log.rotation(Optional.of(new AuditRule.Rotation(3000 + random.nextInt(9000), 0)));
                fill(ballast, 4096 * random.nextInt(5));
                for (int n = 0; n < 150; n++) {
                    expected.add(log.add(event(n)).hash());
                    try {
                        while (log.pending() > 0) {
                            log.commit();
                        }
                    } catch (AuditException e) {
                        failures++;
                        assertThat(e).hasMessageContaining("No space left on device");
                        assertThat(log.usable()).isTrue();
                        assertThat(AuditVerifier.verify(file, Optional.empty()).whole())
                                .as("seed %d: what is there is whole", seed)
                                .isTrue();
                        if (random.nextInt(4) == 0) {
                            Files.delete(ballast);
                            while (log.pending() > 0) {
                                log.commit();
                            }
                            fill(ballast, 4096 * random.nextInt(3));
                        }
                    }
                }
                Files.deleteIfExists(ballast);
            }
            assertThat(failures).as("seed %d", seed).isPositive();
            AuditVerification found = AuditVerifier.verify(file, Optional.empty());
            assertThat(found.whole()).as("seed %d: %s", seed, found).isTrue();
            List<String> kept = new ArrayList<>();
            try (AuditReader reader = AuditReader.open(file)) {
                for (Optional<AuditRecord> r = reader.next(); r.isPresent(); r = reader.next()) {
                    if (r.get().event().kind() == AuditKind.VIOLATION) {
                        kept.add(r.get().hash());
                    }
                }
            }
            assertThat(kept).as("seed %d", seed).isEqualTo(expected);
            try (var files = Files.list(mount)) {
                for (Path each : files.toList()) {
                    Files.delete(each);
                }
            }
        }
    }

    @Test
    void whatIsDiscardedLeavesNoTraceAndTheLogGoesOn() throws Exception {
        Path file = mount.resolve("audit.log");
        Path ballast = mount.resolve("ballast");
        try (AuditLog log = AuditLog.open(file, AuditListener.NONE)) {
            log.append(event(1));
            fill(ballast, 0);
            for (int n = 0; n < 40; n++) {
                log.add(event(n));
            }
            assertThatThrownBy(log::commit).isInstanceOf(AuditException.class);
            assertThat(log.discard()).isEqualTo(40);
            Files.delete(ballast);
            assertThat(log.append(event(2)).seq()).isEqualTo(2);
        }
        assertThat(AuditVerifier.verify(file, Optional.empty()).whole()).isTrue();
        assertThat(Files.readAllLines(file)).hasSize(3);
    }
}
