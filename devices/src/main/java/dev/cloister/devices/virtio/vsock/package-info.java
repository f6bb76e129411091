/**
 * The socket device of virtio 1.2 section 5.10: its packets, its connections and their credit, and the host's side as an
 * interface. What a host's stream really is (an AF_UNIX socket, a channel to another domain) belongs to who implements
 * {@link dev.cloister.devices.virtio.vsock.VsockHost}.
 */
package dev.cloister.devices.virtio.vsock;
