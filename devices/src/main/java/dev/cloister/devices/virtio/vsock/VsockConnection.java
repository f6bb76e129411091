package dev.cloister.devices.virtio.vsock;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * One stream between the guest and a peer, with its credit (virtio 1.2 section 5.10.6.3). To others than {@link Vsock} it is a
 * name. Thread: the device's.
 */
public final class VsockConnection {
    /** Bytes from the guest that wait for the host at most: what the guest is told as buf_alloc. */
    static final int BUFFER_BYTES = 64 << 10;

    /** How far the guest's knowledge of {@link #forwarded} may lag before it is told. */
    private static final int CREDIT_STEP = BUFFER_BYTES / 2;

    /** Where a connection stands. */
    enum State {
        /** The guest asked; the host has not answered yet. */
        OPENING,
        /** The host asked; the guest has not answered yet. */
        REQUESTED,
        /** Bytes may flow. */
        ESTABLISHED,
        /** Over; the guest may still have to be told. */
        CLOSED
    }

    private final ConnectionId id;
    private final long guestCid;
    private final BufferPool buffers;
    private State state;
    private HostStream stream;
    /** A packet to send besides data: an operation of {@link VsockPacket}, or 0. */
    private int pending;

    private boolean creditDue;
    private boolean creditAsked;
    /** Whether the connection stands in the device's queue of those with something to send. */
    boolean queued;

    /** The peer takes nothing: the guest is told once, when it has accepted. */
    private boolean deaf;

    private boolean deafDue;
    private boolean hostEnded;
    private boolean hostEndTold;
    private boolean readable;
    private int guestShutdown;
    private boolean outputEnded;

    private int sent;
    private int guestBuffer;
    private int guestForwarded;

    private int received;
    private int forwarded;
    private int forwardedTold;
    private MemorySegment buffer;
    private int bufferStart;
    private int buffered;

    VsockConnection(ConnectionId id, long guestCid, BufferPool buffers, State state) {
        this.id = id;
        this.buffers = buffers;
        this.guestCid = guestCid;
        this.state = state;
    }

    /** The guest's port, unsigned. */
    public int guestPort() {
        return id.guestPort;
    }

    ConnectionId id() {
        return id;
    }

    State state() {
        return state;
    }

    HostStream stream() {
        return stream;
    }

    void send(int operation) {
        pending = operation;
    }

    /** The host's end is there: bytes may flow as soon as the guest has been told. */
    void establish(HostStream with) {
        stream = with;
        state = State.ESTABLISHED;
        readable = true;
        // The guest may have said already that it sends or receives no more.
        finish();
    }

    /** The host's end of a connection that the guest still has to accept. */
    void request(HostStream with) {
        stream = with;
        pending = VsockPacket.REQUEST;
        // A program that talks before the guest has answered waits; one that hangs up is told of by the host.
        with.await(false, false);
    }

    /** The peer only sends: once the guest has accepted it is told that nothing it writes is taken. */
    void deaf() {
        deaf = true;
    }

    /** Ends the connection; the guest is told by RST unless it was the one that said so. */
    void close(boolean tellGuest) {
        if (state != State.CLOSED) {
            state = State.CLOSED;
            pending = tellGuest ? VsockPacket.RST : 0;
            creditDue = false;
            deafDue = false;
            MemorySegment kept = buffer;
            buffer = null;
            buffered = 0;
            if (kept != null) {
                buffers.give(kept);
            }
            HostStream open = stream;
            stream = null;
            if (open != null) {
                open.close();
            }
        }
    }

    /** Takes the guest's buffer and progress from any packet of its. */
    void credit(VsockPacket packet) {
        guestBuffer = packet.bufferBytes;
        guestForwarded = packet.forwarded;
        if (credit() > 0) {
            creditAsked = false;
        }
    }

    /** How many bytes the guest can take; 0 also where its counters make no sense. */
    private int credit() {
        long room = Integer.toUnsignedLong(guestBuffer) - Integer.toUnsignedLong(sent - guestForwarded);
        return (int) Math.clamp(room, 0, Integer.MAX_VALUE);
    }

    void creditRequested() {
        creditDue = true;
    }

    /** The guest accepts what the host asked for. */
    void accepted() throws IOException {
        HostStream open = stream;
        if (state == State.REQUESTED && open != null) {
            state = State.ESTABLISHED;
            readable = true;
            deafDue = deaf;
            open.established(id.port);
            finish();
        } else {
            close(true);
        }
    }

    /** Bytes from the guest. */
    void data(MemorySegment payload, long offset, int length) throws IOException {
        HostStream open = stream;
        if (state != State.ESTABLISHED
                || open == null
                || (guestShutdown & VsockPacket.NO_SEND) != 0
                || length > BUFFER_BYTES - (received - forwarded)) {
            close(true);
            return;
        }
        received += length;
        int written = 0;
        if (buffered == 0) {
            int now = length == 0 ? 0 : open.write(payload, offset, length);
            while (now > 0 && (written += now) < length) {
                now = open.write(payload, offset + written, length - written);
            }
            forward(written);
        }
        if (written < length) {
            keep(payload, offset + written, length - written);
        }
        await();
    }

    private void keep(MemorySegment payload, long offset, int length) {
        if (buffer == null) {
            buffer = buffers.take();
        }
        int at = (bufferStart + buffered) % BUFFER_BYTES;
        int first = Math.min(length, BUFFER_BYTES - at);
        MemorySegment.copy(payload, offset, buffer, at, first);
        MemorySegment.copy(payload, offset + first, buffer, 0, (long) length - first);
        buffered += length;
    }

    private void forward(int bytes) {
        forwarded += bytes;
        creditDue |= forwarded - forwardedTold >= CREDIT_STEP;
    }

    /** The host's end can be read or written again. */
    void ready(boolean toRead, boolean toWrite) throws IOException {
        HostStream open = stream;
        if (open == null) {
            return;
        }
        readable |= toRead;
        MemorySegment from = buffer;
        while (toWrite && buffered > 0 && from != null) {
            int written = open.write(from, bufferStart, Math.min(buffered, BUFFER_BYTES - bufferStart));
            if (written == 0) {
                break;
            }
            bufferStart = (bufferStart + written) % BUFFER_BYTES;
            buffered -= written;
            forward(written);
        }
        finish();
        await();
    }

    /** The guest sends or receives no more. */
    void shutdown(int flags) {
        guestShutdown |= flags & (VsockPacket.NO_RECEIVE | VsockPacket.NO_SEND);
        finish();
        await();
    }

    private void finish() {
        HostStream open = stream;
        if (state != State.ESTABLISHED || open == null || buffered > 0) {
            return;
        }
        boolean guestSendsNoMore = (guestShutdown & VsockPacket.NO_SEND) != 0;
        boolean guestReadsNoMore = (guestShutdown & VsockPacket.NO_RECEIVE) != 0;
        if (guestSendsNoMore && (guestReadsNoMore || hostEndTold)) {
            close(true);
        } else if (guestSendsNoMore && !outputEnded) {
            outputEnded = true;
            open.endOutput();
        }
    }

    private void await() {
        HostStream open = stream;
        if (open != null && state == State.ESTABLISHED) {
            open.await(!readable && !hostEnded && (guestShutdown & VsockPacket.NO_RECEIVE) == 0, buffered > 0);
        }
    }

    /** Whether {@link #next} would have a packet, or might. */
    boolean hasOutput() {
        // Before and after it stands a connection has nothing to say but what is pending.
        return pending != 0
                || state == State.ESTABLISHED && (deafDue || creditDue || hostEnded && !hostEndTold || wantsToRead());
    }

    private boolean wantsToRead() {
        return readable
                && !hostEnded
                && (guestShutdown & VsockPacket.NO_RECEIVE) == 0
                && (credit() > 0 || !creditAsked);
    }

    /**
     * Fills in the next packet for the guest.
     *
     * @return the bytes of its payload, or -1 if there is no packet
     */
    int next(VsockPacket packet, MemorySegment payload, long offset, int capacity) throws IOException {
        if (pending != 0) {
            int operation = pending;
            pending = 0;
            return control(packet, operation, 0);
        }
        if (state != State.ESTABLISHED) {
            return -1;
        }
        if (deafDue) {
            deafDue = false;
            return control(packet, VsockPacket.SHUTDOWN, VsockPacket.NO_RECEIVE);
        }
        int bytes = wantsToRead() ? fill(packet, payload, offset, capacity) : -1;
        if (bytes >= 0) {
            return bytes;
        }
        if (hostEnded && !hostEndTold) {
            hostEndTold = true;
            control(packet, VsockPacket.SHUTDOWN, VsockPacket.NO_SEND);
            finish();
            return 0;
        }
        return creditDue ? control(packet, VsockPacket.CREDIT_UPDATE, 0) : -1;
    }

    private int fill(VsockPacket packet, MemorySegment payload, long offset, int capacity) throws IOException {
        int most = Math.min(credit(), capacity);
        if (most <= 0) {
            creditAsked = credit() <= 0;
            return creditAsked ? control(packet, VsockPacket.CREDIT_REQUEST, 0) : -1;
        }
        HostStream open = stream;
        int read = open == null ? 0 : open.read(payload, offset, most);
        if (read > 0) {
            control(packet, VsockPacket.RW, 0);
            packet.length = read;
            sent += read;
            return read;
        }
        readable = false;
        hostEnded = read == HostStream.END;
        await();
        return -1;
    }

    private int control(VsockPacket packet, int operation, int flags) {
        packet.control(id, guestCid, operation);
        packet.flags = flags;
        packet.bufferBytes = operation == VsockPacket.RST ? 0 : BUFFER_BYTES;
        packet.forwarded = forwarded;
        forwardedTold = forwarded;
        creditDue = false;
        return 0;
    }
}
