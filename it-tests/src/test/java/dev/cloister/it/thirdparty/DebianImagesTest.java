package dev.cloister.it.thirdparty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.it.DebianPackages;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.vmm.loader.EntryState;
import dev.cloister.vmm.loader.FirmwareLayout;
import dev.cloister.vmm.loader.GuestSink;
import dev.cloister.vmm.loader.ImageFormat;
import dev.cloister.vmm.loader.ImageLoader;
import dev.cloister.vmm.loader.LoadOptions;
import dev.cloister.vmm.loader.LoadedImage;
import dev.cloister.vmm.loader.MemoryMap;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The loaders on images that others made: Debian's cloud kernel and SeaBIOS. Needs apt and a network, once; no KVM. */
class DebianImagesTest {
    private static final long RAM = 256L << 20;
    private static final long PAGE = 4096;
    private static final DebianPackages PACKAGES = DebianPackages.ofBuild();

    @Test
    void debiansKernelIsUnpackedToWhereItIsLinked() throws IOException {
        Optional<Path> kernel = PACKAGES.cloudKernel();
        assumeTrue(
                kernel.isPresent(), "Debian's linux-image-cloud-amd64 can't be had here; the reason is printed above");
        try (Arena arena = Arena.ofShared()) {
            MemorySegment ram = arena.allocate(RAM, PAGE);
            GuestMemory memory = GuestMemory.builder().ram("ram", 0, ram).build();
            MemorySegment image = MemorySegment.ofArray(Files.readAllBytes(kernel.get()));
            LoadOptions options = LoadOptions.of(MemoryMap.pc(RAM)).withCommandLine("earlyprintk=serial,ttyS0,115200");
            LoadedImage loaded = ImageLoader.load(image, GuestSink.of(memory), options);
            assertThat(loaded.format()).isEqualTo(ImageFormat.BZIMAGE);
            assertThat(loaded.entry().mode()).isEqualTo(EntryState.Mode.LONG64);
            assertThat(loaded.notes()).anyMatch(note -> note.startsWith("payload unpacked on the host side"));
            // CONFIG_PHYSICAL_START, where both the first segment and startup_64 are.
            assertThat(loaded.entry().general().rip()).isEqualTo(0x100_0000);
            byte[] kernelBytes = ram.asSlice(0x100_0000, 64 << 20).toArray(ValueLayout.JAVA_BYTE);
            assertThat(new String(kernelBytes, StandardCharsets.ISO_8859_1)).contains("Linux version 6.1");
        }
    }

    @Test
    void debiansFirmwareEndsAt4GibAndIsShadowed() throws IOException {
        Optional<Path> bios = PACKAGES.seabios("bios-256k.bin");
        assumeTrue(bios.isPresent(), "Debian's seabios can't be had here; the reason is printed above");
        byte[] bytes = Files.readAllBytes(bios.get());
        FirmwareLayout layout = FirmwareLayout.of(bytes.length);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment rom = arena.allocate(layout.size(), PAGE);
            GuestMemory memory = GuestMemory.builder()
                    .ram("ram", 0, arena.allocate(4L << 20, PAGE))
                    .rom("firmware", layout.romGpa(), rom)
                    .build();
            LoadOptions options = LoadOptions.of(MemoryMap.pc(4L << 20)).withFormat(ImageFormat.FIRMWARE);
            ImageLoader.load(MemorySegment.ofArray(bytes), GuestSink.withRom(memory, layout.romGpa(), rom), options);
            // A PC's reset vector holds a far jump.
            assertThat(memory.readByte(0xffff_fff0L)).isEqualTo((byte) 0xea);
            assertThat(memory.readByte(0xf_fff0L)).isEqualTo((byte) 0xea);
            for (long offset = 0; offset < layout.shadowSize(); offset += Long.BYTES) {
                assertThat(memory.readLong(layout.shadowGpa() + offset))
                        .isEqualTo(memory.readLong(0x1_0000_0000L - layout.shadowSize() + offset));
            }
        }
    }
}
