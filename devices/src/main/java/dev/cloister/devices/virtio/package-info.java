/**
 * Virtio 1.2: split queues, and the PCI and MMIO transports. A device model implements {@link dev.cloister.devices.virtio.VirtioDevice};
 * {@link dev.cloister.devices.virtio.VirtioPci} or {@link dev.cloister.devices.virtio.VirtioMmio} shows it to the guest. Every queue is
 * taken to be hostile: all that is read from it is read once and checked, a queue that breaks the rules stops its device
 * ({@code DEVICE_NEEDS_RESET}) with a reason, and nothing outside the buffers and the used ring is ever written. Requests are served on
 * threads of the device, never on a processor's.
 */
package dev.cloister.devices.virtio;
