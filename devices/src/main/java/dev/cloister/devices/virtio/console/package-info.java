/** The console device: a terminal and named ports between guest and host, over pairs of queues. */
package dev.cloister.devices.virtio.console;
