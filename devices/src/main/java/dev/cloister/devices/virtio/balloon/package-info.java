/** The balloon: the guest gives memory back to the host, when it is asked to and of its own accord, and tells how much it uses. */
package dev.cloister.devices.virtio.balloon;
