package dev.cloister.it.disassembly;

import io.airlift.compress.v3.lz4.Lz4JavaDecompressor;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.SingleXZInputStream;

/** Unpacks the ELF kernel of a bzImage (Linux, Documentation/arch/x86/boot.rst). */
final class Vmlinux {
    private static final int SETUP_SECTORS = 0x1F1;
    private static final int PAYLOAD_OFFSET = 0x248;
    private static final int PAYLOAD_LENGTH = 0x24C;
    private static final int SECTOR = 512;
    private static final int XZ = 0x587A37FD;
    private static final int LZ4_LEGACY = 0x184C2102;
    private static final short GZIP = (short) 0x8B1F;

    private Vmlinux() {}

    /** Unpacks, or says false for a compression that this doesn't know. */
    static boolean unpack(Path image, Path to) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(image)).order(ByteOrder.LITTLE_ENDIAN);
        int at = ((bytes.get(SETUP_SECTORS) & 0xFF) + 1) * SECTOR + bytes.getInt(PAYLOAD_OFFSET);
        InputStream packed = new java.io.ByteArrayInputStream(bytes.array(), at, bytes.getInt(PAYLOAD_LENGTH));
        int magic = bytes.getInt(at);
        if (magic == LZ4_LEGACY) {
            return blocks(bytes.position(at + 4), bytes.getInt(PAYLOAD_LENGTH) - 8, to);
        }
        try (InputStream in = magic == XZ
                        ? new SingleXZInputStream(packed)
                        : (short) magic == GZIP ? new GZIPInputStream(packed) : null;
                OutputStream out = Files.newOutputStream(to)) {
            if (in == null) {
                System.out.println(
                        "skipped, the kernel's compression is not known here: " + Integer.toHexString(magic));
                return false;
            }
            in.transferTo(out);
            return true;
        }
    }

    /** LZ4's legacy frame: blocks of at most 8 MiB, each behind its packed size. */
    private static boolean blocks(ByteBuffer packed, int length, Path to) throws IOException {
        Lz4JavaDecompressor decompressor = new Lz4JavaDecompressor();
        byte[] block = new byte[8 << 20];
        int end = packed.position() + length;
        try (OutputStream out = Files.newOutputStream(to)) {
            while (packed.position() < end) {
                int size = packed.getInt();
                int unpacked = decompressor.decompress(packed.array(), packed.position(), size, block, 0, block.length);
                out.write(block, 0, unpacked);
                packed.position(packed.position() + size);
            }
        }
        return true;
    }
}
