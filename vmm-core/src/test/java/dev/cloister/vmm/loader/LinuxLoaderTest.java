package dev.cloister.vmm.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Linux by the 64-bit boot protocol: unpacking, placement, boot_params. */
class LinuxLoaderTest {
    private static final long PAGE = 4096;

    private final FakeMemory memory = new FakeMemory(Images.RAM);

    static Stream<Arguments> packers() {
        return Stream.of(
                pack("gzip", Images::gzip, false),
                pack("xz", Images::xz, true),
                pack("lzma", Images::lzma, true),
                pack("lz4", Images::lz4, true),
                pack("zstd", Images::zstd, true),
                pack("uncompressed", plain -> plain, false));
    }

    private static Arguments pack(String name, Images.Packer packer, boolean appendSize) {
        return Arguments.of(name, packer, appendSize);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("packers")
    void thePayloadIsUnpackedAndEnteredAtItsPhysicalEntry(String name, Images.Packer packer, boolean appendSize)
            throws ImageException {
        memory.fill(0xcc);
        LoadOptions options = Images.options().withCommandLine("earlyprintk=serial");
        MemorySegment image = Images.segment(Images.bzImage(packer, appendSize));
        LoadedImage loaded = ImageLoader.load(image, memory, options);
        assertThat(loaded.format()).isEqualTo(ImageFormat.BZIMAGE);
        assertThat(loaded.notes()).anyMatch(note -> note.contains(name));
        assertThat(loaded.entry().general().rip()).isEqualTo(Images.LINUX_GPA + 0x10);
        assertThat(memory.string(Images.LINUX_GPA + 0x80)).startsWith(Images.BANNER);
        assertThat(memory.u8(Images.LINUX_GPA + 0x2fff)).isZero();
        long params = loaded.entry().general().rsi();
        assertThat(memory.string(memory.u32(params + 0x228))).isEqualTo("earlyprintk=serial");
        assertThat(memory.ascii(params + 0x202, 4)).isEqualTo("HdrS");
        assertThat(memory.u8(params + 0x210)).isEqualTo(0xff);
        assertThat(memory.u8(params + 0x1e8))
                .isEqualTo(MemoryMap.pc(Images.RAM).ranges().size());
        assertThat(memory.u64(params + 0x2d0 + 8)).isEqualTo(0x9fc00);
        assertThat(memory.u32(params + 0x2d0 + 16)).isEqualTo(1);
        assertThat(memory.u32(params + 0x2d0 + 36)).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({
        "'', d=1 e=2",
        "quiet, quiet d=1 e=2",
        "quiet -- one two, quiet d=1 e=2 -- one two",
        "-- one, d=1 e=2 -- one",
        "quiet --, quiet d=1 e=2 --",
        "a--b, a--b d=1 e=2"
    })
    void whatLinuxIsToldOfDevicesComesBeforeInitsArguments(String line, String expected) throws ImageException {
        LoadOptions plain = Images.options().withCommandLine(line);
        LoadOptions options =
                new LoadOptions(null, plain.memoryMap(), line, List.of(), plain.flatAddress(), null, "d=1 e=2");
        LoadedImage loaded = ImageLoader.load(Images.segment(Images.vmlinux()), memory, options);
        long params = loaded.entry().general().rsi();
        assertThat(memory.string(memory.u32(params + 0x228))).isEqualTo(expected);
        assertThat(plain.linuxCommandLine()).as("without devices").isEqualTo(line);
    }

    @Test
    void longModeIsEnteredOnAnIdentityMapOf4Gib() throws ImageException {
        LoadedImage loaded = ImageLoader.load(Images.segment(Images.vmlinux()), memory, Images.options());
        assertThat(loaded.format()).isEqualTo(ImageFormat.VMLINUX);
        EntryState entry = loaded.entry();
        assertThat(entry.mode()).isEqualTo(EntryState.Mode.LONG64);
        assertThat(entry.cr0()).isEqualTo(0x8000_0011L);
        assertThat(entry.cr4()).isEqualTo(0x20);
        assertThat(entry.efer()).isEqualTo(0x500);
        assertThat(entry.cs().selector()).isEqualTo(0x10);
        assertThat(entry.cs().longMode()).isTrue();
        assertThat(entry.data().selector()).isEqualTo(0x18);
        assertThat(memory.u64(entry.gdtr().base() + 0x10)).isEqualTo(0x00af_9b00_0000_ffffL);
        for (long gva : new long[] {0, 0x1234_5678L, 0xdfff_ffffL, 0xffff_ffffL}) {
            assertThat(translate(entry.cr3(), gva)).isEqualTo(gva);
        }
        assertThat(memory.u64(entry.cr3() + 8)).as("nothing above 512 GiB").isZero();
    }

    private long translate(long cr3, long gva) {
        long pml4 = memory.u64(cr3 + (gva >>> 39 & 511) * 8);
        long pdpt = memory.u64((pml4 & -PAGE) + (gva >>> 30 & 511) * 8);
        long directory = memory.u64((pdpt & -PAGE) + (gva >>> 21 & 511) * 8);
        assertThat(pml4 & pdpt & directory & 3).isEqualTo(3);
        assertThat(directory & 0x80).isEqualTo(0x80);
        return (directory & ~0x1f_ffffL) + (gva & 0x1f_ffff);
    }

    @Test
    void anUnknownPayloadIsLeftToTheGuestsOwnDecompressor() throws ImageException {
        byte[] payload = "BZh9 not known here".getBytes(StandardCharsets.US_ASCII);
        LoadedImage loaded = ImageLoader.load(Images.segment(Images.bzImage(payload)), memory, Images.options());
        assertThat(loaded.entry().general().rip()).isEqualTo(Images.LINUX_GPA + 0x200);
        assertThat(memory.ascii(Images.LINUX_GPA + Images.PAYLOAD_OFFSET, 4)).isEqualTo("BZh9");
        assertThat(loaded.notes()).anyMatch(note -> note.contains("the guest unpacks itself"));
    }

    @Test
    void anI386KernelIsEnteredInProtectedModeWithBootParamsInEsi() throws ImageException {
        byte[] elf = Images.elf(false, Images.LINUX_GPA, 0xc020_0000L, false);
        LoadedImage loaded = ImageLoader.load(Images.segment(Images.bzImage(packed(elf))), memory, Images.options());
        assertEntered32(loaded, Images.LINUX_GPA + 0x10);
        assertThat(memory.string(Images.LINUX_GPA + 0x80)).startsWith(Images.BANNER);
    }

    /** Boot.rst, "32-bit Boot Protocol": CS 0x10 and DS 0x18 flat, no paging, ESI boot_params, EBP, EDI and EBX 0. */
    private void assertEntered32(LoadedImage loaded, long eip) {
        EntryState entry = loaded.entry();
        assertThat(entry.mode()).isEqualTo(EntryState.Mode.PROTECTED32);
        assertThat(entry.cs().selector()).isEqualTo(0x10);
        assertThat(entry.data().selector()).isEqualTo(0x18);
        assertThat(entry.cr0()).isEqualTo(0x11);
        assertThat(entry.general().rip()).isEqualTo(eip);
        assertThat(entry.general().rbx()).isZero();
        assertThat(memory.ascii(entry.general().rsi() + 0x202, 4)).isEqualTo("HdrS");
    }

    @Test
    void aProgramWithoutPayloadIsEnteredAtTheStartOfItsProtectedModePart() throws ImageException {
        byte[] image = Images.bzImage("no payload".getBytes(StandardCharsets.US_ASCII));
        Images.little(image).putInt(0x248, 0).putInt(0x24c, 0);
        LoadedImage loaded =
                ImageLoader.load(Images.segment(image), memory, Images.options().withCommandLine("console=ttyS0"));
        assertEntered32(loaded, Images.LINUX_GPA);
        assertThat(memory.ascii(Images.LINUX_GPA + Images.PAYLOAD_OFFSET, 10)).isEqualTo("no payload");
        long params = loaded.entry().general().rsi();
        assertThat(memory.string(memory.u32(params + 0x228))).isEqualTo("console=ttyS0");
    }

    @Test
    void anUnknownPayloadOfA32BitKernelIsUnpackedFromThe32BitEntry() throws ImageException {
        byte[] image = Images.bzImage("BZh9 not known here".getBytes(StandardCharsets.US_ASCII));
        Images.little(image).putShort(0x236, (short) 0);
        assertEntered32(ImageLoader.load(Images.segment(image), memory, Images.options()), Images.LINUX_GPA);
    }

    private static byte[] packed(byte[] plain) {
        try {
            return Images.gzip(plain);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void theInitrdLiesHighInRamOutsideTheKernelsReach() throws ImageException {
        byte[] first = new byte[5001];
        first[0] = 0x11;
        LoadOptions options = Images.options()
                .withModules(List.of(
                        new ImageModule("a", Images.segment(first)),
                        new ImageModule("b", Images.segment(new byte[] {0x22}))));
        LoadedImage loaded = ImageLoader.load(Images.segment(Images.bzImage(Images::gzip, false)), memory, options);
        long params = loaded.entry().general().rsi();
        long initrd = memory.u32(params + 0x218);
        assertThat(memory.u32(params + 0x21c)).isEqualTo(5004 + 1);
        assertThat(initrd % PAGE).isZero();
        assertThat(initrd).isEqualTo(Images.RAM - 2 * PAGE);
        assertThat(memory.u8(initrd)).isEqualTo(0x11);
        assertThat(memory.u8(initrd + 5004)).isEqualTo(0x22);
    }

    @Test
    void initrdAddrMaxIsKept() throws ImageException {
        byte[] image = Images.bzImage(Images::gzip, false);
        Images.little(image).putInt(0x22c, 0x1f_ffff);
        LoadOptions options =
                Images.options().withModules(List.of(new ImageModule("a", Images.segment(new byte[100]))));
        LoadedImage loaded = ImageLoader.load(Images.segment(image), memory, options);
        assertThat(memory.u32(loaded.entry().general().rsi() + 0x218)).isEqualTo(0x1f_f000);
    }

    @Test
    void aCommandLineLongerThanTheKernelAllowsIsRefused() {
        byte[] image = Images.bzImage(Images::gzip, false);
        LoadOptions fits = Images.options().withCommandLine("x".repeat(2047));
        LoadOptions tooLong = Images.options().withCommandLine("x".repeat(2048));
        assertThat(loads(image, fits)).isTrue();
        assertThatThrownBy(() -> ImageLoader.load(Images.segment(image), memory, tooLong))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("at most 2047 bytes");
    }

    private boolean loads(byte[] image, LoadOptions options) {
        try {
            return ImageLoader.load(Images.segment(image), memory, options) != null;
        } catch (ImageException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aPayloadThatUnpacksToMoreThanItDeclaresIsStopped() throws IOException {
        byte[] bomb = Images.gzip(new byte[8 << 20]);
        Images.little(bomb).putInt(bomb.length - 4, 4096);
        assertRefused(Images.bzImage(bomb), "more than the 4096 bytes declared");
    }

    @Test
    void aPayloadThatDeclaresMoreThanTheGuestHasIsRefusedUnopened() throws IOException {
        byte[] payload = Images.withSize(Images.xz(new byte[64]), Images.RAM + 1);
        assertRefused(Images.bzImage(payload), "unpacked size");
    }

    @Test
    void anXzDictionaryBeyondTheBoundIsRefused() throws IOException {
        byte[] lzma = Images.lzma(Images.vmlinux());
        Images.little(lzma).putInt(1, 0x4000_0000);
        assertRefused(Images.bzImage(Images.withSize(lzma, Images.vmlinux().length)), "bzImage payload (lzma)");
    }

    @Test
    void aKernelThatLeavesItsInitSizeIsRefused() {
        byte[] image = Images.bzImage(Images::gzip, false);
        Images.little(image).putInt(0x260, 0x2fff);
        assertRefused(image, "init_size");
    }

    @Test
    void aKernelThatNeedsMoreMemoryThanThereIsIsRefused() {
        byte[] image = Images.bzImage(Images::gzip, false);
        Images.little(image).putInt(0x260, Images.RAM);
        assertRefused(image, "give the guest more memory");
    }

    @Test
    void aBootProtocolFromBeforePayloadOffsetsIsRefused() {
        byte[] image = Images.bzImage(Images::gzip, false);
        Images.little(image).putShort(0x206, (short) 0x207);
        assertRefused(image, "bzImage version at file offset 0x206: found 0x207");
    }

    private void assertRefused(byte[] image, String why) {
        assertThatThrownBy(() -> ImageLoader.load(Images.segment(image), memory, Images.options()))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining(why);
        assertThat(memory.writes()).isZero();
    }
}
