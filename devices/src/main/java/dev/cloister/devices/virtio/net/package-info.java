/**
 * The network device of virtio 1.2 section 5.1: its features, its receive and transmit queues and the headers in front of frames. What
 * the frames go to (a tap of the host, a wire to another guest) belongs to who implements {@link
 * dev.cloister.devices.virtio.net.NetPort}.
 */
package dev.cloister.devices.virtio.net;
