package dev.cloister.vmm.debug.gdb;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Frames replies and keeps the last one for repetition. What is pending is bounded by one answer: console text, acknowledgement and
 * one packet of at most {@link PacketReader#MOST} bytes. One thread.
 */
final class ReplyWriter {
    private static final int FRAME = 4;
    private static final int ROOM = 2 * (PacketReader.MOST + FRAME) + 16;

    private final byte[] buffer = new byte[ROOM];
    private int start;
    private int end;
    private byte[] last = new byte[0];
    private boolean acknowledging = true;

    /** For a new peer. */
    void reset() {
        start = 0;
        end = 0;
        last = new byte[0];
        acknowledging = true;
    }

    /** The peer wants no acknowledgements, from the next packet on. */
    void acknowledgeNoMore() {
        acknowledging = false;
    }

    /**
     * Acknowledges a packet.
     *
     * @return false where the peer wants none
     */
    boolean acknowledge(boolean good) {
        if (acknowledging) {
            put(new byte[] {(byte) (good ? '+' : '-')});
        }
        return acknowledging;
    }

    /** Sends a packet; what is longer than a packet may be becomes an error. */
    void reply(String text) {
        byte[] body = text.length() <= PacketReader.MOST
                ? text.getBytes(StandardCharsets.ISO_8859_1)
                : "E02".getBytes(StandardCharsets.ISO_8859_1);
        int sum = 0;
        for (byte b : body) {
            sum += b;
        }
        byte[] packet = new byte[body.length + FRAME];
        packet[0] = '$';
        System.arraycopy(body, 0, packet, 1, body.length);
        packet[body.length + 1] = '#';
        packet[body.length + 2] = (byte) Character.forDigit(sum >> 4 & 15, 16);
        packet[body.length + 3] = (byte) Character.forDigit(sum & 15, 16);
        last = packet;
        put(packet);
    }

    /** Sends the last packet again. */
    void repeat() {
        put(last);
    }

    private void put(byte[] bytes) {
        if (start > 0) {
            System.arraycopy(buffer, start, buffer, 0, end - start);
            end -= start;
            start = 0;
        }
        if (bytes.length <= buffer.length - end) {
            System.arraycopy(bytes, 0, buffer, end, bytes.length);
            end += bytes.length;
        }
    }

    byte[] bytes() {
        return buffer;
    }

    int position() {
        return start;
    }

    int pending() {
        return end - start;
    }

    void sent(int count) {
        start += count;
    }

    /** The last packet, for tests. */
    byte[] last() {
        return Arrays.copyOf(last, last.length);
    }
}
