package dev.cloister.vmm.loader;

import io.airlift.compress.v3.zstd.ZstdJavaDecompressor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Zstandard (RFC 8878) with windows of any size. The decoder refuses windows above 8 MiB, which Debian's kernels since 6.12 have. It
 * unpacks into one piece of memory and takes matches from anywhere in it, so the window, which says how far back they reach, is of no
 * use to it: a frame that names a larger one is handed over as naming the largest that passes.
 */
final class Zstd {
    private static final int DESCRIPTOR = 4;
    private static final int WINDOW = 5;
    private static final int SINGLE_SEGMENT = 1 << 5;
    private static final int EXPONENT_SHIFT = 3;
    /** 2^(10 + 13) bytes: 8 MiB (RFC 8878, 3.1.1.1.2). */
    private static final int LARGEST = 13 << EXPONENT_SHIFT;

    private Zstd() {}

    /** Unpacks one frame and returns its size; any exception where it is damaged. */
    static long unpack(MemorySegment source, MemorySegment target) {
        return new ZstdJavaDecompressor().decompress(named(source), target);
    }

    private static MemorySegment named(MemorySegment source) {
        if (source.byteSize() <= WINDOW) {
            return source;
        }
        boolean single = (source.get(ValueLayout.JAVA_BYTE, DESCRIPTOR) & SINGLE_SEGMENT) != 0;
        int window = source.get(ValueLayout.JAVA_BYTE, WINDOW) & 0xff;
        if (single || window <= LARGEST) {
            return source;
        }
        MemorySegment copy = MemorySegment.ofArray(source.toArray(ValueLayout.JAVA_BYTE));
        copy.set(ValueLayout.JAVA_BYTE, WINDOW, (byte) LARGEST);
        return copy;
    }
}
