package dev.cloister.policy.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.OpenFileMark;
import dev.cloister.policy.daemon.DaemonFixture;
import dev.cloister.policy.language.PolicyLoader;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import dev.cloister.policy.model.Policy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.HashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk as one daemon leaves it to the next. */
class HostDiskTest {
    private static final int BYTES = 4096;

    @TempDir
    Path directory;

    private HostEndpoint endpoint() throws Exception {
        Files.write(directory.resolve("disk.img"), new byte[BYTES]);
        Policy policy = PolicyLoader.load(
                new DaemonFixture(directory)
                        .domain("guest", "high", "plain")
                        .host(", \"disks\": {\"root\": {\"path\": \"disk.img\", \"label\": {\"level\": \"high\"}}}")
                        .flow("writes", "guest", "@disk:root", "disk", "")
                        .options(Duration.ofSeconds(30))
                        .policy()
                        .file(),
                LocalDate.EPOCH);
        Endpoint found = policy.endpoint("@disk:root").orElseThrow();
        return (HostEndpoint) found;
    }

    private static HostDisk open(HostEndpoint endpoint, Optional<Fd> kept) throws IOException {
        return HostDisk.open(endpoint, (HostObject.Disk) endpoint.object(), true, kept, _ -> {});
    }

    private static Fd duplicate(Fd fd) {
        try {
            return fd.duplicate();
        } catch (ErrnoException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void nextDaemonHasTheSameFileUnderTheSameLockAndKnowsWhatWasHandedOver() throws Exception {
        HostEndpoint endpoint = endpoint();
        AtomicReference<@Nullable Fd> store = new AtomicReference<>();
        long mark = HostDisk.mark("writes.1");
        HostDisk first = open(endpoint, Optional.empty());
        HostDisk.Opening handed = first.hand(true, mark);
        first.keep(fd -> store.set(duplicate(fd)));
        Path file = directory.resolve("disk.img");
        Files.move(file, directory.resolve("moved.img"));
        Files.write(file, new byte[2 * BYTES]);
        try (HostDisk next = open(endpoint, Optional.ofNullable(store.get()))) {
            assertThat(next.bytes()).isEqualTo(BYTES);
            assertThat(next.released(mark)).isFalse();
            assertThat(next.released(HostDisk.mark("writes.2"))).isTrue();
            handed.fd().close();
            assertThat(next.released(mark)).isTrue();
        }
        first.close();
    }

    @Test
    void closedDiskIsFreeThoughItsDescriptorIsStillKept() throws Exception {
        HostEndpoint endpoint = endpoint();
        AtomicReference<@Nullable Fd> store = new AtomicReference<>();
        HostDisk first = open(endpoint, Optional.empty());
        first.keep(fd -> store.set(duplicate(fd)));
        assertThatThrownBy(() -> open(endpoint, Optional.empty())).hasMessageContaining("in use by another process");
        first.close();
        open(endpoint, Optional.empty()).close();
        Objects.requireNonNull(store.get()).close();
        first.keep(fd -> {
            throw new AssertionError("closed, and kept all the same: " + fd);
        });
    }

    @Test
    void marksLieFarBehindEveryFileAndDiffer() {
        Set<Long> marks = new HashSet<>();
        for (int i = 0; i < 10_000; i++) {
            long mark = HostDisk.mark("flow.f" + i % 100 + "." + i / 100);
            assertThat(mark).isGreaterThanOrEqualTo(OpenFileMark.FIRST);
            marks.add(mark);
        }
        assertThat(marks).hasSize(10_000);
    }
}
