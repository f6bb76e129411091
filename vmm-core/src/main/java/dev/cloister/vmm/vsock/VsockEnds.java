package dev.cloister.vmm.vsock;

import dev.cloister.devices.Waiting;
import dev.cloister.devices.virtio.vsock.Vsock;
import dev.cloister.devices.virtio.vsock.VsockConnection;
import dev.cloister.devices.virtio.vsock.VsockDevice;
import dev.cloister.devices.virtio.vsock.VsockHost;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.MessageSocket;
import dev.cloister.linux.MessageSocket.Message;
import dev.cloister.linux.Poller;
import dev.cloister.linux.StreamSocket;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The host's ends of a guest's connections: sockets that a broker made. One thread of its own waits for all of them; what the guest's
 * queues change is under the device's lock and told to it. A guest that asks for another context id than the host's is refused.
 */
public final class VsockEnds implements VsockHost, AutoCloseable {
    private final MessageSocket broker;
    private final VsockDevice device;
    private final EventFd doorbell;
    private final Poller poller = new Poller();
    private final int brokerSlot;
    private final Thread thread = new Thread(this::loop, "vsock ends");
    // Under the device's lock.
    private final Map<Long, VsockConnection> asked = new HashMap<>();
    private final Deque<UnixStream> changes = new ArrayDeque<>();
    private final Deque<VsockConnection> refused = new ArrayDeque<>();
    private long nextKey;
    // The thread's own.
    private final List<UnixStream> streams = new ArrayList<>();
    private boolean brokerLives = true;
    private volatile boolean closing;

    /**
     * Makes a device's host's side.
     *
     * @param device the device; stays the caller's, to be closed after this
     * @param broker the socket to the broker, whose owner this becomes
     * @throws IllegalStateException if the host has no event descriptor left
     */
    VsockEnds(VsockDevice device, MessageSocket broker) {
        this.device = device;
        this.broker = broker;
        this.doorbell = doorbell();
        poller.add(doorbell.fd(), Poller.IN);
        brokerSlot = poller.add(broker.fd(), Poller.IN);
        thread.setDaemon(true);
    }

    private static EventFd doorbell() {
        try {
            return EventFd.create();
        } catch (ErrnoException e) {
            throw new IllegalStateException("the socket device: " + e.getMessage(), e);
        }
    }

    /** Begins to serve. */
    public void start() {
        thread.start();
    }

    @Override
    public void open(long cid, int port, VsockConnection connection) {
        long key = nextKey++;
        boolean may = cid == HOST_CID && asked.size() < Vsock.MAX_CONNECTIONS;
        if (may && ask(new BrokerMessage.Connect(key, port))) {
            asked.put(key, connection);
        } else {
            // Later, since the device is in the middle of the guest's request.
            refused.add(connection);
            doorbell.ring();
        }
    }

    private boolean ask(BrokerMessage message) {
        try {
            return broker.trySend(message.bytes(), List.of());
        } catch (ErrnoException e) {
            return false;
        }
    }

    /** Has the thread look at a stream. Under the device's lock. */
    void changed(UnixStream stream) {
        if (!stream.changed) {
            stream.changed = true;
            changes.add(stream);
            if (Thread.currentThread() != thread) {
                doorbell.ring();
            }
        }
    }

    private void loop() {
        try {
            while (!closing) {
                device.run(this::settle);
                poller.poll(-1);
                doorbell.drain();
                if (brokerLives && poller.ready(brokerSlot) != 0) {
                    hear();
                }
                device.run(this::serve);
            }
        } catch (ErrnoException e) {
            // The kernel refuses to wait: connections end, the guest goes on.
            device.run(Vsock::reset);
        }
    }

    /** Takes over what was changed: what is waited for, and what is closed. */
    private void settle(Vsock vsock) {
        while (!refused.isEmpty()) {
            vsock.refused(refused.remove());
        }
        while (!changes.isEmpty()) {
            UnixStream stream = changes.remove();
            stream.changed = false;
            if (stream.closed) {
                unwatch(stream);
                streams.remove(stream);
                stream.socket.close();
            } else if (stream.slot >= 0) {
                poller.change(stream.slot, stream.events);
            }
        }
    }

    private void unwatch(UnixStream stream) {
        if (stream.slot >= 0) {
            poller.remove(stream.slot);
            stream.slot = -1;
        }
    }

    private void serve(Vsock vsock) {
        for (int i = 0; i < streams.size(); i++) {
            UnixStream stream = streams.get(i);
            int events = stream.slot < 0 || stream.closed ? 0 : poller.ready(stream.slot);
            if (events != 0) {
                serve(vsock, stream, events);
            }
        }
    }

    private void serve(Vsock vsock, UnixStream stream, int events) {
        VsockConnection connection = stream.connection;
        boolean over = (events & (Poller.HUP | Poller.ERR | Poller.NVAL)) != 0;
        if (over) {
            // Reported for ever, whatever is waited for: what is left is read when the guest takes it.
            stream.hungUp = true;
            unwatch(stream);
        }
        if (connection == null) {
            return;
        }
        if (over && !stream.established) {
            vsock.broken(connection);
        } else {
            vsock.ready(connection, over || (events & Poller.IN) != 0, over || (events & Poller.OUT) != 0);
        }
    }

    private void hear() throws ErrnoException {
        switch (broker.receiveWithin(0)) {
            case Message message -> device.run(vsock -> hear(vsock, message));
            case MessageSocket.PeerClosed _ -> {
                brokerLives = false;
                poller.remove(brokerSlot);
                device.run(this::orphaned);
            }
            case MessageSocket.NothingYet _ -> {
                // Another look will come.
            }
        }
    }

    private void orphaned(Vsock vsock) {
        asked.values().forEach(vsock::refused);
        asked.clear();
    }

    private void hear(Vsock vsock, Message message) {
        try {
            switch (BrokerMessage.of(message.data()).orElse(null)) {
                case BrokerMessage.Connected connected
                when message.fds().size() == 1 -> connected(vsock, connected.key(), message);
                case BrokerMessage.Refused no -> {
                    VsockConnection connection = asked.remove(no.key());
                    if (connection != null) {
                        vsock.refused(connection);
                    }
                }
                case BrokerMessage.Incoming incoming
                when message.fds().size() == 1 -> incoming(vsock, incoming.port(), message);
                case null, default -> message.closeFds();
            }
        } catch (IOException e) {
            message.closeFds();
        }
    }

    private void connected(Vsock vsock, long key, Message message) throws IOException {
        VsockConnection connection = asked.remove(key);
        UnixStream stream = stream(message);
        if (connection == null) {
            stream.socket.close();
            return;
        }
        stream.connection = connection;
        stream.established = true;
        watch(stream);
        vsock.opened(connection, stream);
    }

    private void incoming(Vsock vsock, int port, Message message) throws IOException {
        UnixStream stream = stream(message);
        VsockConnection connection = vsock.connect(HOST_CID, port, stream);
        if (connection == null) {
            stream.socket.close();
            return;
        }
        stream.connection = connection;
        watch(stream);
    }

    private UnixStream stream(Message message) throws ErrnoException {
        return new UnixStream(this, StreamSocket.adopt(message.fds().getFirst(), "vsock stream"));
    }

    private void watch(UnixStream stream) {
        stream.slot = poller.add(stream.socket.fd(), stream.events);
        streams.add(stream);
    }

    /** Ends all connections and the thread. After the transport is closed. */
    @Override
    public void close() {
        closing = true;
        doorbell.ring();
        Waiting.join(thread);
        device.run(Vsock::reset);
        streams.forEach(stream -> stream.socket.close());
        broker.close();
        doorbell.close();
        poller.close();
    }
}
