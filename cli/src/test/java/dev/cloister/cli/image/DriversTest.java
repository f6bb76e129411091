package dev.cloister.cli.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/** What of a kernel's package becomes a file of the initial RAM disk. */
class DriversTest {
    private static final String RELEASE = "6.12.1-cloud-amd64";
    private static final long SEED = 612;

    @TempDir
    private Path work;

    @Test
    void packedModulesAreUnpackedAndPlainOnesStayAsTheyAre() throws IOException {
        byte[] packed = module(300_000);
        byte[] plain = module(1000);
        put("block/virtio_blk.ko.xz", xz(packed));
        put("net/virtio_net.ko", plain);
        Map<String, byte[]> files = Drivers.files(new DebianArchive(work), RELEASE, List.of(Drivers.DISK, Drivers.NET));
        assertThat(files).containsOnlyKeys("virtio_blk.ko", "virtio_net.ko");
        assertThat(files.get("virtio_blk.ko")).as("seed %d", SEED).isEqualTo(packed);
        assertThat(files.get("virtio_net.ko")).as("seed %d", SEED).isEqualTo(plain);
        assertThat(Drivers.loadScript()).doesNotContain("xz");
    }

    @Test
    void aDamagedModuleIsAnErrorAndNotAnEmptyDriver() throws IOException {
        byte[] packed = xz(module(10_000));
        packed[packed.length / 2] ^= 1;
        put("block/virtio_blk.ko.xz", packed);
        assertThatThrownBy(() -> Drivers.files(new DebianArchive(work), RELEASE, List.of(Drivers.DISK)))
                .isInstanceOf(IOException.class);
    }

    private void put(String name, byte[] content) throws IOException {
        Path file =
                work.resolve("root/lib/modules/" + RELEASE + "/kernel/drivers").resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, content);
    }

    private static byte[] module(int size) {
        byte[] content = new byte[size];
        new Random(SEED + size).nextBytes(content);
        return content;
    }

    private static byte[] xz(byte[] content) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (XZOutputStream out = new XZOutputStream(packed, new LZMA2Options())) {
            out.write(content);
        }
        return packed.toByteArray();
    }
}
