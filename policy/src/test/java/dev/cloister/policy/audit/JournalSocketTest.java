package dev.cloister.policy.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.policy.audit.export.JournalSocket;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Records as datagrams to a socket that stands for the journal's. */
class JournalSocketTest {
    private static final int SYS_SOCKET = 41;
    private static final int SYS_BIND = 49;
    private static final int SYS_READ = 0;

    @TempDir
    Path directory;

    private static Fd listen(Path path) throws ErrnoException {
        Fd fd = Fd.own((int) Linux.syscall(SYS_SOCKET, 1, 2 | 0x80000, 0, 0, 0, 0));
        try (Arena arena = Arena.ofConfined()) {
            byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
            MemorySegment address = arena.allocate(110, 2);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) 1);
            MemorySegment.copy(name, 0, address, ValueLayout.JAVA_BYTE, 2, name.length);
            assertThat(Linux.syscall(SYS_BIND, fd.number(), address.address(), 110, 0, 0, 0))
                    .isZero();
        }
        return fd;
    }

    private static String receive(Fd fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(1 << 18);
            int length = (int) Linux.syscall(SYS_READ, fd.number(), buffer.address(), buffer.byteSize(), 0, 0, 0);
            assertThat(length).isPositive();
            return new String(buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
        }
    }

    @Test
    void eachRecordIsOneDatagramOfTheNativeProtocol() throws Exception {
        Path path = directory.resolve("journal");
        AuditEvent longest = AuditEvent.of(AuditKind.REFUSAL)
                .withDomain("red")
                .withDetail("hostileName=\n", "x\nPRIORITY=0\n\u0000" + "y".repeat(1990))
                .withVerdicts(java.util.stream.IntStream.range(0, 7)
                        .mapToObj(
                                i -> new AuditVerdict("g" + i, "refuse", "\u2028".repeat(2000), "\u0001".repeat(2000)))
                        .toList());
        try (Fd listener = listen(path);
                JournalSocket journal = JournalSocket.connect(path)) {
            for (AuditEvent event : List.of(AuditEvent.of(AuditKind.DAEMON_START), longest)) {
                AuditEntry entry = AuditLine.seal(7, Instant.EPOCH, 5, event, AuditHead.GENESIS);
                journal.send(entry);
                String got = receive(listener);
                assertThat(got).endsWith("\n").matches("(?s)([A-Z][A-Z0-9_]{0,63}=[ -~]*\n)+");
                assertThat(got)
                        .contains(
                                "CLOISTER_SEQ=7\n",
                                "CLOISTER_EVENT=" + event.kind().jsonName() + "\n")
                        .contains("PRIORITY=" + event.kind().severity().number() + "\n")
                        .contains(
                                event == longest
                                        ? "CLOISTER_CUT=1\n"
                                        : "CLOISTER_RECORD=" + entry.record().toJson())
                        .doesNotContain("\nPRIORITY=0\n");
            }
        }
    }

    @Test
    void withoutAListenerItSaysWhere() {
        Path path = directory.resolve("nobody");
        assertThatThrownBy(() -> JournalSocket.connect(path))
                .isInstanceOf(ErrnoException.class)
                .hasMessageContaining("ENOENT")
                .hasMessageContaining(path.toString());
    }
}
