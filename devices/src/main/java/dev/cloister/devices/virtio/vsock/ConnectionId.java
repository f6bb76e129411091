package dev.cloister.devices.virtio.vsock;

/** What tells connections of one guest apart: the peer's context id and port, and the guest's port. Mutable as a probe only. */
final class ConnectionId {
    long cid;
    int port;
    int guestPort;

    ConnectionId set(long cid, int port, int guestPort) {
        this.cid = cid;
        this.port = port;
        this.guestPort = guestPort;
        return this;
    }

    ConnectionId copy() {
        return new ConnectionId().set(cid, port, guestPort);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ConnectionId id && id.cid == cid && id.port == port && id.guestPort == guestPort;
    }

    @Override
    public int hashCode() {
        return (Long.hashCode(cid) * 31 + port) * 31 + guestPort;
    }
}
