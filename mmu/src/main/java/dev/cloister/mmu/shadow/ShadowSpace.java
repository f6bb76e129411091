package dev.cloister.mmu.shadow;

/**
 * The shadow of one guest address space: a tree of tables from the monitor's pool, whose leaves are pages of 4 KiB for user code. One
 * slot of the root belongs to the monitor and is the same in every space.
 */
final class ShadowSpace {
    /** Looks at leaves. */
    interface Visitor {
        void leaf(long linear, ShadowTable table, int index);
    }

    final int pcid;
    private final ShadowLayout layout;
    private final TablePool pool;
    private final TableChanges changes;
    private final ShadowTable root;
    /** The largest page of the guest of which there may be pieces. */
    private int largestOrigin;

    private ShadowSpace(int pcid, ShadowLayout layout, TablePool pool, TableChanges changes, ShadowTable root) {
        this.pcid = pcid;
        this.layout = layout;
        this.pool = pool;
        this.changes = changes;
        this.root = root;
    }

    /** An empty space, or null if no table is left. */
    static ShadowSpace make(int pcid, ShadowLayout layout, TablePool pool, TableChanges changes) {
        ShadowTable root = pool.take(layout.levels());
        if (root == null) {
            return null;
        }
        changes.clear(root.gpa);
        root.entries[layout.monitorSlot()] = layout.monitorEntry();
        changes.write(root.entryGpa(layout.monitorSlot()), 0, layout.monitorEntry());
        return new ShadowSpace(pcid, layout, pool, changes, root);
    }

    ShadowTable root() {
        return root;
    }

    /** The table of leaves that holds this address, or null. */
    private ShadowTable leafTable(long linear) {
        ShadowTable table = root;
        while (table != null && table.level > 1) {
            table = table.children[ShadowEntry.index(linear, table.level)];
        }
        return table;
    }

    /** What a page is mapped to, 0 if it isn't. */
    long leaf(long linear) {
        ShadowTable table = leafTable(linear);
        return table == null ? 0 : table.entries[ShadowEntry.index(linear, 1)];
    }

    /** Puts a leaf; false if tables are missing for it, then nothing has changed. */
    boolean map(long linear, long leaf, byte origin) {
        ShadowTable lowest = root;
        while (lowest.level > 1) {
            ShadowTable next = lowest.children[ShadowEntry.index(linear, lowest.level)];
            if (next == null) {
                break;
            }
            lowest = next;
        }
        // One table stays for the root of a space that comes after all are dropped.
        if (pool.available() < lowest.level) {
            return false;
        }
        largestOrigin = Math.max(largestOrigin, origin & ~ShadowTable.KEYED);
        if (lowest.level == 1) {
            put(lowest, ShadowEntry.index(linear, 1), linear, leaf, origin);
        } else {
            mapBelow(lowest, linear, leaf, origin);
        }
        return true;
    }

    /** New tables are filled from the leaf up, and linked last. */
    private void mapBelow(ShadowTable existing, long linear, long leaf, byte origin) {
        ShadowTable below = pool.take(1);
        changes.clear(below.gpa);
        put(below, ShadowEntry.index(linear, 1), linear, leaf, origin);
        for (int level = 2; level < existing.level; level++) {
            ShadowTable table = pool.take(level);
            changes.clear(table.gpa);
            link(table, linear, below);
            below = table;
        }
        link(existing, linear, below);
    }

    private void link(ShadowTable table, long linear, ShadowTable child) {
        int index = ShadowEntry.index(linear, table.level);
        long value = ShadowEntry.link(child.gpa);
        table.children[index] = child;
        table.entries[index] = value;
        changes.write(table.entryGpa(index), 0, value);
    }

    private void put(ShadowTable table, int index, long linear, long leaf, byte origin) {
        long before = table.entries[index];
        table.origins[index] = origin;
        if (before == leaf) {
            return;
        }
        table.entries[index] = leaf;
        changes.write(table.entryGpa(index), before, leaf);
        if (ShadowEntry.isPresent(before)) {
            changes.invalidate(linear & -1L << ShadowEntry.PAGE_SHIFT);
        }
    }

    void change(long linear, ShadowTable table, int index, long leaf) {
        put(table, index, linear, leaf, leaf == 0 ? ShadowTable.NO_ORIGIN : table.origins[index]);
    }

    /** Drops the guest's page that holds this address, of whatever size. */
    void unmap(long linear) {
        if (largestOrigin <= ShadowEntry.PAGE_SHIFT) {
            ShadowTable table = leafTable(linear);
            if (table != null) {
                change(linear, table, ShadowEntry.index(linear, 1), 0);
            }
            return;
        }
        long stretch = -1L << largestOrigin;
        visitWithin(root, 0, linear & stretch, stretch, (at, table, index) -> {
            if (at >>> table.originShift(index) == linear >>> table.originShift(index)) {
                change(at, table, index, 0);
            }
        });
    }

    /** Looks at every leaf that is present. */
    void visit(Visitor visitor) {
        visitWithin(root, 0, 0, 0, visitor);
    }

    private void visitWithin(ShadowTable table, long base, long wanted, long mask, Visitor visitor) {
        int shift = ShadowEntry.shift(table.level);
        for (int index = 0; index < ShadowEntry.ENTRIES; index++) {
            long linear = base | (long) index << shift;
            boolean present =
                    table.level == 1 ? ShadowEntry.isPresent(table.entries[index]) : table.children[index] != null;
            if (!present || ((layout.canonical(linear) ^ wanted) & mask & -1L << shift) != 0) {
                continue;
            }
            if (table.level == 1) {
                visitor.leaf(layout.canonical(linear), table, index);
            } else {
                visitWithin(table.children[index], linear, wanted, mask, visitor);
            }
        }
    }

    /** Gives all tables back; the caller sees to it that the processor leaves them. */
    void drop() {
        giveBack(root);
    }

    private void giveBack(ShadowTable table) {
        for (ShadowTable child : table.children) {
            if (child != null) {
                giveBack(child);
            }
        }
        pool.giveBack(table);
    }
}
