/** Persistent memory: a file of the host as memory of the guest, which asks by a queue for what it wrote to be made durable. */
package dev.cloister.devices.virtio.pmem;
