/** The block device: a disk over whatever stores bytes at offsets. What that is belongs to the machine's own module. */
package dev.cloister.devices.virtio.block;
