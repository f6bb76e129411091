package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.LinuxImage;
import dev.cloister.it.harness.Running;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Debian's own kernel finds every device outside PCI by ACPI, with PCI switched off, and uses them by interrupts of lines. */
class LinuxWithoutPciTest {
    private static final int BYTES = 4 << 20;
    private static final int WRITTEN_AT = 4096;
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private static final String SCRIPT = """
        echo "PCI: $(ls /sys/bus/pci/devices 2>/dev/null | wc -l), processors: $(nproc)"
        for device in /sys/bus/virtio/devices/*; do
            echo "$(readlink -f $device | grep -o 'LNRO0005:[0-9a-f]*') type $(printf %d $(cat $device/device))"
        done
        echo "disk says $(head -c 5 /dev/vda)"
        echo guest-was-here | dd of=/dev/vda seek=1 bs=4096 conv=notrunc,fsync 2>/dev/null
        dd if=/dev/vda of=/dev/null bs=64k 2>/dev/null && echo "read all"
        echo "random bytes: $(head -c 64 /dev/hwrng | wc -c)"
        until port=$(ls /dev/vport* 2>/dev/null); do sleep 0.1; done
        echo "through the port" > $port
        grep -c 'fasteoi.*virtio' /proc/interrupts
        grep -o 'virtio_mmio.device=[^ ]*' /proc/cmdline
        poweroff -f
        """;

    @Test
    void everyDeviceWorksWithoutPci() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path folder = cloister.folder();
        Path image = LinuxImage.make(cloister);
        Path initrd = SmallRoot.write(image.resolve("initrd.img"), folder.resolve("mmio.img"), SCRIPT);
        byte[] content = Arrays.copyOf("hello".getBytes(StandardCharsets.US_ASCII), BYTES);
        Path disk = Files.write(folder.resolve("disk.img"), content);
        Path port = folder.resolve("port");
        Finished end;
        try (Running guest = cloister.start(
                "run",
                "--virtio",
                "mmio",
                "--kernel",
                image.resolve("vmlinuz").toString(),
                "--initrd",
                initrd.toString(),
                "--cmdline",
                "console=ttyS0 quiet pci=off",
                "--engine",
                "emulated",
                "--cpus",
                "2",
                "--disk",
                disk.toString(),
                "--vsock",
                "cid=7,socket=" + folder.resolve("vsock"),
                "--port",
                "name=log,file=" + port,
                "--timeout",
                "8m")) {
            end = guest.await(PATIENCE).expect(0);
        }
        assertThat(end.out())
                .contains("PCI: 0, processors: 2")
                .contains("LNRO0005:00 type 4", "LNRO0005:01 type 2", "LNRO0005:02 type 19", "LNRO0005:03 type 3")
                .contains("disk says hello", "read all", "random bytes: 64")
                .contains("virtio_mmio.device=4K@0xfec10000:16", "virtio_mmio.device=4K@0xfec13000:19");
        assertThat(port).hasContent("through the port\n");
        byte[] after = Files.readAllBytes(disk);
        String written = new String(after, WRITTEN_AT, "guest-was-here".length(), StandardCharsets.US_ASCII);
        assertThat(written).isEqualTo("guest-was-here");
        assertThat(after).hasSize(BYTES);
    }
}
