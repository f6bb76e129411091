package dev.cloister.mmu.shadow;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The monitor's memory for shadow tables. A table that is given back rests until the changes that unlinked it have been applied: before
 * that the processor may still walk it.
 */
final class TablePool {
    private final long baseGpa;
    private final Deque<ShadowTable> free = new ArrayDeque<>();
    private final List<ShadowTable> resting = new ArrayList<>();
    private final ShadowTable[] all;

    TablePool(long baseGpa, int count) {
        this.baseGpa = baseGpa;
        all = new ShadowTable[count];
        for (int index = 0; index < count; index++) {
            all[index] = new ShadowTable(baseGpa + index * 4096L);
            free.add(all[index]);
        }
    }

    /** A cleared table, or null if all are in use or rest. */
    ShadowTable take(int level) {
        ShadowTable table = free.poll();
        if (table != null) {
            table.reset(level);
        }
        return table;
    }

    void giveBack(ShadowTable table) {
        resting.add(table);
    }

    /** The processor can reach none of the tables that were given back. */
    void applied() {
        free.addAll(resting);
        resting.clear();
    }

    int available() {
        return free.size();
    }

    int size() {
        return all.length;
    }

    boolean contains(long gpa) {
        return Long.compareUnsigned(gpa - baseGpa, all.length * 4096L) < 0;
    }

    ShadowTable at(long gpa) {
        return all[(int) (gpa - baseGpa >>> ShadowEntry.PAGE_SHIFT)];
    }
}
