package dev.cloister.devices.virtio.vsock;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A packet's header (virtio 1.2 section 5.10.6, struct virtio_vsock_hdr), filled again for each packet so that none is
 * allocated. Ports, lengths and counters are unsigned 32-bit numbers. Thread: its owner's.
 */
public final class VsockPacket {
    /** Bytes of a header. */
    public static final int HEADER_BYTES = 44;

    /** The type of a stream's packets, VIRTIO_VSOCK_TYPE_STREAM. */
    public static final int STREAM = 1;

    /** Asks for a connection. */
    public static final int REQUEST = 1;

    /** Grants one. */
    public static final int RESPONSE = 2;

    /** Refuses or ends one. */
    public static final int RST = 3;

    /** Says that the sender sends or receives no more. */
    public static final int SHUTDOWN = 4;

    /** Carries bytes. */
    public static final int RW = 5;

    /** Tells the sender's buffer and what it has consumed. */
    public static final int CREDIT_UPDATE = 6;

    /** Asks for a {@link #CREDIT_UPDATE}. */
    public static final int CREDIT_REQUEST = 7;

    /** Flag of {@link #SHUTDOWN}: the sender receives no more. */
    public static final int NO_RECEIVE = 1;

    /** Flag of {@link #SHUTDOWN}: the sender sends no more. */
    public static final int NO_SEND = 2;

    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    long sourceCid;
    long targetCid;
    int sourcePort;
    int targetPort;
    int length;
    int type;
    int operation;
    int flags;
    int bufferBytes;
    int forwarded;

    /** Makes an empty header. */
    public VsockPacket() {
        // Every field is written before it is read.
    }

    /**
     * Reads a header, each field once.
     *
     * @param from where it stands; a private copy or memory that may change meanwhile
     * @param offset its first byte
     * @throws IndexOutOfBoundsException if it doesn't lie within the segment
     */
    public void read(MemorySegment from, long offset) {
        sourceCid = from.get(U64, offset);
        targetCid = from.get(U64, offset + 8);
        sourcePort = from.get(U32, offset + 16);
        targetPort = from.get(U32, offset + 20);
        length = from.get(U32, offset + 24);
        type = from.get(U16, offset + 28) & 0xffff;
        operation = from.get(U16, offset + 30) & 0xffff;
        flags = from.get(U32, offset + 32);
        bufferBytes = from.get(U32, offset + 36);
        forwarded = from.get(U32, offset + 40);
    }

    /**
     * Writes the header.
     *
     * @param to where
     * @param offset its first byte
     * @throws IndexOutOfBoundsException if there is no room for {@value #HEADER_BYTES} bytes
     */
    public void write(MemorySegment to, long offset) {
        to.set(U64, offset, sourceCid);
        to.set(U64, offset + 8, targetCid);
        to.set(U32, offset + 16, sourcePort);
        to.set(U32, offset + 20, targetPort);
        to.set(U32, offset + 24, length);
        to.set(U16, offset + 28, (short) type);
        to.set(U16, offset + 30, (short) operation);
        to.set(U32, offset + 32, flags);
        to.set(U32, offset + 36, bufferBytes);
        to.set(U32, offset + 40, forwarded);
    }

    /** Returns the payload's bytes as the header says: unsigned, unchecked. */
    public long length() {
        return Integer.toUnsignedLong(length);
    }

    /** Fills in a packet of a stream without payload. */
    void control(ConnectionId of, long guestCid, int what) {
        sourceCid = of.cid;
        sourcePort = of.port;
        targetCid = guestCid;
        targetPort = of.guestPort;
        length = 0;
        type = STREAM;
        operation = what;
        flags = 0;
        bufferBytes = 0;
        forwarded = 0;
    }
}
