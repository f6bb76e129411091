package dev.cloister.devices.virtio.vsock;

/** Who connects a guest's streams: to programs of the host, or to other domains as far as the policy has a flow. Called on the device's thread. */
public interface VsockHost {
    /** The context id of the host itself, VMADDR_CID_HOST. */
    long HOST_CID = 2;

    /**
     * The guest asks for a connection. To be answered, at once or later, by {@link Vsock#opened} or {@link Vsock#refused}.
     *
     * @param cid whom it asks for: {@link #HOST_CID} or anything else
     * @param port the port there, unsigned
     * @param connection what to call the connection by
     */
    void open(long cid, int port, VsockConnection connection);
}
