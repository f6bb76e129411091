/**
 * The host's side of a guest's socket device: Unix sockets in the convention that other VMMs share. A program of the host connects to
 * the domain's socket, writes {@code CONNECT port} and a newline, and reads {@code OK port}; a guest that connects to a port of the
 * host reaches whoever listens at the socket's path with {@code _port} behind it. Making sockets is a broker's work, in a process of
 * its own: the VMM's can neither open a path nor connect.
 */
package dev.cloister.vmm.vsock;
