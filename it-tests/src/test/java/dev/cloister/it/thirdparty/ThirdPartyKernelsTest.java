package dev.cloister.it.thirdparty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.it.DebianPackages;
import dev.cloister.policy.model.Engine;
import dev.cloister.vmm.config.BootImage;
import dev.cloister.vmm.config.FirmwareVariables;
import dev.cloister.vmm.report.Outcome;
import dev.cloister.vmm.virtio.DiskConfig;
import dev.cloister.vmm.virtio.VirtioConfig;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Programs of Debian's packages, unmodified, under the emulated engine; {@code docs/third-party.md} has the whole list. Each is run until
 * it has printed what it prints on other machines, and is then stopped.
 */
class ThirdPartyKernelsTest {
    @TempDir
    private Path folder;

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

    /** It finds its bridges, places ACPI tables, starts every processor and has its console on the serial port. */
    @Test
    void uefiFirmwareComesToItsShell() throws Exception {
        BootImage image = BootImage.firmware(bytes(file("ovmf", "usr/share/ovmf", "OVMF.fd")));
        String prompt = "to skip";
        GuestRun run = GuestRun.until(
                Engine.EMULATED,
                image,
                prompt,
                builder -> builder.memory(MEMORY * 2).cpus(2));
        assertThat(run.output()).as(run.end()).contains("EFI Internal Shell", "UEFI Interactive Shell v2", prompt);
    }

    /** Variables that it writes into flash memory at its first start are there at the second. */
    @Test
    void uefiFirmwareInTwoFilesKeepsItsVariables() throws Exception {
        byte[] template = Files.readAllBytes(file("ovmf", "usr/share/OVMF", "OVMF_VARS_4M.fd"));
        byte[] variable = "BootOrder".getBytes(StandardCharsets.UTF_16LE);
        assertThat(occurrences(template, variable)).isZero();
        Path variables = Files.write(folder.resolve("variables.fd"), template);
        byte[] first = template;
        for (int start = 1; start <= 2; start++) {
            BootImage image = BootImage.firmware(bytes(file("ovmf", "usr/share/OVMF", "OVMF_CODE_4M.fd")));
            FirmwareVariables flash = FirmwareVariables.open(variables);
            GuestRun run = GuestRun.until(
                    Engine.EMULATED,
                    image,
                    "to skip",
                    builder -> builder.memory(MEMORY * 4).firmwareVariables(flash));
            assertThat(run.output()).as(run.end()).contains("UEFI Interactive Shell v2");
            byte[] kept = Files.readAllBytes(variables);
            assertThat(kept).as("its size").hasSameSizeAs(template);
            assertThat(occurrences(kept, variable)).as("start %d", start).isPositive();
            if (start == 1) {
                first = kept;
            }
            assertThat(occurrences(kept, variable))
                    .as("found at start %d, not written anew", start)
                    .isEqualTo(occurrences(first, variable));
        }
    }

    private static int occurrences(byte[] where, byte[] what) {
        int found = 0;
        for (int i = 0; i + what.length <= where.length; i++) {
            if (Arrays.equals(where, i, i + what.length, what, 0, what.length)) {
                found++;
            }
        }
        return found;
    }

    /** Firmware that has nothing to boot but what it is handed, which it asks for by DMA. */
    @Test
    void qbootBootsTheKernelThatItIsHanded() throws Exception {
        Path qboot = file("qemu-system-data", "usr/share/qemu", "qboot.rom");
        Optional<Path> kernel = PACKAGES.cloudKernel();
        assumeTrue(kernel.isPresent(), "Debian's cloud kernel can't be had here; the reason is printed above");
        BootImage image = BootImage.firmware(bytes(qboot))
                .handing(bytes(kernel.get()))
                .withCommandLine("earlyprintk=serial,ttyS0,115200 from=qboot");
        String mapped = "ACPI: MCFG";
        GuestRun run = GuestRun.until(Engine.EMULATED, image, mapped, builder -> builder.memory(MEMORY * 4));
        assertThat(run.output())
                .as(run.end())
                .contains("Command line: earlyprintk=serial,ttyS0,115200 from=qboot", "ACPI: XSDT", mapped)
                .contains("[mem 0x00000000b0000000-0x00000000bfffffff] reserved")
                .doesNotContain("checksum in table");
    }

    @Test
    void seabiosBootsIpxeFromADiskWithItsScreenOnTheSerialPort() throws Exception {
        Path iso = file("ipxe", "usr/lib/ipxe", "ipxe.iso");
        Optional<Path> bios = PACKAGES.seabios("bios-256k.bin");
        assumeTrue(bios.isPresent(), "Debian's seabios can't be had here; the reason is printed above");
        BootImage image = BootImage.firmware(bytes(bios.get()));
        DiskConfig disk = new DiskConfig(DiskConfig.open(iso, true), true, "", 1, 0, 0);
        String booted = "Press Ctrl-B for the iPXE command line";
        GuestRun run = GuestRun.until(
                Engine.EMULATED, image, booted, builder -> builder.virtio(new VirtioConfig(true, List.of(disk))));
        assertThat(run.exit().outcome()).as(run.end()).isEqualTo(Outcome.STOPPED);
        assertThat(run.output())
                .as(run.end())
                .contains("Booting from Hard Disk", "ISOLINUX", "iPXE initialising devices", booted);
    }

    @Test
    void seabiosBootsGrubFromADisk() throws Exception {
        Path floppy = file("grub-rescue-pc", "usr/lib/grub-rescue", "grub-rescue-floppy.img");
        Optional<Path> bios = PACKAGES.seabios("bios-256k.bin");
        assumeTrue(bios.isPresent(), "Debian's seabios can't be had here; the reason is printed above");
        Path whole = folder.resolve("grub.img");
        Files.write(whole, Arrays.copyOf(Files.readAllBytes(floppy), 8 << 20));
        DiskConfig disk = new DiskConfig(DiskConfig.open(whole, true), true, "", 1, 0, 0);
        String banner = "GNU GRUB  version";
        GuestRun run = GuestRun.until(
                Engine.EMULATED,
                BootImage.firmware(bytes(bios.get())),
                banner,
                builder -> builder.virtio(new VirtioConfig(true, List.of(disk))));
        assertThat(run.output()).as(run.end()).contains("Booting from Hard Disk", "GRUB loading", banner);
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
