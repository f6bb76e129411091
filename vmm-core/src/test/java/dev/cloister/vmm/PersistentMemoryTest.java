package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.virtio.MemoryConfig;
import dev.cloister.vmm.virtio.PmemConfig;
import dev.cloister.vmm.virtio.VirtioConfig;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A file as memory of the guest: shared, read-only where that was asked for, and no danger to the process when it is taken away. */
@Timeout(600)
class PersistentMemoryTest extends EveryEngine {
    private static final int BYTES = 4 << 20;

    /** The first GiB above 4 GiB is mapped by a page of the first, in 2 MiB pieces. */
    private static final String MAPS = """
        trap:   exit 99
        main:   lea     rdi, [high]
                mov     rax, 0x100000083
                mov     ecx, 512
        .next:  mov     [rdi], rax
                add     rax, 0x200000
                add     rdi, 8
                dec     ecx
                jnz     .next
                lea     rax, [high]
                or      rax, 3
                mov     [pdpt + 32], rax
                mov     rbx, 0x100000000
                section .bss
                align 4096
        high:   resb 4096
                section .text
        """;

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void make() throws IOException {
        file = folder.resolve("store");
        try (RandomAccessFile store = new RandomAccessFile(file.toFile(), "rw")) {
            store.setLength(BYTES);
            store.seek(BYTES - 8);
            store.writeBytes("the end.");
        }
    }

    private MachineConfig.Builder guest(String source, boolean readOnly) throws IOException {
        PmemConfig range = PmemConfig.open(file, readOnly);
        return TestGuest.config(TestGuest.long64(MAPS + source))
                .virtio(VirtioConfig.DEFAULT.withMemory(new MemoryConfig(Optional.empty(), List.of(range), List.of())));
    }

    @Test
    void theGuestReadsAndWritesTheFile() throws Exception {
        TestGuest.Run run = TestGuest.run(guest("""
            mov     rax, 0x6f6c6c6548
            mov     [rbx], rax
            mov     al, [rbx + 0x3fffff]
            out     0xf4, al
            """, false));
        assertThat(run.code()).isEqualTo('.' << 1 & 0xff | 1);
        assertThat(new String(Files.readAllBytes(file), 0, 8, StandardCharsets.US_ASCII))
                .isEqualTo("Hello\0\0\0");
    }

    @Test
    void writesToAReadOnlyRangeAreDropped() throws Exception {
        TestGuest.Run run = TestGuest.run(guest("""
            mov     byte [rbx + 0x3fffff], 1
            mov     al, [rbx + 0x3fffff]
            out     0xf4, al
            """, true));
        assertThat(run.code()).isEqualTo('.' << 1 & 0xff | 1);
        assertThat(Files.readAllBytes(file)).endsWith("the end.".getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void aFileThatIsTakenAwayEndsTheGuestWithTheReason() throws Exception {
        MachineConfig.Builder builder = guest("""
                    mov     al, '*'
                    out     0xe9, al
            again:  xor     ecx, ecx
            next:   mov     rax, [rbx + rcx]
                    add     [rbx + rcx], rax
                    add     rcx, 4096
                    cmp     ecx, 0x400000
                    jb      next
                    jmp     again
            """, false);
        assertThat(LostFile.cutWhileRunning(builder, file, 8192))
                .contains(file.toString(), "was made shorter", "8192 bytes of " + BYTES);
    }

    @Test
    void whatCannotBePersistentMemoryIsRefused() throws IOException {
        try (PmemHold hold = new PmemHold(PmemConfig.open(file, false))) {
            assertThat(hold.range().readOnly()).isFalse();
            assertThatThrownBy(() -> PmemConfig.open(file, true))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("in use by another process");
        }
        Path odd = Files.write(folder.resolve("odd"), new byte[4096]);
        assertThatThrownBy(() -> PmemConfig.open(odd, false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("4096 bytes; expected a positive multiple of 2 MiB");
    }

    /** A range that no machine has taken over. */
    private record PmemHold(PmemConfig range) implements AutoCloseable {
        @Override
        public void close() {
            range.file().close();
        }
    }
}
