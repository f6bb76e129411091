package dev.cloister.it.thirdparty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.it.DebianPackages;
import dev.cloister.policy.model.Engine;
import dev.cloister.vmm.BootImage;
import dev.cloister.vmm.Outcome;
import dev.cloister.vmm.virtio.DiskConfig;
import dev.cloister.vmm.virtio.VirtioConfig;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Programs of Debian's packages, unmodified, under the emulated engine; {@code docs/third-party.md} has the whole list. Each is run until
 * it has printed what it prints on other machines, and is then stopped.
 */
class ThirdPartyKernelsTest {
    private static final DebianPackages PACKAGES = DebianPackages.ofBuild();
    private static final long MEMORY = 64L << 20;

    @Test
    void xenComesUpAndAsksForItsFirstDomain() throws Exception {
        BootImage image = BootImage.kernel(bytes(file("xen-hypervisor-4.17-amd64", "boot", "xen-4.17-amd64.gz")))
                .withCommandLine("xen console=com1 com1=115200");
        GuestRun run = GuestRun.until(Engine.EMULATED, image, "dom0 kernel not specified");
        assertThat(run.output())
                .as(run.end())
                .contains("(XEN) Xen version 4.17", "(XEN) Bootloader: Cloister", "dom0 kernel not specified");
    }

    @ParameterizedTest
    @ValueSource(strings = {"memtest86+x64.bin", "memtest86+ia32.bin"})
    void memtestDrawsItsScreenAndTests(String name) throws Exception {
        BootImage image =
                BootImage.kernel(bytes(file("memtest86+", "boot", name))).withCommandLine("console=ttyS0,115200");
        GuestRun run = GuestRun.until(Engine.EMULATED, image, "Pass   %", builder -> builder.memory(MEMORY));
        assertThat(run.output()).as(run.end()).contains("Memtest86+ v6", "Pass   %");
    }

    @Test
    void uBootComesToItsPrompt() throws Exception {
        BootImage image = BootImage.firmware(bytes(file("u-boot-qemu", "usr/lib/u-boot/qemu-x86", "u-boot.rom")));
        GuestRun run = GuestRun.until(Engine.EMULATED, image, "Hit any key to stop autoboot");
        assertThat(run.output()).as(run.end()).contains("U-Boot 20", "DRAM:  256 MiB");
    }

    @Test
    void seabiosBootsIpxesImageFromADisk() throws Exception {
        Path iso = file("ipxe", "usr/lib/ipxe", "ipxe.iso");
        Optional<Path> bios = PACKAGES.seabios("bios-256k.bin");
        assumeTrue(bios.isPresent(), "Debian's seabios can't be had here; the reason is printed above");
        BootImage image = BootImage.firmware(bytes(bios.get()));
        DiskConfig disk = new DiskConfig(DiskConfig.open(iso, true), true, "", 1, 0, 0);
        String booted = "Booting from 0000:7c00";
        GuestRun run = GuestRun.until(
                Engine.EMULATED, image, booted, builder -> builder.virtio(new VirtioConfig(true, List.of(disk))));
        assertThat(run.exit().outcome()).as(run.end()).isEqualTo(Outcome.STOPPED);
        assertThat(run.output()).as(run.end()).contains("Booting from Hard Disk", booted);
    }

    private static Path file(String packageName, String directory, String name) {
        Optional<Path> file = PACKAGES.file(packageName, directory, name);
        assumeTrue(file.isPresent(), packageName + " can't be had here; the reason is printed above");
        return file.get();
    }

    private static MemorySegment bytes(Path file) throws Exception {
        return MemorySegment.ofArray(Files.readAllBytes(file));
    }
}
