/** The entropy device: fills the guest's buffers with random bytes of the host. */
package dev.cloister.devices.virtio.rng;
