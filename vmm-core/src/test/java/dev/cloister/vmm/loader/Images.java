package dev.cloister.vmm.loader;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPOutputStream;
import org.tukaani.xz.FilterOptions;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.LZMAOutputStream;
import org.tukaani.xz.X86Options;
import org.tukaani.xz.XZOutputStream;

/** Builds small images of every format, byte by byte from the specifications, for the tests to load and to damage. */
final class Images {
    static final long KERNEL_GPA = 0x10_0000;
    static final long LINUX_GPA = 0x20_0000;
    static final int LINUX_INIT_SIZE = 0x8_0000;
    static final int SETUP_SECTORS = 4;
    static final int PAYLOAD_OFFSET = 0x240;
    static final String BANNER = "Linux version 6.1 of a test";

    /** Large enough for every image here, and for all that is placed around it. */
    static final int RAM = 4 << 20;

    private static final int CODE_AT = 0x1000;
    private static final int CODE_BYTES = 0x200;

    /** How a payload is packed. */
    interface Packer {
        byte[] pack(byte[] plain) throws IOException;
    }

    private Images() {}

    static MemorySegment segment(byte[] image) {
        return MemorySegment.ofArray(image);
    }

    static LoadOptions options() {
        return LoadOptions.of(MemoryMap.pc(RAM));
    }

    static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.capacity()];
        buffer.get(0, bytes);
        return bytes;
    }

    static ByteBuffer little(byte[] image) {
        return ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** One PT_LOAD of 0x200 bytes (memory 0x3000) at a physical address, and one PT_NOTE at 0x800 with a PVH note. */
    static byte[] elf(boolean wide, long gpa, long virtual, boolean pvh) {
        ByteBuffer image = little(CODE_AT + CODE_BYTES);
        image.putInt(0, 0x464c457f)
                .put(4, (byte) (wide ? 2 : 1))
                .put(5, (byte) 1)
                .put(6, (byte) 1);
        image.putShort(16, (short) 2).putShort(18, (short) (wide ? 62 : 3)).putInt(20, 1);
        if (wide) {
            image.putLong(24, virtual + 0x10).putLong(32, 64);
            image.putShort(52, (short) 64).putShort(54, (short) 56).putShort(56, (short) (pvh ? 2 : 1));
            image.putInt(64, 1)
                    .putInt(68, 5)
                    .putLong(72, CODE_AT)
                    .putLong(80, virtual)
                    .putLong(88, gpa);
            image.putLong(96, CODE_BYTES).putLong(104, 0x3000).putLong(112, 0x1000);
            image.putInt(120, 4).putLong(128, 0x800).putLong(152, 0x40).putLong(160, 0x40);
        } else {
            image.putInt(24, (int) virtual + 0x10).putInt(28, 52);
            image.putShort(40, (short) 52).putShort(42, (short) 32).putShort(44, (short) (pvh ? 2 : 1));
            image.putInt(52, 1).putInt(56, CODE_AT).putInt(60, (int) virtual).putInt(64, (int) gpa);
            image.putInt(68, CODE_BYTES).putInt(72, 0x3000);
            image.putInt(84, 4).putInt(88, 0x800).putInt(100, 0x40).putInt(104, 0x40);
        }
        // A note of another kind first: the search has to go on behind it.
        image.putInt(0x800, 4).putInt(0x804, 6).putInt(0x808, 7).putInt(0x80c, 0x00554e47);
        image.putInt(0x818, 4).putInt(0x81c, 4).putInt(0x820, 18).putInt(0x824, 0x006e6558);
        image.putInt(0x828, (int) gpa + 0x20);
        for (int i = 0; i < CODE_BYTES; i++) {
            image.put(CODE_AT + i, (byte) (i | 1));
        }
        byte[] banner = BANNER.getBytes(StandardCharsets.US_ASCII);
        image.put(CODE_AT + 0x80, banner);
        return bytes(image);
    }

    static byte[] multiboot(boolean wide) {
        byte[] image = elf(wide, KERNEL_GPA, KERNEL_GPA, false);
        putHeader(image, 0x400, 3);
        return image;
    }

    /** No ELF: 0x400 bytes at 1 MiB by the header's address fields, with 0x1000 bytes of bss. */
    static byte[] multibootFlat() {
        byte[] image = new byte[0x420];
        image[0x20] = 0x55;
        putHeader(image, 0x40, 1 << 16);
        ByteBuffer fields = little(image);
        fields.putInt(0x4c, (int) KERNEL_GPA + 0x20).putInt(0x50, (int) KERNEL_GPA);
        fields.putInt(0x54, (int) KERNEL_GPA + 0x400).putInt(0x58, (int) KERNEL_GPA + 0x1400);
        fields.putInt(0x5c, (int) KERNEL_GPA + 0x100);
        return image;
    }

    static void putHeader(byte[] image, int at, int flags) {
        little(image).putInt(at, 0x1badb002).putInt(at + 4, flags).putInt(at + 8, -(0x1badb002 + flags));
    }

    static byte[] vmlinux() {
        return elf(true, LINUX_GPA, 0xffff_ffff_8100_0000L, false);
    }

    /** A bzImage of protocol 2.15 around a payload that is given as it is. */
    static byte[] bzImage(byte[] payload) {
        int kernelAt = (SETUP_SECTORS + 1) * 512;
        int kernelSize = (PAYLOAD_OFFSET + payload.length + 15) & ~15;
        ByteBuffer image = little(kernelAt + kernelSize);
        image.put(0x1f1, (byte) SETUP_SECTORS).putInt(0x1f4, kernelSize / 16);
        image.putShort(0x1fe, (short) 0xaa55).put(0x200, (byte) 0xeb).put(0x201, (byte) 0x6a);
        image.putInt(0x202, 0x53726448).putShort(0x206, (short) 0x20f).put(0x211, (byte) 1);
        image.putInt(0x22c, 0x7fff_ffff).putInt(0x230, 0x20_0000).put(0x234, (byte) 1);
        image.putShort(0x236, (short) 0x7f).putInt(0x238, 2047);
        image.putInt(0x248, PAYLOAD_OFFSET).putInt(0x24c, payload.length);
        image.putLong(0x258, LINUX_GPA).putInt(0x260, LINUX_INIT_SIZE);
        image.put(kernelAt + PAYLOAD_OFFSET, payload);
        return bytes(image);
    }

    /** A bzImage around the test's vmlinux, with relocations behind the ELF as in a real one. */
    static byte[] bzImage(Packer packer, boolean appendSize) {
        byte[] elf = vmlinux();
        byte[] plain = java.util.Arrays.copyOf(elf, elf.length + 64);
        try {
            byte[] packed = packer.pack(plain);
            return bzImage(appendSize ? withSize(packed, plain.length) : packed);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] withSize(byte[] packed, int size) {
        byte[] all = java.util.Arrays.copyOf(packed, packed.length + 4);
        little(all).putInt(packed.length, size);
        return all;
    }

    static byte[] gzip(byte[] plain) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (OutputStream stream = new GZIPOutputStream(out)) {
            stream.write(plain);
        }
        return out.toByteArray();
    }

    /** As Linux's scripts/xz_wrap.sh: the x86 filter before LZMA2. */
    static byte[] xz(byte[] plain) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        LZMA2Options options = new LZMA2Options();
        options.setDictSize(1 << 20);
        try (OutputStream stream = new XZOutputStream(out, new FilterOptions[] {new X86Options(), options})) {
            stream.write(plain);
        }
        return out.toByteArray();
    }

    static byte[] lzma(byte[] plain) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        LZMA2Options options = new LZMA2Options();
        options.setDictSize(1 << 20);
        try (OutputStream stream = new LZMAOutputStream(out, options, -1)) {
            stream.write(plain);
        }
        return out.toByteArray();
    }

    static byte[] zstd(byte[] plain) {
        var compressor = new io.airlift.compress.v3.zstd.ZstdJavaCompressor();
        byte[] out = new byte[compressor.maxCompressedLength(plain.length)];
        int length = compressor.compress(plain, 0, plain.length, out, 0, out.length);
        return java.util.Arrays.copyOf(out, length);
    }

    static byte[] lz4(byte[] plain) {
        var compressor = new io.airlift.compress.v3.lz4.Lz4JavaCompressor();
        byte[] block = new byte[compressor.maxCompressedLength(plain.length)];
        int length = compressor.compress(plain, 0, plain.length, block, 0, block.length);
        ByteBuffer frame = little(8 + length);
        frame.putInt(0x184c2102).putInt(length).put(block, 0, length);
        return bytes(frame);
    }

    static byte[] firmware(int bytes) {
        byte[] image = new byte[bytes];
        for (int i = 0; i < bytes; i += 512) {
            image[i] = (byte) (i >> 12);
        }
        image[bytes - 16] = (byte) 0xea;
        return image;
    }
}
