package dev.cloister.devices;

/**
 * An address without a device that the guest used.
 *
 * @param address the port or guest-physical address
 * @param count how often, at most; the counts of rare addresses may be too high, see {@link PortBus#topUnclaimed}
 */
public record UnclaimedAccess(long address, long count) {}
