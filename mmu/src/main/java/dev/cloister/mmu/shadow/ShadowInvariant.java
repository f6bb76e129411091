package dev.cloister.mmu.shadow;

import dev.cloister.mmu.AccessKind;
import dev.cloister.mmu.PageWalker;
import dev.cloister.mmu.PagingMode;
import dev.cloister.mmu.Translation;
import dev.cloister.mmu.WalkContext;
import java.util.HashSet;
import java.util.Set;

/**
 * Checks the invariant of shadow tables entry by entry, as the processor would walk them: no entry reaches a page outside the domain's
 * memory and granted channels, or grants more than the guest's entry does. Shares no decision with the code that fills.
 */
public final class ShadowInvariant {
    private static final long LINK_FLAGS = 0x27;
    private static final long KNOWN = ShadowEntry.ADDRESS | ShadowEntry.NO_EXECUTE | 0x67;

    private final ShadowTables tables;
    private final Set<Long> reached = new HashSet<>();

    private ShadowInvariant(ShadowTables tables) {
        this.tables = tables;
    }

    /**
     * Checks every space: the shape of the trees, the monitor's slot, and each leaf against the frame guard.
     *
     * @param tables the tables
     * @throws IllegalStateException naming the first entry that breaks the invariant
     */
    public static void check(ShadowTables tables) {
        ShadowInvariant invariant = new ShadowInvariant(tables);
        for (ShadowSpace space : tables.spaces()) {
            if (space != null) {
                invariant.checkTable(space, space.root().gpa, tables.layout().levels(), 0);
            }
        }
    }

    /**
     * Checks the present space against the guest's tables as they are now: true of any guest that owes no invalidation.
     *
     * @param tables the tables
     * @param context the guest's registers, at CPL 3
     * @param walker walks the guest's tables; nothing is changed in them
     * @throws IllegalStateException naming the first entry that grants more than the guest does
     */
    public static void checkAgainstGuest(ShadowTables tables, WalkContext context, PageWalker walker) {
        Translation guest = new Translation();
        long root = tables.root();
        for (ShadowSpace space : tables.spaces()) {
            if (space != null && space.root().gpa == root) {
                space.visit((linear, table, index) -> compare(context, walker, guest, linear, table.entries[index]));
            }
        }
    }

    private static void compare(WalkContext context, PageWalker walker, Translation guest, long linear, long leaf) {
        requireGranted(context, walker, guest, linear, leaf, AccessKind.READ);
        if ((leaf & ShadowEntry.WRITABLE) != 0) {
            requireGranted(context, walker, guest, linear, leaf, AccessKind.WRITE);
            boolean unpaged = context.mode() == PagingMode.NONE;
            require(unpaged || guest.dirty(), linear, leaf, "is writable, but the guest's entry is not dirty");
        }
        if ((leaf & ShadowEntry.NO_EXECUTE) == 0) {
            requireGranted(context, walker, guest, linear, leaf, AccessKind.EXECUTE);
        }
    }

    private static void requireGranted(
            WalkContext context, PageWalker walker, Translation guest, long linear, long leaf, AccessKind access) {
        boolean granted = walker.walk(context, linear, access, false, guest);
        require(granted, linear, leaf, "allows " + access + ", the guest does not");
        require((guest.gpa() & ShadowEntry.ADDRESS) == (leaf & ShadowEntry.ADDRESS), linear, leaf, "leads elsewhere");
    }

    private void checkTable(ShadowSpace space, long tableGpa, int level, long base) {
        require(tables.pool().contains(tableGpa), base, tableGpa, "is a table outside the monitor's pool");
        require(reached.add(tableGpa), base, tableGpa, "is a table that is reached twice");
        ShadowTable table = tables.pool().at(tableGpa);
        require(table.level == level, base, tableGpa, "is a table of another level than " + level);
        for (int index = 0; index < ShadowEntry.ENTRIES; index++) {
            long entry = table.entries[index];
            long linear = base | (long) index << ShadowEntry.shift(level);
            if (level == tables.layout().levels() && index == tables.layout().monitorSlot()) {
                require(entry == tables.layout().monitorEntry(), linear, entry, "is not the monitor's");
            } else if ((entry & ShadowEntry.PRESENT) == 0) {
                require(entry == 0, linear, entry, "is neither present nor 0");
            } else if (level > 1) {
                require((entry & ~ShadowEntry.ADDRESS) == LINK_FLAGS, linear, entry, "is no link");
                checkTable(space, entry & ShadowEntry.ADDRESS, level - 1, linear);
            } else {
                checkLeaf(linear, entry);
            }
        }
    }

    private void checkLeaf(long linear, long leaf) {
        long page = leaf & ShadowEntry.ADDRESS;
        require((leaf & ~KNOWN) == 0, linear, leaf, "has bits that shadow entries never have");
        require(!tables.pool().contains(page), linear, leaf, "reaches the shadow tables");
        require(tables.guard().mayRead(page), linear, leaf, "reaches a page that is not the domain's");
        boolean writable = (leaf & ShadowEntry.WRITABLE) != 0;
        require(
                !writable || tables.guard().mayWrite(page),
                linear,
                leaf,
                "writes a page that the domain may not write");
    }

    private static void require(boolean holds, long linear, long entry, String complaint) {
        if (!holds) {
            throw new IllegalStateException("shadow entry 0x" + Long.toHexString(entry) + " for linear address 0x"
                    + Long.toHexString(linear) + " " + complaint);
        }
    }
}
