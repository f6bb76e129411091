/**
 * The virtio devices of one machine: which there are, what of the host is behind them, and their place on the PCI bus. The device models
 * themselves are in the devices module.
 */
@NullMarked
package dev.cloister.vmm.virtio;

import org.jspecify.annotations.NullMarked;
