package dev.cloister.devices.virtio.vsock;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * All connections of one guest (virtio 1.2 section 5.10): takes the guest's packets, gives packets to the guest, and asks a
 * {@link VsockHost} for the other ends. Streams only. A guest can have {@value #MAX_CONNECTIONS} connections; what it sends
 * beyond its credit, or for no connection, is answered by RST. No packet allocates, but for one that opens a connection.
 * Thread: the device's.
 */
public final class Vsock implements AutoCloseable {
    /** Connections at once, also those that are being opened. */
    public static final int MAX_CONNECTIONS = 256;

    /** Host ports of connections that the host opens: from here up, as no service listens there. */
    private static final int FIRST_HOST_PORT = 1 << 30;

    private static final int LAST_HOST_PORT = Integer.MAX_VALUE;

    private final long guestCid;
    private final VsockHost host;
    private final BufferPool buffers = new BufferPool();
    private final Map<ConnectionId, VsockConnection> connections = new HashMap<>();
    private final Deque<VsockConnection> output = new ArrayDeque<>(MAX_CONNECTIONS);
    private final StrayResets strays = new StrayResets();
    private final ConnectionId probe = new ConnectionId();
    private int nextHostPort = FIRST_HOST_PORT;

    /**
     * Makes the connections of a guest: none.
     *
     * @param guestCid its context id, 3 to 0xfffffffe
     * @param host who opens its connections
     * @throws IllegalArgumentException for another context id
     */
    public Vsock(long guestCid, VsockHost host) {
        if (guestCid <= VsockHost.HOST_CID || guestCid >= 0xffff_ffffL) {
            throw new IllegalArgumentException("context id " + guestCid + ": expected 3 to 4294967294");
        }
        this.guestCid = guestCid;
        this.host = host;
    }

    /**
     * Tells whether a packet of the guest can be taken: not while answers to earlier ones wait for its receive buffers
     * (section 5.10.6.4: a device that can't reply stops processing).
     */
    public boolean mayTake() {
        return !strays.isFull();
    }

    /**
     * Takes a packet of the guest; only while {@link #mayTake}.
     *
     * @param packet its header
     * @param payload its bytes, a private copy or guest memory that is read once
     * @param offset the first of them
     * @param length how many there are, at most the header's length
     */
    public void take(VsockPacket packet, MemorySegment payload, long offset, int length) {
        if (packet.sourceCid != guestCid) {
            return;
        }
        VsockConnection connection = connections.get(probe.set(packet.targetCid, packet.targetPort, packet.sourcePort));
        if (packet.type != VsockPacket.STREAM || packet.length() != length) {
            refuse(packet, connection);
        } else if (connection == null) {
            unknown(packet);
        } else {
            connection.credit(packet);
            try {
                known(packet, connection, payload, offset, length);
            } catch (IOException e) {
                connection.close(true);
            }
            settle(connection);
        }
    }

    private void refuse(VsockPacket packet, VsockConnection connection) {
        if (connection == null) {
            stray(packet);
        } else {
            connection.close(true);
            settle(connection);
        }
    }

    private void stray(VsockPacket packet) {
        if (packet.operation != VsockPacket.RST) {
            strays.add(packet.targetCid, packet.targetPort, packet.sourcePort);
        }
    }

    private void unknown(VsockPacket packet) {
        if (packet.operation != VsockPacket.REQUEST || connections.size() >= MAX_CONNECTIONS) {
            stray(packet);
            return;
        }
        ConnectionId id = probe.copy();
        VsockConnection connection = new VsockConnection(id, guestCid, buffers, VsockConnection.State.OPENING);
        connections.put(id, connection);
        connection.credit(packet);
        host.open(id.cid, id.port, connection);
    }

    private static void known(
            VsockPacket packet, VsockConnection connection, MemorySegment payload, long offset, int length)
            throws IOException {
        switch (packet.operation) {
            case VsockPacket.RESPONSE -> connection.accepted();
            case VsockPacket.RST -> connection.close(false);
            case VsockPacket.SHUTDOWN -> connection.shutdown(packet.flags);
            case VsockPacket.RW -> connection.data(payload, offset, length);
            case VsockPacket.CREDIT_UPDATE -> {
                // Taken from every packet already.
            }
            case VsockPacket.CREDIT_REQUEST -> connection.creditRequested();
            default -> connection.close(true);
        }
    }

    /** Puts a connection where it belongs after something happened to it. */
    private void settle(VsockConnection connection) {
        if (connection.hasOutput()) {
            if (!connection.queued) {
                connection.queued = true;
                output.add(connection);
            }
        } else if (connection.state() == VsockConnection.State.CLOSED) {
            // Its ports may belong to another by now.
            connections.remove(connection.id(), connection);
        }
    }

    /**
     * The host's answer to {@link VsockHost#open}: the connection stands.
     *
     * @param connection which
     * @param stream its other end, owned by the connection from here on; closed at once if the guest has given up
     */
    public void opened(VsockConnection connection, HostStream stream) {
        if (connection.state() == VsockConnection.State.OPENING) {
            connection.send(VsockPacket.RESPONSE);
            connection.establish(stream);
            settle(connection);
        } else {
            stream.close();
        }
    }

    /**
     * The host's answer to {@link VsockHost#open}: nobody is there, or it may not be.
     *
     * @param connection which
     */
    public void refused(VsockConnection connection) {
        if (connection.state() == VsockConnection.State.OPENING) {
            connection.close(true);
            settle(connection);
        }
    }

    /**
     * A program of the host, or another domain, asks for a connection to the guest.
     *
     * @param cid who asks: {@link VsockHost#HOST_CID} or a domain's
     * @param guestPort the guest's port, unsigned
     * @param stream the asking end, owned by the connection if there is one: told when the guest accepts, closed when it doesn't
     * @return the connection, or null if there are too many already; the stream is still the caller's then
     */
    public VsockConnection connect(long cid, int guestPort, HostStream stream) {
        if (connections.size() >= MAX_CONNECTIONS) {
            return null;
        }
        ConnectionId id = new ConnectionId();
        do {
            id.set(cid, hostPort(), guestPort);
        } while (connections.containsKey(id));
        return request(id, stream, false);
    }

    /**
     * Another domain asks for a connection to the guest, from a port that it names.
     *
     * @param cid the domain's
     * @param port its port, unsigned
     * @param guestPort the guest's port, unsigned
     * @param stream the asking end, as in {@link #connect(long, int, HostStream)}
     * @param sendsOnly whether it takes nothing that the guest writes: a guest that accepts is told so
     * @return the connection, or null if there are too many already, or there is one between these ports; the stream is still the
     *     caller's then
     */
    public VsockConnection connect(long cid, int port, int guestPort, HostStream stream, boolean sendsOnly) {
        ConnectionId id = new ConnectionId().set(cid, port, guestPort);
        boolean may = connections.size() < MAX_CONNECTIONS && !connections.containsKey(id);
        return may ? request(id, stream, sendsOnly) : null;
    }

    private VsockConnection request(ConnectionId id, HostStream stream, boolean sendsOnly) {
        VsockConnection connection = new VsockConnection(id, guestCid, buffers, VsockConnection.State.REQUESTED);
        connections.put(id, connection);
        if (sendsOnly) {
            connection.deaf();
        }
        connection.request(stream);
        settle(connection);
        return connection;
    }

    private int hostPort() {
        int port = nextHostPort;
        nextHostPort = port == LAST_HOST_PORT ? FIRST_HOST_PORT : port + 1;
        return port;
    }

    /**
     * The host's end of a connection has become ready for what it awaited.
     *
     * @param connection which
     * @param readable whether there are bytes, or the end
     * @param writable whether there is room
     */
    public void ready(VsockConnection connection, boolean readable, boolean writable) {
        try {
            connection.ready(readable, writable);
        } catch (IOException e) {
            connection.close(true);
        }
        settle(connection);
    }

    /**
     * The host's end of a connection is gone in both directions.
     *
     * @param connection which
     */
    public void broken(VsockConnection connection) {
        connection.close(true);
        settle(connection);
    }

    /** Tells whether {@link #next} might have a packet. */
    public boolean hasOutput() {
        return !strays.isEmpty() || !output.isEmpty();
    }

    /**
     * Makes the next packet for the guest; connections take turns.
     *
     * @param packet gets the header
     * @param payload gets the payload
     * @param offset where its first byte goes
     * @param capacity how many bytes it may have; with 0 only packets without payload come
     * @return how many it has, or -1 if there is no packet
     */
    public int next(VsockPacket packet, MemorySegment payload, long offset, int capacity) {
        if (!strays.isEmpty()) {
            packet.control(strays.take(), guestCid, VsockPacket.RST);
            return 0;
        }
        for (int turns = output.size(); turns > 0; turns--) {
            VsockConnection connection = output.remove();
            connection.queued = false;
            int bytes = next(connection, packet, payload, offset, capacity);
            settle(connection);
            if (bytes >= 0) {
                return bytes;
            }
        }
        return -1;
    }

    private static int next(
            VsockConnection connection, VsockPacket packet, MemorySegment payload, long offset, int capacity) {
        try {
            return connection.next(packet, payload, offset, capacity);
        } catch (IOException e) {
            connection.close(true);
            return -1;
        }
    }

    /** Ends all connections without a word to the guest: the driver has reset the device. */
    public void reset() {
        for (VsockConnection connection : new ArrayList<>(connections.values())) {
            connection.close(false);
        }
        connections.clear();
        output.clear();
        strays.clear();
    }

    /** Returns how many connections there are. */
    public int connections() {
        return connections.size();
    }

    /** Ends all connections and gives their memory back. */
    @Override
    public void close() {
        reset();
        buffers.close();
    }
}
