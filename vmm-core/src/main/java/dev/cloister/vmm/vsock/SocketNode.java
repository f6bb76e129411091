package dev.cloister.vmm.vsock;

import dev.cloister.devices.virtio.vsock.VsockConnection;
import dev.cloister.devices.virtio.vsock.VsockDevice;
import dev.cloister.devices.virtio.vsock.VsockHost;
import dev.cloister.linux.MessageSocket;
import dev.cloister.vmm.channel.SocketCarrier;
import dev.cloister.vmm.channel.Violations;
import java.util.Optional;

/** A guest's socket device with all that it leads to: the host, where there is a broker, and what the policy's streams lead to. Owns their threads. */
public final class SocketNode implements VsockHost, AutoCloseable {
    private final VsockDevice device;
    private final Optional<VsockEnds> host;
    private final GuestLinks peers;

    /**
     * Makes the device and its other sides.
     *
     * @param guestCid the guest's context id, 3 to 0xfffffffe
     * @param broker the socket to who makes the host's ends, whose owner this becomes; nothing where the guest reaches no host
     * @param violations hears of what the guest may not
     * @throws IllegalArgumentException for another context id
     * @throws IllegalStateException if the host has no event descriptor left
     */
    public SocketNode(long guestCid, Optional<MessageSocket> broker, Violations violations) {
        device = new VsockDevice(guestCid, this);
        host = broker.map(socket -> new VsockEnds(device, socket));
        peers = new GuestLinks(device, violations);
    }

    /** Returns the device, to be shown to the guest. */
    public VsockDevice device() {
        return device;
    }

    /** Returns who carries its connections over the policy's streams. */
    public SocketCarrier carrier() {
        return peers;
    }

    /** Begins to serve. */
    public void start() {
        host.ifPresent(VsockEnds::start);
    }

    @Override
    public void open(long cid, int port, VsockConnection connection) {
        VsockHost whose = cid == HOST_CID && host.isPresent() ? host.get() : peers;
        whose.open(cid, port, connection);
    }

    /** Ends all connections and the threads. After the transport is closed. */
    @Override
    public void close() {
        peers.close();
        host.ifPresent(VsockEnds::close);
        device.close();
        peers.closeBuffers();
    }
}
