package dev.cloister.devices.virtio.net;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The header in front of a frame (virtio 1.2, 5.1.6, struct virtio_net_hdr) that a driver gave: a copy of it, to be checked and cleaned. */
final class FrameHeader {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int FLAGS = 0;
    private static final int GSO_TYPE = 1;
    private static final int HEADER_LENGTH = 2;
    private static final int GSO_SIZE = 4;
    private static final int CSUM_START = 6;
    private static final int CSUM_OFFSET = 8;
    private static final int BUFFERS = 10;

    private static final int NEEDS_CSUM = 1;
    private static final int NO_SEGMENTS = 0;
    private static final int TCP4 = 1;
    private static final int TCP6 = 4;
    private static final int ECN = 0x80;
    private static final int CHECKSUM_BYTES = 2;
    private static final int MASK = 0xffff;

    private FrameHeader() {}

    /**
     * Brings what a driver said into the form in which a port gets it: nothing in it that has no meaning.
     *
     * @param header its copy
     * @param length the frame's bytes
     * @param features what was negotiated
     * @return what is wrong with it, or the empty text
     */
    static String clean(MemorySegment header, long length, long features) {
        int flags = header.get(ValueLayout.JAVA_BYTE, FLAGS) & NEEDS_CSUM;
        int type = header.get(ValueLayout.JAVA_BYTE, GSO_TYPE) & 0xff;
        header.set(ValueLayout.JAVA_BYTE, FLAGS, (byte) flags);
        header.set(SHORT, BUFFERS, (short) 0);
        String fault = flags == 0 ? "" : checksum(header, length, features);
        if (flags == 0) {
            header.set(SHORT, CSUM_START, (short) 0);
            header.set(SHORT, CSUM_OFFSET, (short) 0);
        }
        if (type == NO_SEGMENTS) {
            header.set(SHORT, HEADER_LENGTH, (short) 0);
            header.set(SHORT, GSO_SIZE, (short) 0);
            return fault;
        }
        return fault.isEmpty() ? segments(header, type, flags, features) : fault;
    }

    private static String checksum(MemorySegment header, long length, long features) {
        int at = (header.get(SHORT, CSUM_START) & MASK) + (header.get(SHORT, CSUM_OFFSET) & MASK);
        if ((features & NetFeatures.CSUM) == 0) {
            return "a checksum to complete, which was not negotiated";
        }
        return at + CHECKSUM_BYTES <= length ? "" : "a checksum to put at " + at + " of " + length + " bytes";
    }

    private static String segments(MemorySegment header, int type, int flags, long features) {
        long needed = switch (type & ~ECN) {
            case TCP4 -> NetFeatures.HOST_TSO4;
            case TCP6 -> NetFeatures.HOST_TSO6;
            default -> -1;
        };
        if ((type & ECN) != 0) {
            needed |= NetFeatures.HOST_ECN;
        }
        if ((needed & ~features) != 0) {
            return "segments of type " + type + " to cut, which was not negotiated";
        }
        boolean sound = flags == NEEDS_CSUM && header.get(SHORT, GSO_SIZE) != 0;
        return sound ? "" : "segments to cut, of no size or without a checksum to complete";
    }

    /** Says over how many buffers a received frame is spread. */
    static void setBuffers(MemorySegment header, int buffers) {
        header.set(SHORT, BUFFERS, (short) buffers);
    }
}
