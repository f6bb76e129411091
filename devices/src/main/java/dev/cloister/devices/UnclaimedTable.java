package dev.cloister.devices;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Which addresses without a device the guest used most. Bounded: when all entries are taken, a new address replaces the rarest one and
 * inherits its count (the space-saving algorithm of Metwally, Agrawal and El Abbadi), so a count may be too high but a frequent
 * address is never missed. Allocates nothing while counting.
 */
final class UnclaimedTable {
    static final int ENTRIES = 16;

    private final long[] addresses = new long[ENTRIES];
    private final long[] counts = new long[ENTRIES];
    private long reads;
    private long writes;

    synchronized void count(long address, boolean write) {
        if (write) {
            writes++;
        } else {
            reads++;
        }
        int rarest = 0;
        for (int i = 0; i < ENTRIES; i++) {
            if (counts[i] != 0 && addresses[i] == address) {
                counts[i]++;
                return;
            }
            if (counts[i] < counts[rarest]) {
                rarest = i;
            }
        }
        addresses[rarest] = address;
        counts[rarest]++;
    }

    synchronized long reads() {
        return reads;
    }

    synchronized long writes() {
        return writes;
    }

    synchronized List<UnclaimedAccess> top() {
        List<UnclaimedAccess> result = new ArrayList<>();
        for (int i = 0; i < ENTRIES; i++) {
            if (counts[i] != 0) {
                result.add(new UnclaimedAccess(addresses[i], counts[i]));
            }
        }
        result.sort(Comparator.comparingLong(UnclaimedAccess::count).reversed());
        return List.copyOf(result);
    }
}
