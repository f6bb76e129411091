package dev.cloister.cli.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.cli.command.CommandFailure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads the archive as the kernel does: header by header, names and contents padded to four bytes. */
class InitialRootTest {
    private static final int HEADER = 110;

    private static int field(byte[] archive, int at, int number) {
        String text = new String(archive, at + 6 + 8 * number, 8, StandardCharsets.US_ASCII);
        return Integer.parseUnsignedInt(text, 16);
    }

    private static int up(int at) {
        return (at + 3) / 4 * 4;
    }

    private static Map<String, byte[]> entries(byte[] archive) {
        Map<String, byte[]> result = new LinkedHashMap<>();
        int at = 0;
        while (at < archive.length) {
            assertThat(new String(archive, at, 6, StandardCharsets.US_ASCII)).isEqualTo("070701");
            int size = field(archive, at, 6);
            int nameSize = field(archive, at, 11);
            String name = new String(archive, at + HEADER, nameSize - 1, StandardCharsets.US_ASCII);
            byte[] content = new byte[size];
            System.arraycopy(archive, up(at + HEADER + nameSize), content, 0, size);
            result.put(name, content);
            at = up(up(at + HEADER + nameSize) + size);
        }
        return result;
    }

    @Test
    void theKernelFindsInitBusyboxAndAConsole() {
        byte[] busybox = {1, 2, 3, 4, 5};
        Map<String, byte[]> entries = entries(
                InitialRoot.of(busybox, Map.of("virtio.ko", new byte[] {1}), Map.of("bin/socat", new byte[] {2})));
        assertThat(entries.keySet())
                .contains("init", "bin/sh", "dev/console", "proc", "TRAILER!!!")
                .last()
                .isEqualTo("TRAILER!!!");
        assertThat(entries.get("bin/busybox")).isEqualTo(busybox);
        assertThat(entries.get("lib/virtio.ko")).containsExactly(1);
        assertThat(new String(entries.get("init"), StandardCharsets.US_ASCII)).startsWith("#!/bin/sh\n");
        assertThat(new String(entries.get("bin/load-drivers"), StandardCharsets.US_ASCII))
                .contains("virtio:1) load net ;;", "pci:0x1af4:0x1110) load uio ;;");
        assertThat(new String(entries.get("bin/load"), StandardCharsets.US_ASCII))
                .contains("net) modules=\"failover net_failover virtio_net\" ;;");
        assertThat(new String(entries.get("bin/sh"), StandardCharsets.US_ASCII)).isEqualTo("busybox");
    }

    @Test
    void equalContentGivesEqualBytes() {
        assertThat(InitialRoot.of(new byte[7], Map.of(), Map.of()))
                .isEqualTo(InitialRoot.of(new byte[7], Map.of(), Map.of()));
    }

    @Test
    void aFoldersCommandLineComesFirst(@TempDir Path directory) throws IOException, CommandFailure {
        BootFolder folder = new BootFolder(directory);
        assertThat(folder.commandLine("a")).isEqualTo("a");
        assertThat(folder.modules()).isEmpty();
        Files.writeString(folder.commandLineFile(), "console=ttyS0 quiet\n");
        Files.write(folder.initrd(), new byte[1]);
        assertThat(folder.commandLine("")).isEqualTo("console=ttyS0 quiet");
        assertThat(folder.commandLine("panic=-1")).isEqualTo("console=ttyS0 quiet panic=-1");
        assertThat(folder.modules()).containsExactly(folder.initrd());
        Files.writeString(folder.commandLineFile(), "x".repeat(5000));
        assertThatThrownBy(() -> folder.commandLine("")).hasMessageContaining("5000 bytes");
    }
}
