package dev.cloister.vmm.loader;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.LZMAInputStream;
import org.tukaani.xz.SingleXZInputStream;

/** A compressed kernel, within a bzImage or a file of its own, unpacked on the host side. */
final class Payload {
    /** The largest unpacked kernel; with {@link #DICTIONARY_KIB} the bound on what a load needs. */
    static final long MAX_UNPACKED = 256L << 20;

    /** The largest xz or lzma dictionary, in KiB: kernels use up to 128 MiB. */
    private static final int DICTIONARY_KIB = 136 << 10;

    private static final int CHUNK = 64 << 10;
    private static final int TAIL = 4;

    /** Compression methods, by the magic numbers of Linux lib/decompress.c. */
    enum Method {
        GZIP("gzip"),
        XZ("xz"),
        LZMA("lzma"),
        LZ4("lz4"),
        ZSTD("zstd"),
        NONE("uncompressed"),
        UNKNOWN("unknown");

        private final String label;

        Method(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }
    }

    /**
     * Compressed bytes of a file.
     *
     * @param what their name in messages
     * @param method how they are compressed
     * @param at their file offset
     * @param length their count; the last four are the unpacked size (gzip's own trailer has the same form)
     */
    record Packed(String what, Method method, long at, long length) {}

    /** A stream decoder over the payload. */
    private interface Decoder {
        InputStream open(InputStream source) throws IOException;
    }

    private Payload() {}

    static Method method(Bytes image, long at) {
        if (image.isU32(at, Elf.MAGIC)) {
            return Method.NONE;
        }
        if (image.isU32(at, Lz4Legacy.MAGIC)) {
            return Method.LZ4;
        }
        if (image.isU32(at, 0xfd2f_b528)) {
            return Method.ZSTD;
        }
        if (image.isU16(at, 0x8b1f)) {
            return Method.GZIP;
        }
        if (image.isU32(at, 0x587a_37fd)) {
            return Method.XZ;
        }
        return image.isU16(at, 0x005d) ? Method.LZMA : Method.UNKNOWN;
    }

    /**
     * Unpacks a payload into memory of an arena.
     *
     * @param limit the most that the guest could hold
     */
    static MemorySegment unpack(Arena arena, Bytes image, Packed packed, long limit) throws ImageException {
        Method method = packed.method();
        long at = packed.at();
        long length = packed.length();
        if (method == Method.NONE) {
            return image.slice(at, length, packed.what());
        }
        if (length <= TAIL) {
            throw new ImageException(
                    packed.what() + " length", at, length + " bytes", "more than " + TAIL, "get the image again");
        }
        long declared = image.u32(at + length - TAIL, "unpacked size at the end of the " + packed.what());
        long most = Math.min(MAX_UNPACKED, limit);
        if (declared == 0 || declared > most) {
            throw new ImageException(
                    "unpacked size at the end of the " + packed.what(),
                    at + length - TAIL,
                    declared + " bytes",
                    "1 to " + most + " bytes (256 MiB, or what the guest's memory holds)",
                    "give the guest more memory, or get the image again");
        }
        MemorySegment source = image.slice(at, method == Method.GZIP ? length : length - TAIL, packed.what());
        MemorySegment target = arena.allocate(declared);
        long written = decode(packed, source, target);
        if (written != declared) {
            throw new ImageException(
                    packed.what() + " (" + method.label() + ")",
                    at,
                    written + " bytes when unpacked",
                    declared + " bytes, as its last four bytes say",
                    "the image is damaged; get it again");
        }
        return target;
    }

    private static long decode(Packed packed, MemorySegment source, MemorySegment target) throws ImageException {
        try {
            return decode(packed.method(), source, target);
        } catch (IOException | RuntimeException e) {
            // A third party's decoder may answer hostile data with any exception; none may leave the loader.
            throw undecoded(
                    packed, e, "data that does not unpack: " + e.getMessage(), "the image is damaged; get it again");
        } catch (OutOfMemoryError e) {
            // One large array, the dictionary: what failed is released, and the process can go on.
            throw undecoded(
                    packed, e, "a dictionary larger than the Java heap", "give the VMM process more heap (-Xmx)");
        }
    }

    private static ImageException undecoded(Packed packed, Throwable cause, String found, String remedy) {
        String label = packed.method().label();
        ImageException failure = new ImageException(
                packed.what() + " (" + label + ")", packed.at(), found, "a whole " + label + " stream", remedy);
        failure.initCause(cause);
        return failure;
    }

    private static long decode(Method method, MemorySegment source, MemorySegment target) throws IOException {
        return switch (method) {
            case GZIP -> stream(source, target, GZIPInputStream::new);
            case XZ -> stream(source, target, in -> new SingleXZInputStream(in, DICTIONARY_KIB));
            case LZMA -> stream(source, target, in -> new LZMAInputStream(in, DICTIONARY_KIB));
            case LZ4 -> Lz4Legacy.unpack(source, target);
            case ZSTD -> Zstd.unpack(source, target);
            case NONE, UNKNOWN -> throw new IOException("no decoder");
        };
    }

    private static long stream(MemorySegment source, MemorySegment target, Decoder decoder) throws IOException {
        byte[] chunk = new byte[CHUNK];
        long written = 0;
        try (InputStream in = decoder.open(new SegmentInput(source))) {
            int count = in.read(chunk);
            while (count >= 0) {
                if (count > target.byteSize() - written) {
                    throw new IOException("more than the " + target.byteSize() + " bytes declared");
                }
                MemorySegment.copy(chunk, 0, target, ValueLayout.JAVA_BYTE, written, count);
                written += count;
                count = in.read(chunk);
            }
        }
        return written;
    }

    /** A segment as a stream, without copying it whole. */
    private static final class SegmentInput extends InputStream {
        private final MemorySegment segment;
        private long at;

        SegmentInput(MemorySegment segment) {
            this.segment = segment;
        }

        @Override
        public int read() {
            return at < segment.byteSize() ? segment.get(ValueLayout.JAVA_BYTE, at++) & 0xff : -1;
        }

        @Override
        public int read(byte[] target, int offset, int length) {
            if (length == 0) {
                return 0;
            }
            long left = segment.byteSize() - at;
            if (left == 0) {
                return -1;
            }
            int count = (int) Math.min(left, length);
            MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, at, target, offset, count);
            at += count;
            return count;
        }

        @Override
        public int available() {
            return (int) Math.min(Integer.MAX_VALUE, segment.byteSize() - at);
        }
    }
}
