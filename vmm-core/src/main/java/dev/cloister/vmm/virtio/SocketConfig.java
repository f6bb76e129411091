package dev.cloister.vmm.virtio;

import dev.cloister.linux.MessageSocket;

/**
 * A machine's socket device. Whoever holds it closes the socket, unless a machine was made with it: that closes it then.
 *
 * @param guestCid the guest's context id, 3 to 4294967294
 * @param broker the connection to who makes sockets for it, see {@link dev.cloister.vmm.vsock.SocketBroker}
 */
public record SocketConfig(long guestCid, MessageSocket broker) {}
