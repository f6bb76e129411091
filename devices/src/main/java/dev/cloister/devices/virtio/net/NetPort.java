package dev.cloister.devices.virtio.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Where a network device's frames go and come from: one Ethernet frame in each call, never a part of one. In front of each frame stands
 * a header of {@value #HEADER_BYTES} bytes (struct virtio_net_hdr, virtio 1.2, 5.1.6; little-endian): a port that offloads nothing
 * ignores those that it gets and gives zeros. {@link #send} and {@link #receive} are called by one thread each, at the same time;
 * nothing here waits.
 */
public interface NetPort {
    /** Bytes of the header, its last two being the number of buffers, which belongs to the device. */
    int HEADER_BYTES = 12;

    /** The longest frame, header not counted: a segment of 64 KiB that is still to be cut, with what stands before it. */
    int MAX_FRAME_BYTES = (64 << 10) + 64;

    /** The most pieces that a frame comes in. */
    int MAX_PIECES = 512;

    /** What {@link #receive} returns if there is no frame. */
    int NOTHING = -1;

    /** What a port tells its device. Any thread; must not wait. */
    interface Listener {
        /** There may be a frame again, after {@link #receive} had said {@link #NOTHING}. */
        void readable();

        /** {@link #isUp} has changed. */
        void linkChanged();
    }

    /**
     * What the port can do with frames that aren't finished.
     *
     * @return bits of {@link NetFeatures#OFFLOADS}, which are the device type's feature bits
     */
    long offloads();

    /**
     * What the driver has taken of {@link #offloads}. Called before the driver's first frame, and with 0 when the device is reset; no
     * frame is being sent or received meanwhile.
     *
     * @param offloads bits of {@link NetFeatures#OFFLOADS}: a frame that isn't finished may be received only as the {@code GUEST}
     *     bits among them allow
     * @throws IOException if the host can't
     */
    void use(long offloads) throws IOException;

    /**
     * Begins to listen. Once, before the guest runs.
     *
     * @param listener who is told
     */
    void start(Listener listener);

    /**
     * Whether somebody is at the other end, as far as the host knows.
     *
     * @return false while it has gone, or for good
     */
    boolean isUp();

    /**
     * Sends a frame.
     *
     * @param header its header, checked against what the driver has negotiated
     * @param frame the frame's pieces in guest memory, in order, at least 14 and at most {@link #MAX_FRAME_BYTES} bytes in all
     * @param count how many pieces, at most {@link #MAX_PIECES}
     * @return false if the frame was dropped: there is no room for it, or the host doesn't want it
     * @throws IOException if the host failed in a way that the operator should know; the frame is dropped
     */
    boolean send(MemorySegment header, MemorySegment[] frame, int count) throws IOException;

    /**
     * Takes the next frame. One longer than the pieces is lost.
     *
     * @param header receives its header
     * @param into receives the frame, in order
     * @param count how many pieces, at most {@link #MAX_PIECES} and one
     * @return the frame's bytes, or {@link #NOTHING}: then the listener hears of the next one
     * @throws IOException if the host failed in a way that the operator should know
     */
    int receive(MemorySegment header, MemorySegment[] into, int count) throws IOException;
}
