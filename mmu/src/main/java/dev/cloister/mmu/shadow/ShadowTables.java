package dev.cloister.mmu.shadow;

import dev.cloister.mmu.AccessKind;
import dev.cloister.mmu.PageWalker;
import dev.cloister.mmu.Tlb;
import dev.cloister.mmu.Translation;
import dev.cloister.mmu.WalkContext;

/**
 * The shadow page tables of one processor: for each guest address space (PCID) a tree that maps what the guest's user code may touch now.
 * A software-filled TLB in the form of page tables: it is filled at faults, and forgets what an invalidation names (Intel SDM volume 3,
 * 4.10.4). It records changes with {@link TableChanges}; who applies them says so by {@link #applied}.
 *
 * <p><b>Invariant.</b> No entry reaches a page that the {@link FrameGuard} does not grant, and none grants more than the guest's entries
 * did when it was filled, which they still do unless the guest owes an invalidation. {@link ShadowInvariant} checks it; in assertion mode
 * after every operation.
 *
 * <p>Only user-mode accesses are served. Used on one thread.
 */
public final class ShadowTables {
    /** What became of a fill. */
    public enum Fill {
        /** The access will succeed once the changes are applied. */
        MAPPED,
        /** The guest's own tables refuse the access; {@link #translation} says how. */
        GUEST_REFUSES,
        /** The guest's tables allow it, but not directly: a device, a watched page, the monitor's addresses. To be emulated. */
        EMULATE,
        /** The tables were full: everything was dropped. To be tried again once the changes are applied. */
        DROPPED
    }

    private final ShadowLayout layout;
    private final FrameGuard guard;
    private final PageWalker walker;
    private final TableChanges changes;
    private final TablePool pool;
    private final boolean asserting;
    private final Translation translation = new Translation();
    /** Those that were needed so far, the one used last first. */
    private final ShadowSpace[] spaces;

    private int presentPcid;

    /**
     * Empty tables; PCID 0 is the present one.
     *
     * @param layout where they lie
     * @param guard what they may lead to
     * @param walker walks the guest's tables
     * @param changes receives what is to be done to the real tables
     * @param mostSpaces how many address spaces are kept, 1 to 64
     * @param asserting whether the invariant is checked after every operation, slowly
     */
    public ShadowTables(
            ShadowLayout layout,
            FrameGuard guard,
            PageWalker walker,
            TableChanges changes,
            int mostSpaces,
            boolean asserting) {
        this.layout = layout;
        this.guard = guard;
        this.walker = walker;
        this.changes = changes;
        this.asserting = asserting;
        pool = new TablePool(layout.tablesGpa(), layout.tables());
        spaces = new ShadowSpace[mostSpaces];
    }

    /**
     * The root of the present space, for the processor's CR3, made if need be. To be asked before every run of guest code: it changes with
     * {@link #loadedCr3}, the flushes and {@link Fill#DROPPED}.
     *
     * @return its guest-physical address
     * @throws IllegalStateException if no table is left because changes were never said to be {@link #applied}
     */
    public long root() {
        return present().root().gpa;
    }

    private ShadowSpace present() {
        if (spaces[0] != null && spaces[0].pcid == presentPcid) {
            return spaces[0];
        }
        if (spaces[spaces.length - 1] != null) {
            forget(spaces.length - 1);
        }
        ShadowSpace made = ShadowSpace.make(presentPcid, layout, pool, changes);
        if (made == null) {
            throw new IllegalStateException("none of " + pool.size()
                    + " shadow tables is free for a root; expected the changes made so far to be applied");
        }
        System.arraycopy(spaces, 0, spaces, 1, spaces.length - 1);
        spaces[0] = made;
        return made;
    }

    /**
     * What the last fill's walk found.
     *
     * @return the live result
     */
    public Translation translation() {
        return translation;
    }

    /**
     * All changes recorded so far are in force, and the processor has left every root but the present one: it can reach no table that was
     * given back. To be said before every run of guest code.
     */
    public void applied() {
        pool.applied();
    }

    /**
     * Answers a page fault of user code: walks the guest's tables, setting accessed and dirty flags, and maps the page if it may be.
     *
     * @param context the guest's registers, at CPL 3
     * @param linear the address of the fault
     * @param access READ, WRITE or EXECUTE
     * @return what became of it
     */
    public Fill fill(WalkContext context, long linear, AccessKind access) {
        if (!layout.covers(linear)) {
            boolean allowed = walker.walk(context, linear, access, true, translation);
            return allowed ? Fill.EMULATE : Fill.GUEST_REFUSES;
        }
        if (!walker.walk(context, linear, access, true, translation)) {
            return Fill.GUEST_REFUSES;
        }
        Fill result = install(linear, walker.rights(context, translation), access);
        check();
        return result;
    }

    private Fill install(long linear, int rights, AccessKind access) {
        long page = translation.gpa() & ShadowEntry.ADDRESS;
        // There is no entry that allows fetches but no reads (a protection key can forbid reads alone).
        boolean mappable = (rights & Tlb.READ) != 0 && isOurs(page);
        boolean writable = mappable && (rights & Tlb.WRITE) != 0 && guard.mayWrite(page);
        boolean executable = (rights & Tlb.EXECUTE) != 0;
        if (!mappable) {
            present().unmap(linear);
            return Fill.EMULATE;
        }
        byte origin = (byte) (translation.pageShift() | (translation.protectionKey() == 0 ? 0 : ShadowTable.KEYED));
        if (!present().map(linear, ShadowEntry.leaf(page, writable, executable), origin)) {
            dropAll();
            return Fill.DROPPED;
        }
        return access == AccessKind.WRITE && !writable ? Fill.EMULATE : Fill.MAPPED;
    }

    /** The guard's word, and never the tables themselves. */
    private boolean isOurs(long page) {
        return !pool.contains(page) && guard.mayRead(page);
    }

    /**
     * Maps the pages around a fault that the guest has used before (accessed flags set), as far as tables and neighbours allow; sets no
     * flag in the guest's tables.
     *
     * @param context the guest's registers, at CPL 3
     * @param linear the address of the fault
     * @param pages how many, a power of two; the aligned group that holds the address
     * @return how many were mapped
     */
    public int prefill(WalkContext context, long linear, int pages) {
        long first = linear & -((long) pages << ShadowEntry.PAGE_SHIFT);
        int mapped = 0;
        for (int n = 0; n < pages; n++) {
            long at = first + ((long) n << ShadowEntry.PAGE_SHIFT);
            boolean usable = layout.covers(at)
                    && !ShadowEntry.isPresent(present().leaf(at))
                    && walker.walk(context, at, AccessKind.READ, false, translation)
                    && translation.accessed();
            mapped += usable && prefillOne(at, walker.rights(context, translation)) ? 1 : 0;
        }
        check();
        return mapped;
    }

    private boolean prefillOne(long linear, int rights) {
        long page = translation.gpa() & ShadowEntry.ADDRESS;
        if (!isOurs(page)) {
            return false;
        }
        boolean writable = (rights & Tlb.WRITE) != 0 && guard.mayWrite(page);
        byte origin = (byte) (translation.pageShift() | (translation.protectionKey() == 0 ? 0 : ShadowTable.KEYED));
        return present().map(linear, ShadowEntry.leaf(page, writable, (rights & Tlb.EXECUTE) != 0), origin);
    }

    /**
     * CR3 was loaded.
     *
     * @param pcid its PCID, 0 where there are none
     * @param keep whether bit 63 asked to keep what is known of the PCID
     */
    public void loadedCr3(int pcid, boolean keep) {
        int slot = slotOf(pcid);
        presentPcid = pcid;
        if (slot >= 0 && keep) {
            ShadowSpace space = spaces[slot];
            System.arraycopy(spaces, 0, spaces, 1, slot);
            spaces[0] = space;
        } else if (slot >= 0) {
            forget(slot);
        }
        check();
    }

    private int slotOf(int pcid) {
        for (int slot = 0; slot < spaces.length; slot++) {
            if (spaces[slot] != null && spaces[slot].pcid == pcid) {
                return slot;
            }
        }
        return -1;
    }

    private void forget(int slot) {
        spaces[slot].drop();
        System.arraycopy(spaces, slot + 1, spaces, slot, spaces.length - slot - 1);
        spaces[spaces.length - 1] = null;
        changes.invalidateAll();
    }

    /** Every space is dropped; the present one is empty. CR4 changes, INVPCID types 2 and 3, full tables. */
    public void flushAll() {
        dropAll();
        check();
    }

    private void dropAll() {
        for (int slot = spaces.length - 1; slot >= 0; slot--) {
            if (spaces[slot] != null) {
                forget(slot);
            }
        }
    }

    /**
     * One PCID is dropped: INVPCID type 1.
     *
     * @param pcid 0 to 4095
     */
    public void flush(int pcid) {
        int slot = slotOf(pcid);
        if (slot >= 0) {
            forget(slot);
        }
        check();
    }

    /**
     * The page of an address is dropped in every space, all pieces of it if it is large: INVLPG, INVPCID type 0.
     *
     * @param linear the address
     */
    public void invalidatePage(long linear) {
        for (ShadowSpace space : spaces) {
            if (space != null && layout.covers(linear)) {
                space.unmap(linear);
            }
        }
        check();
    }

    /** PKRU has changed: what was decided by keys other than 0 is dropped. Where the rights of key 0 change, {@link #flushAll}. */
    public void protectionKeysChanged() {
        visit((space, linear, table, index) -> {
            if (table.isKeyed(index)) {
                space.change(linear, table, index, 0);
            }
        });
        check();
    }

    /**
     * Asks the guard again about everything: after a region or a channel was taken away, a page was marked as code, or dirty tracking
     * began. What it no longer grants is gone when the changes are applied.
     */
    public void reconsider() {
        visit((space, linear, table, index) -> {
            long leaf = table.entries[index];
            long page = leaf & ShadowEntry.ADDRESS;
            if (!isOurs(page)) {
                space.change(linear, table, index, 0);
            } else if ((leaf & ShadowEntry.WRITABLE) != 0 && !guard.mayWrite(page)) {
                space.change(linear, table, index, leaf & ~(ShadowEntry.WRITABLE | ShadowEntry.DIRTY));
            }
        });
        check();
    }

    /** Looks at leaves of all spaces. */
    private interface Visitor {
        void leaf(ShadowSpace space, long linear, ShadowTable table, int index);
    }

    private void visit(Visitor visitor) {
        for (ShadowSpace space : spaces) {
            if (space != null) {
                space.visit((linear, table, index) -> visitor.leaf(space, linear, table, index));
            }
        }
    }

    private void check() {
        if (asserting) {
            ShadowInvariant.check(this);
        }
    }

    ShadowLayout layout() {
        return layout;
    }

    TablePool pool() {
        return pool;
    }

    FrameGuard guard() {
        return guard;
    }

    ShadowSpace[] spaces() {
        return spaces;
    }
}
