package dev.cloister.vmm.vsock;

import dev.cloister.devices.virtio.vsock.Vsock;
import dev.cloister.devices.virtio.vsock.VsockConnection;
import dev.cloister.devices.virtio.vsock.VsockDevice;
import dev.cloister.devices.virtio.vsock.VsockHost;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Poller;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.socket.LocalEnd;
import dev.cloister.policy.socket.LocalSide;
import dev.cloister.policy.socket.PeerLinks;
import dev.cloister.policy.socket.PeerStream;
import dev.cloister.vmm.channel.SocketCarrier;
import dev.cloister.vmm.channel.Violations;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A guest's connections to other endpoints of the policy. What no flow allows is refused at once and told to the daemon. Everything is
 * under the device's lock.
 */
final class GuestLinks implements VsockHost, SocketCarrier, LocalSide, AutoCloseable {
    private final VsockDevice device;
    private final Vsock vsock;
    private final Violations violations;
    private final PeerLinks links;
    private final Deque<VsockConnection> refused = new ArrayDeque<>();

    GuestLinks(VsockDevice device, Violations violations) {
        this.device = device;
        this.violations = violations;
        List<Vsock> held = new ArrayList<>(1);
        device.run(held::add);
        vsock = held.getFirst();
        links = new PeerLinks(this, "vsock peers");
        links.start();
    }

    @Override
    public void open(long cid, int port, VsockConnection connection) {
        GuestEnd end = new GuestEnd(vsock);
        end.connection = connection;
        PeerLinks.Answer answer = links.open(cid, port, connection.guestPort(), end);
        if (answer == PeerLinks.Answer.NO_FLOW) {
            violations.refused(cid, Integer.toUnsignedLong(port));
        }
        if (answer != PeerLinks.Answer.ASKED) {
            // Later, since the device is in the middle of the guest's request.
            refused.add(connection);
            links.ring();
        }
    }

    @Override
    public void settle(Poller poller) {
        while (!refused.isEmpty()) {
            vsock.refused(refused.remove());
        }
    }

    @Override
    public @Nullable LocalEnd connect(long cid, int port, int ownPort, PeerStream stream, boolean sendsOnly) {
        if (!device.active()) {
            return null;
        }
        GuestEnd end = new GuestEnd(vsock);
        VsockConnection made = vsock.connect(cid, port, ownPort, new GuestEnd.Other(stream), sendsOnly);
        end.connection = made;
        return made == null ? null : end;
    }

    @Override
    public void run(Runnable action) {
        device.run(_ -> action.run());
    }

    @Override
    public void broken(String how) {
        violations.broken(how);
    }

    @Override
    public void reset() {
        vsock.reset();
    }

    @Override
    public void declare(ChannelConfig channel) {
        links.declare(channel);
    }

    @Override
    public void attach(ChannelConfig channel, Fd pipe, EventFd credit) throws ErrnoException {
        links.attach(channel, pipe, credit);
    }

    @Override
    public void sever(ChannelConfig channel) {
        links.sever(channel);
    }

    @Override
    public long bytes(ChannelConfig channel) {
        return links.bytes(channel);
    }

    /** Gives the memory of connections back, once the device is closed. */
    void closeBuffers() {
        links.closeBuffers();
    }

    /** Ends all streams and the thread; the device still has to be closed, after its transport. */
    @Override
    public void close() {
        links.close();
    }
}
