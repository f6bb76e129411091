package dev.cloister.vmm.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Flat binaries, Multiboot, PVH and firmware: where everything goes and what the guest is told. */
class LoadersTest {
    private static final List<ImageModule> MODULES = List.of(
            new ImageModule("first a=1", Images.segment("one".getBytes(StandardCharsets.US_ASCII))),
            new ImageModule("second", Images.segment(new byte[5000])));

    private final FakeMemory memory = new FakeMemory(Images.RAM);

    @Test
    void aFlatBinaryIsEnteredInRealModeWhereItWasLoaded() throws ImageException {
        LoadedImage loaded = ImageLoader.load(Images.segment(new byte[] {(byte) 0xf4, 0x12}), memory, Images.options());
        assertThat(loaded.format()).isEqualTo(ImageFormat.FLAT);
        assertThat(memory.u8(0x7c01)).isEqualTo(0x12);
        EntryState entry = loaded.entry();
        assertThat(entry.mode()).isEqualTo(EntryState.Mode.REAL16);
        assertThat(entry.cs().base() + entry.general().rip()).isEqualTo(0x7c00);
        assertThat(entry.cr0() & 1).isZero();
        assertThat(entry.general().rdx()).isEqualTo(0x80);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x500, 0x1000, 0x1_0005, 0x9_0000})
    void aFlatBinaryGoesWhereItIsAskedTo(int gpa) throws ImageException {
        LoadedImage loaded = ImageLoader.load(
                Images.segment(new byte[] {7}), memory, Images.options().withFlatAddress(gpa));
        assertThat(memory.u8(gpa)).isEqualTo(7);
        EntryState entry = loaded.entry();
        assertThat(entry.cs().base() + entry.general().rip()).isEqualTo(gpa);
        assertThat(entry.cs().base()).isEqualTo((long) entry.cs().selector() << 4);
        assertThat(entry.general().rip()).isBetween(0L, 0xffffL);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 0x4ff, 0x9_fc00, Integer.MAX_VALUE})
    void aFlatBinaryOutsideConventionalMemoryIsRefused(int gpa) {
        LoadOptions options = Images.options().withFlatAddress(gpa);
        assertThatThrownBy(() -> ImageLoader.load(Images.segment(new byte[16]), memory, options))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("flat load address");
        assertThat(memory.writes()).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aMultibootElfFindsItsInformation(boolean wide) throws ImageException {
        memory.fill(0xcc);
        LoadOptions options = Images.options().withCommandLine("console=ttyS0").withModules(MODULES);
        LoadedImage loaded = ImageLoader.load(Images.segment(Images.multiboot(wide)), memory, options);
        assertThat(loaded.format()).isEqualTo(ImageFormat.MULTIBOOT);
        EntryState entry = loaded.entry();
        assertThat(entry.mode()).isEqualTo(EntryState.Mode.PROTECTED32);
        assertThat(entry.general().rip()).isEqualTo(Images.KERNEL_GPA + 0x10);
        assertThat(entry.general().rax()).isEqualTo(0x2bad_b002L);
        assertThat(entry.cr0()).isEqualTo(0x11);
        assertThat(entry.cs().limit()).isEqualTo(0xffff_ffffL);
        assertThat(entry.cs().big()).isTrue();
        assertThat(entry.cs().selector()).isEqualTo(8);
        assertThat(entry.data().selector()).isEqualTo(0x10);
        assertThat(memory.u64(entry.gdtr().base() + 8)).isEqualTo(0x00cf_9b00_0000_ffffL);
        assertThat(memory.u64(entry.gdtr().base() + 0x10)).isEqualTo(0x00cf_9300_0000_ffffL);
        assertThat(memory.u8(Images.KERNEL_GPA + 0x10)).isEqualTo(0x11);
        assertThat(memory.u8(Images.KERNEL_GPA + 0x200)).as("bss is zeroed").isZero();
        assertThat(memory.u8(Images.KERNEL_GPA - 1)).as("and no more").isEqualTo(0xcc);
        checkMultibootInformation(entry.general().rbx());
    }

    private void checkMultibootInformation(long info) {
        assertThat(memory.u32(info)).isEqualTo(1 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9);
        assertThat(memory.u32(info + 4)).isEqualTo(639);
        assertThat(memory.u32(info + 8)).isEqualTo(Images.RAM / 1024 - 1024);
        assertThat(memory.string(memory.u32(info + 16))).isEqualTo("console=ttyS0");
        assertThat(memory.u32(info + 20)).isEqualTo(2);
        long modules = memory.u32(info + 24);
        long first = memory.u32(modules);
        assertThat(first % 4096).isZero();
        assertThat(first).isGreaterThanOrEqualTo(Images.KERNEL_GPA + 0x3000);
        assertThat(memory.u32(modules + 4) - first).isEqualTo(3);
        assertThat(memory.ascii(first, 3)).isEqualTo("one");
        assertThat(memory.string(memory.u32(modules + 8))).isEqualTo("first a=1");
        assertThat(memory.u32(modules + 16) % 4096).isZero();
        assertThat(memory.u32(modules + 20) - memory.u32(modules + 16)).isEqualTo(5000);
        assertThat(memory.string(memory.u32(info + 64))).isEqualTo("Cloister");
        long map = memory.u32(info + 48);
        assertThat(memory.u32(info + 44))
                .isEqualTo(24L * MemoryMap.pc(Images.RAM).ranges().size());
        assertThat(memory.u32(map)).isEqualTo(20);
        assertThat(memory.u64(map + 4)).isZero();
        assertThat(memory.u64(map + 12)).isEqualTo(0x9fc00);
        assertThat(memory.u32(map + 20)).isEqualTo(1);
        assertThat(memory.u32(map + 24 + 20)).isEqualTo(2);
    }

    @Test
    void aKernelInGzipIsUnpackedFirst() throws Exception {
        byte[] packed = Images.gzip(Images.multiboot(false));
        LoadedImage loaded = ImageLoader.load(Images.segment(packed), memory, Images.options());
        assertThat(loaded.format()).isEqualTo(ImageFormat.MULTIBOOT);
        assertThat(loaded.notes()).anyMatch(note -> note.contains("gzip"));
        assertThat(memory.u8(Images.KERNEL_GPA + 0x10)).isEqualTo(0x11);
        packed[packed.length / 2] ^= 0x10;
        assertThatThrownBy(() -> ImageLoader.load(Images.segment(packed), memory, Images.options()))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("image (gzip)");
    }

    @Test
    void aKernelFindsTheEndOfConventionalMemoryInTheBiosDataArea() throws ImageException {
        memory.fill(0xcc);
        ImageLoader.load(Images.segment(Images.multiboot(false)), memory, Images.options());
        assertThat(memory.u32(0x40e) & 0xffff).as("segment of the EBDA").isEqualTo(0x9fc0);
        assertThat(memory.u32(0x413) & 0xffff).as("KiB of conventional memory").isEqualTo(639);
        assertThat(memory.u8(0x449)).as("video mode").isEqualTo(3);
        assertThat(memory.u8(0x500)).as("and no more").isEqualTo(0xcc);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void realModeVectorsLeadToCodeBelow1MiB(boolean flat) throws ImageException {
        memory.fill(0xcc);
        byte[] image = flat ? new byte[] {(byte) 0xf4} : Images.multiboot(false);
        ImageLoader.load(Images.segment(image), memory, Images.options());
        for (int vector = 0; vector < 256; vector++) {
            long at = memory.u32(vector * 4L);
            assertThat(at >>> 16).as("segment of vector " + vector).isEqualTo(0xf000);
            int first = memory.u8(0xf_0000 + (at & 0xffff));
            assertThat(first).as("first byte of vector " + vector).isNotIn(0, 0xcc);
        }
        assertThat(memory.u8(0xf_ff52)).as("below the handlers").isEqualTo(0xcc);
    }

    @Test
    void anImageThatBringsItsOwnBytesForTheBiosDataAreaKeepsThem() throws ImageException {
        byte[] image = Images.elf(false, 0x400, 0x400, true);
        ImageLoader.load(Images.segment(image), memory, Images.options());
        assertThat(memory.u8(0x40e)).isEqualTo(0x0f);
    }

    @Test
    void multibootAddressFieldsPlaceAnImageThatIsNoElf() throws ImageException {
        memory.fill(0xcc);
        LoadedImage loaded = ImageLoader.load(Images.segment(Images.multibootFlat()), memory, Images.options());
        assertThat(loaded.format()).isEqualTo(ImageFormat.MULTIBOOT);
        assertThat(loaded.entry().general().rip()).isEqualTo(Images.KERNEL_GPA + 0x100);
        assertThat(memory.u8(Images.KERNEL_GPA))
                .as("file offset 0x20 is load_addr")
                .isEqualTo(0x55);
        assertThat(memory.u8(Images.KERNEL_GPA + 0x13ff)).isZero();
        assertThat(memory.u8(Images.KERNEL_GPA + 0x1400)).isEqualTo(0xcc);
    }

    @Test
    void aMultibootFeatureThatNobodyDefinedIsRefused() {
        byte[] image = Images.multiboot(false);
        Images.putHeader(image, 0x400, 1 << 5);
        assertThatThrownBy(() -> ImageLoader.load(Images.segment(image), memory, Images.options()))
                .isInstanceOfSatisfying(ImageException.class, e -> {
                    assertThat(e.what()).isEqualTo("Multiboot flags");
                    assertThat(e.offset()).isEqualTo(0x404);
                    assertThat(e.value()).isEqualTo("0x20");
                });
    }

    @Test
    void aMultibootHeaderBehindTheFirst8KiBIsNone() {
        byte[] image = Arrays.copyOf(Images.elf(false, Images.KERNEL_GPA, Images.KERNEL_GPA, false), 9000);
        Images.putHeader(image, 8184, 0);
        LoadOptions options = Images.options().withFormat(ImageFormat.MULTIBOOT);
        assertThatThrownBy(() -> ImageLoader.load(Images.segment(image), memory, options))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("Multiboot header");
        Images.putHeader(image, 8180, 0);
        assertThatCodeLoads(image);
    }

    private void assertThatCodeLoads(byte[] image) {
        try {
            assertThat(ImageLoader.load(Images.segment(image), memory, Images.options())
                            .format())
                    .isEqualTo(ImageFormat.MULTIBOOT);
        } catch (ImageException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPvhElfFindsItsStartInfo(boolean wide) throws ImageException {
        byte[] image = Images.elf(wide, Images.KERNEL_GPA, Images.KERNEL_GPA, true);
        LoadOptions options = Images.options().withCommandLine("a b").withModules(MODULES);
        LoadedImage loaded = ImageLoader.load(Images.segment(image), memory, options);
        assertThat(loaded.format()).isEqualTo(ImageFormat.PVH);
        EntryState entry = loaded.entry();
        assertThat(entry.general().rip()).isEqualTo(Images.KERNEL_GPA + 0x20);
        assertThat(entry.cr4()).isZero();
        long info = entry.general().rbx();
        assertThat(memory.u32(info)).isEqualTo(0x336e_c578L);
        assertThat(memory.u32(info + 4)).isEqualTo(1);
        assertThat(memory.u32(info + 12)).isEqualTo(2);
        long modules = memory.u64(info + 16);
        assertThat(memory.ascii(memory.u64(modules), 3)).isEqualTo("one");
        assertThat(memory.u64(modules + 8)).isEqualTo(3);
        assertThat(memory.string(memory.u64(modules + 16))).isEqualTo("first a=1");
        assertThat(memory.u64(modules + 40)).isEqualTo(5000);
        assertThat(memory.string(memory.u64(info + 24))).isEqualTo("a b");
        assertThat(memory.u32(info + 48))
                .isEqualTo(MemoryMap.pc(Images.RAM).ranges().size());
        long map = memory.u64(info + 40);
        assertThat(memory.u64(map + 8)).isEqualTo(0x9fc00);
        assertThat(memory.u32(map + 16)).isEqualTo(1);
    }

    @Test
    void aPvhEntryOutsideTheLoadedCodeIsRefused() {
        byte[] image = Images.elf(true, Images.KERNEL_GPA, Images.KERNEL_GPA, true);
        Images.little(image).putInt(0x828, (int) Images.KERNEL_GPA + 0x200);
        assertThatThrownBy(() -> ImageLoader.load(Images.segment(image), memory, Images.options()))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("PVH entry")
                .hasMessageContaining("0x100200");
        assertThat(memory.writes()).isZero();
    }

    @Test
    void anElfWithoutAnyProtocolSaysWhatIsMissing() {
        byte[] image = Images.elf(false, Images.KERNEL_GPA, Images.KERNEL_GPA, false);
        assertThatThrownBy(() -> ImageLoader.detect(Images.segment(image)))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("Multiboot header");
    }

    @ParameterizedTest
    @ValueSource(ints = {4096, 64 << 10, 256 << 10, 512 << 10})
    void firmwareEndsAt4GibAndItsEndIsShadowedBelow1Mib(int bytes) throws ImageException {
        FakeMemory machine = new FakeMemory(Images.RAM, bytes);
        LoadOptions options = Images.options().withFormat(ImageFormat.FIRMWARE);
        LoadedImage loaded = ImageLoader.load(Images.segment(Images.firmware(bytes)), machine, options);
        EntryState entry = loaded.entry();
        long reset = entry.cs().base() + entry.general().rip();
        assertThat(reset).isEqualTo(0xffff_fff0L);
        assertThat(machine.u8(reset)).isEqualTo(0xea);
        assertThat(machine.u8(0xf_fff0)).isEqualTo(0xea);
        int shadow = Math.min(bytes, 256 << 10);
        assertThat(machine.u8(0x10_0000 - shadow + 512)).isEqualTo(machine.u8(0x1_0000_0000L - shadow + 512));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4095, 4097, (16 << 20) + 4096})
    void firmwareOfAnOddSizeIsRefused(int bytes) {
        LoadOptions options = Images.options().withFormat(ImageFormat.FIRMWARE);
        FakeMemory machine = new FakeMemory(Images.RAM, bytes);
        assertThatThrownBy(() -> ImageLoader.load(Images.segment(new byte[bytes]), machine, options))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("firmware size");
    }

    @Test
    void firmwareWithoutItsRomRegionIsRefusedBeforeAnythingIsWritten() {
        LoadOptions options = Images.options().withFormat(ImageFormat.FIRMWARE);
        assertThatThrownBy(() -> ImageLoader.load(Images.segment(Images.firmware(4096)), memory, options))
                .isInstanceOf(ImageException.class);
        assertThat(memory.writes()).isZero();
    }

    @Test
    void segmentsThatOverlapAreRefused() {
        byte[] image = Images.elf(true, Images.KERNEL_GPA, Images.KERNEL_GPA, true);
        // The note's header becomes a second PT_LOAD that starts in the bss of the first.
        Images.little(image).putInt(120, 1).putLong(144, Images.KERNEL_GPA + 0x2fff);
        LoadOptions options = Images.options().withFormat(ImageFormat.VMLINUX);
        assertThatThrownBy(() -> ImageLoader.load(Images.segment(image), memory, options))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("no overlap with ELF segment 0");
        assertThat(memory.writes()).isZero();
    }

    @Test
    void aSegmentInTheLegacyHoleIsRefused() {
        byte[] image = Images.elf(true, 0xa_0000, 0xa_0000, false);
        assertThatThrownBy(() -> ImageLoader.load(Images.segment(image), memory, Images.options()))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("within the guest's RAM");
    }

    @Test
    void anImageThatIsNothingKnownAndTooLargeToBeFlatIsRefused() {
        assertThatThrownBy(() -> ImageLoader.detect(Images.segment(new byte[1 << 20])))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("no header that is known");
        assertThatThrownBy(() -> ImageLoader.load(Images.segment(new byte[0]), memory, Images.options()))
                .isInstanceOf(ImageException.class);
    }

    @Test
    void aModuleThatDoesNotFitIsRefused() {
        LoadOptions options =
                Images.options().withModules(List.of(new ImageModule("big", Images.segment(new byte[Images.RAM]))));
        assertThatThrownBy(() -> ImageLoader.load(Images.segment(Images.multiboot(false)), memory, options))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("module 0");
        assertThat(memory.writes()).isZero();
    }
}
