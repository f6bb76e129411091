/**
 * Channels as PCI functions that ivshmem programs and drivers understand: one function for each memory or event channel that a machine
 * has from its beginning, with the channel's window, doorbell and interrupt behind it. The device model is in
 * {@code dev.cloister.devices.ivshmem}; what a channel is belongs to {@code dev.cloister.vmm.channel}.
 */
@NullMarked
package dev.cloister.vmm.ivshmem;

import org.jspecify.annotations.NullMarked;
