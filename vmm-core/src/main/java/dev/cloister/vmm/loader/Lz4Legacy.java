package dev.cloister.vmm.loader;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The legacy LZ4 frame that Linux kernels use (lz4 project, doc/lz4_Frame_format.md, "Legacy frame", and
 * doc/lz4_Block_format.md): a magic number, then blocks of a 32-bit compressed size and data that unpacks to at most 8
 * MiB. Plain arrays, so a hostile block meets Java's bounds checks. Needs two buffers of at most about 8 MiB.
 */
final class Lz4Legacy {
    static final int MAGIC = 0x184c_2102;

    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int MAX_BLOCK = 8 << 20;

    /** LZ4's worst case for a block that does not compress. */
    private static final int MAX_COMPRESSED = MAX_BLOCK + MAX_BLOCK / 255 + 16;

    private static final int MIN_MATCH = 4;

    private final byte[] in;
    private final byte[] out;
    private int from;
    private int inEnd;
    private int to;

    private Lz4Legacy(long sourceBytes, long targetBytes) {
        in = new byte[(int) Math.min(sourceBytes, MAX_COMPRESSED)];
        out = new byte[(int) Math.min(targetBytes, MAX_BLOCK)];
    }

    /**
     * Unpacks a whole payload.
     *
     * @return the bytes written to {@code target}
     * @throws IOException if the data is malformed or more than {@code target} holds
     */
    static long unpack(MemorySegment source, MemorySegment target) throws IOException {
        Lz4Legacy decoder = new Lz4Legacy(source.byteSize(), target.byteSize());
        long at = 0;
        long written = 0;
        while (at < source.byteSize()) {
            int size = header(source, at);
            at += 4;
            if (size != MAGIC) {
                MemorySegment.copy(source, ValueLayout.JAVA_BYTE, at, decoder.in, 0, size);
                int length = decoder.block(size);
                if (length > target.byteSize() - written) {
                    throw new IOException("more than the " + target.byteSize() + " bytes declared");
                }
                MemorySegment.copy(decoder.out, 0, target, ValueLayout.JAVA_BYTE, written, length);
                at += size;
                written += length;
            }
        }
        return written;
    }

    /** The size of the block that follows, checked, or another frame's {@link #MAGIC}. */
    private static int header(MemorySegment source, long at) throws IOException {
        long left = source.byteSize() - at - 4;
        if (left < 0) {
            throw new IOException("LZ4 block header cut off at payload offset " + at);
        }
        int size = source.get(U32, at);
        if (size != MAGIC && (size <= 0 || size > MAX_COMPRESSED || size > left)) {
            throw new IOException("LZ4 block of " + Integer.toUnsignedString(size) + " bytes at payload offset " + at
                    + " is larger than what follows or is allowed");
        }
        return size;
    }

    private int block(int size) throws IOException {
        from = 0;
        to = 0;
        inEnd = size;
        while (true) {
            int token = next();
            literals(length(token >>> 4));
            if (from == inEnd) {
                return to;
            }
            int distance = next() | next() << 8;
            match(distance, length(token & 15) + MIN_MATCH);
        }
    }

    private int next() throws IOException {
        if (from >= inEnd) {
            throw new IOException("LZ4 block ends within a sequence");
        }
        return in[from++] & 0xff;
    }

    /** A length whose 4-bit field is 15 goes on in bytes of 255 until a smaller one. */
    private int length(int field) throws IOException {
        int length = field;
        if (field == 15) {
            int more;
            do {
                more = next();
                length += more;
            } while (more == 255);
        }
        return length;
    }

    private void literals(int count) throws IOException {
        if (count > inEnd - from || count > out.length - to) {
            throw new IOException("LZ4 literals run past the end of a block");
        }
        System.arraycopy(in, from, out, to, count);
        from += count;
        to += count;
    }

    private void match(int distance, int count) throws IOException {
        if (distance == 0 || distance > to || count > out.length - to) {
            throw new IOException("LZ4 match reaches outside its block");
        }
        int source = to - distance;
        if (distance >= count) {
            System.arraycopy(out, source, out, to, count);
        } else {
            for (int i = 0; i < count; i++) {
                out[to + i] = out[source + i];
            }
        }
        to += count;
    }
}
