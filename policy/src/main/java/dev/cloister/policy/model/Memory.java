package dev.cloister.policy.model;

import java.util.OptionalLong;

/**
 * A domain's memory.
 *
 * @param bytes size in bytes, {@link Domain#MIN_MEMORY} to {@link Domain#MAX_MEMORY}, a multiple of 4096
 * @param prefault whether all of it is touched before the guest starts
 * @param hugePageBytes size of the huge pages that back it: 0 (none), 2 MiB or 1 GiB
 * @param balloonBytes how much of it the guest is asked at first to give back, at most all; nothing where it has no balloon
 */
public record Memory(long bytes, boolean prefault, long hugePageBytes, OptionalLong balloonBytes) {
    /** Returns plain memory of that size. */
    public static Memory of(long bytes) {
        return new Memory(bytes, false, 0, OptionalLong.empty());
    }
}
