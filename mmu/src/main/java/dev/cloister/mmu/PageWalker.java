package dev.cloister.mmu;

import dev.cloister.mmu.GuestMemoryException.Reason;
import dev.cloister.mmu.Translation.Outcome;

/**
 * Walks the guest's page tables as the processor does (Intel SDM volume 3, chapter 4): every paging mode, rights by CR0.WP, SMEP, SMAP
 * and protection keys, reserved bits, exact error codes, accessed and dirty flags.
 *
 * <p>What is not here: whether an address is canonical (that is a general-protection or stack fault before any walk), shadow stacks, and
 * HLAT. In PAE paging the four pointers are read from memory at each walk, as AMD's processors do; where their reserved bits are set,
 * an Intel processor would have refused the load of CR3 (see {@link #arePointersValid}).
 *
 * <p>A walk reads each entry once and decides by that value. Accessed and dirty flags are set after the rights are known, from the root
 * to the leaf, each by compare-and-swap: if the guest changed the entry meanwhile, the walk starts again. Tables in memory that can't be
 * written keep their flags, as on hardware.
 *
 * <p>An instance holds no state and may be used by several threads; {@link WalkContext} and {@link Translation} may not. Nothing is
 * allocated unless a table lies outside memory.
 */
public final class PageWalker {
    /** How often a walk starts again before it gives the processor's thread back. */
    private static final int ATTEMPTS = 64;

    private static final int ERROR_PRESENT = 0x01;
    private static final int ERROR_WRITE = 0x02;
    private static final int ERROR_USER = 0x04;
    private static final int ERROR_RESERVED = 0x08;
    private static final int ERROR_FETCH = 0x10;
    private static final int ERROR_PROTECTION_KEY = 0x20;

    private static final long PRESENT = 1L;
    private static final long WRITABLE = 1L << 1;
    private static final long USER = 1L << 2;
    private static final long ACCESSED = 1L << 5;
    private static final long DIRTY = 1L << 6;
    private static final long LARGE = 1L << 7;
    private static final long GLOBAL = 1L << 8;
    private static final long EXECUTE_DISABLE = 1L << 63;
    private static final long ADDRESS_BITS = 0x000F_FFFF_FFFF_F000L;
    private static final long LOW_32 = 0xFFFF_FFFFL;
    private static final int KEY_SHIFT = 59;
    private static final int KEY_MASK = 0xF;

    private static final int PAGE_SHIFT = 12;
    private static final int LONG_INDEX_BITS = 9;
    private static final int SHORT_INDEX_BITS = 10;
    private static final int SHIFT_2M = 21;
    private static final int SHIFT_4M = 22;
    private static final int SHIFT_1G = 30;
    private static final int SHIFT_PML4 = 39;
    private static final int SHIFT_PML5 = 48;
    private static final int UNPAGED_SHIFT = 32;
    private static final int PSE36_LARGEST = 40;

    /** CR3 bits 31:5 point to the four PAE pointers (SDM volume 3, table 4-7). */
    private static final long PAE_ROOT = 0xFFFF_FFE0L;
    /** Bits 2:1 and 8:5 of a PAE pointer are reserved (SDM volume 3, table 4-8). */
    private static final long PAE_POINTER_RESERVED = 0x1E6L;

    private final PhysicalMemory memory;

    /**
     * A walker over this memory.
     *
     * @param memory where the tables lie
     */
    public PageWalker(PhysicalMemory memory) {
        this.memory = memory;
    }

    /**
     * Translates a linear address for one access, which must not cross a page.
     *
     * @param context the registers
     * @param gva the linear address; bits beyond the paging mode's width are ignored
     * @param access what for
     * @param setFlags whether accessed and dirty flags are set as the processor sets them; false for a look that leaves no trace
     * @param result receives the result
     * @return whether the access is allowed, that is, the outcome is {@link Outcome#TRANSLATED}
     */
    public boolean walk(WalkContext context, long gva, AccessKind access, boolean setFlags, Translation result) {
        result.gva = context.mode.compareTo(PagingMode.FOUR_LEVEL) >= 0 ? gva : gva & LOW_32;
        try {
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                result.outcome = Outcome.CONTENDED;
                walkOnce(context, access, setFlags, result);
                if (result.outcome != Outcome.CONTENDED) {
                    break;
                }
            }
        } catch (GuestMemoryException _) {
            result.outcome = Outcome.TABLE_UNBACKED;
        }
        return result.outcome == Outcome.TRANSLATED;
    }

    /**
     * Whether a load of CR3 (or of CR0 or CR4, where it turns PAE paging on) finds four valid pointers; if not, the processor refuses the
     * load with a general-protection fault (SDM volume 3, 4.4.1).
     *
     * @param cr3 the new CR3
     * @param maxPhyAddr MAXPHYADDR of the processor
     * @return false if a pointer that is present has a reserved bit set
     * @throws GuestMemoryException if the pointers do not lie in memory
     */
    public boolean arePointersValid(long cr3, int maxPhyAddr) {
        for (int i = 0; i < 4; i++) {
            long pointer = memory.readLong((cr3 & PAE_ROOT) + 8L * i);
            if ((pointer & PRESENT) != 0 && (pointer & (PAE_POINTER_RESERVED | -1L << maxPhyAddr)) != 0) {
                return false;
            }
        }
        return true;
    }

    /**
     * The same on a machine where nothing answers outside of memory: pointers read from there have reserved bits set.
     *
     * @param cr3 the new CR3
     * @param context says how wide physical addresses are
     * @return false if a pointer that is present has a reserved bit set, or there is no memory
     */
    public boolean arePointersValid(long cr3, WalkContext context) {
        try {
            return arePointersValid(cr3, context.maxPhyAddr);
        } catch (GuestMemoryException e) {
            return false;
        }
    }

    /**
     * What else the translation of a successful walk allows in the same context, without another look at the tables: a software TLB's
     * business. Writing is allowed only where the leaf's dirty flag is set already.
     *
     * @param context the registers of the walk
     * @param found a translation whose outcome is {@link Outcome#TRANSLATED}, by a walk that set the accessed flags
     * @return a sum of {@link Tlb#READ}, {@link Tlb#WRITE} and {@link Tlb#EXECUTE}
     */
    public int rights(WalkContext context, Translation found) {
        if (context.mode == PagingMode.NONE) {
            return Tlb.READ | Tlb.WRITE | Tlb.EXECUTE;
        }
        boolean asUser = context.userMode;
        int rights = isFetchAllowed(context, asUser, found) ? Tlb.EXECUTE : 0;
        if (isDataAllowed(context, AccessKind.READ, asUser, found)
                && !isRefusedByKey(context, AccessKind.READ, asUser, found)) {
            rights |= Tlb.READ;
        }
        if (found.dirty
                && isDataAllowed(context, AccessKind.WRITE, asUser, found)
                && !isRefusedByKey(context, AccessKind.WRITE, asUser, found)) {
            rights |= Tlb.WRITE;
        }
        return rights;
    }

    private void walkOnce(WalkContext context, AccessKind access, boolean setFlags, Translation result) {
        result.writable = true;
        result.user = true;
        result.executable = true;
        result.global = false;
        result.dirty = false;
        result.protectionKey = 0;
        result.entry = 0;
        result.entryGpa = 0;
        result.depth = 0;
        switch (context.mode) {
            case NONE -> {
                result.gpa = result.gva;
                result.pageShift = UNPAGED_SHIFT;
                result.outcome = Outcome.TRANSLATED;
            }
            case LEGACY_32 -> walk32(context, access, setFlags, result);
            case PAE -> walkPae(context, access, setFlags, result);
            case FOUR_LEVEL -> walkLong(context, access, setFlags, result, context.cr3 & ADDRESS_BITS, SHIFT_PML4);
            case FIVE_LEVEL -> walkLong(context, access, setFlags, result, context.cr3 & ADDRESS_BITS, SHIFT_PML5);
        }
    }

    /** 32-bit paging (SDM volume 3, 4.3). */
    private void walk32(WalkContext context, AccessKind access, boolean setFlags, Translation result) {
        long directoryEntry = indexed(context.cr3 & LOW_32 & ADDRESS_BITS, result.gva, SHIFT_4M, SHORT_INDEX_BITS, 4);
        long entry = read32(result, directoryEntry);
        if ((entry & PRESENT) == 0) {
            fault(context, access, result, 0);
            return;
        }
        combine(result, entry);
        if (context.pse && (entry & LARGE) != 0) {
            if ((entry & reserved4M(context.maxPhyAddr)) != 0) {
                fault(context, access, result, ERROR_PRESENT | ERROR_RESERVED);
                return;
            }
            // PSE-36: bits 20:13 are address bits 39:32.
            long base = entry & 0xFFC0_0000L | (entry & 0x1F_E000L) << 19;
            finish(context, access, setFlags, result, base, SHIFT_4M);
            return;
        }
        long tableEntry = indexed(entry & LOW_32 & ADDRESS_BITS, result.gva, PAGE_SHIFT, SHORT_INDEX_BITS, 4);
        long leaf = read32(result, tableEntry);
        if ((leaf & PRESENT) == 0) {
            fault(context, access, result, 0);
            return;
        }
        combine(result, leaf);
        finish(context, access, setFlags, result, leaf & ADDRESS_BITS, PAGE_SHIFT);
    }

    /** In a 4 MiB page's entry bit 21 and the address bits beyond the smaller of 40 and MAXPHYADDR (SDM volume 3, table 4-4). */
    private static long reserved4M(int maxPhyAddr) {
        int width = Math.min(PSE36_LARGEST, maxPhyAddr);
        int firstReserved = width - 19;
        return 0x3F_FFFFL & -1L << firstReserved;
    }

    /** PAE paging (SDM volume 3, 4.4). */
    private void walkPae(WalkContext context, AccessKind access, boolean setFlags, Translation result) {
        long pointer = read64(result, (context.cr3 & PAE_ROOT) + 8 * (result.gva >>> SHIFT_1G));
        if ((pointer & PRESENT) == 0) {
            fault(context, access, result, 0);
            return;
        }
        if ((pointer & (PAE_POINTER_RESERVED | -1L << context.maxPhyAddr)) != 0) {
            fault(context, access, result, ERROR_PRESENT | ERROR_RESERVED);
            return;
        }
        walkLong(context, access, setFlags, result, pointer & ADDRESS_BITS, SHIFT_2M);
    }

    /** The levels of 8-byte entries from the one that this shift indexes down to the page (SDM volume 3, 4.4.2 and 4.5.4). */
    private void walkLong(
            WalkContext context, AccessKind access, boolean setFlags, Translation result, long root, int rootShift) {
        long table = root;
        int shift = rootShift;
        while (true) {
            long entry = read64(result, indexed(table, result.gva, shift, LONG_INDEX_BITS, 8));
            if ((entry & PRESENT) == 0) {
                fault(context, access, result, 0);
                return;
            }
            boolean leaf = shift == PAGE_SHIFT || isLarge(context, entry, shift);
            if ((entry & reserved(context, shift, leaf)) != 0) {
                fault(context, access, result, ERROR_PRESENT | ERROR_RESERVED);
                return;
            }
            combine(result, entry);
            if (leaf) {
                break;
            }
            table = entry & ADDRESS_BITS;
            shift -= LONG_INDEX_BITS;
        }
        long leafEntry = result.entry;
        result.protectionKey = context.mode == PagingMode.PAE ? 0 : (int) (leafEntry >>> KEY_SHIFT) & KEY_MASK;
        finish(context, access, setFlags, result, leafEntry & ADDRESS_BITS & -1L << shift, shift);
    }

    private static boolean isLarge(WalkContext context, long entry, int shift) {
        return (entry & LARGE) != 0 && (shift == SHIFT_2M || shift == SHIFT_1G && context.gigabytePages);
    }

    /** The reserved bits of an entry that is present (SDM volume 3, tables 4-9 to 4-11 and 4-14 to 4-20). */
    private static long reserved(WalkContext context, int shift, boolean leaf) {
        // In PAE paging bits 62:52 are reserved, in the longer modes ignored (or the protection key).
        long top = context.mode == PagingMode.PAE ? ~EXECUTE_DISABLE : ~(0xFFFL << 52);
        long bits = -1L << context.maxPhyAddr & top;
        if (!context.nxe) {
            bits |= EXECUTE_DISABLE;
        }
        if (leaf && shift != PAGE_SHIFT) {
            // Address bits below the page's size; bit 12 is PAT.
            bits |= (1L << shift) - (1L << 13);
        } else if (shift >= SHIFT_1G) {
            // PS must be 0 where the level has no pages; a leaf at this level was handled above.
            bits |= LARGE;
        }
        return bits;
    }

    /** The end of every walk that found a page: rights, flags, address. */
    private void finish(
            WalkContext context, AccessKind access, boolean setFlags, Translation result, long base, int shift) {
        if (isAllowed(context, access, result) && (!setFlags || markAll(context, access, result))) {
            result.gpa = base | result.gva & (1L << shift) - 1;
            result.pageShift = shift;
            result.global = context.pge && (result.entry & GLOBAL) != 0;
            result.dirty = (result.entry & DIRTY) != 0;
            result.outcome = Outcome.TRANSLATED;
        }
    }

    /** Sets the accessed flags from the root down, and the leaf's dirty flag (4.8); false if an entry is no longer what was judged. */
    private boolean markAll(WalkContext context, AccessKind access, Translation result) {
        boolean wide = context.mode != PagingMode.LEGACY_32;
        int leaf = result.depth - 1;
        for (int i = 0; i < leaf; i++) {
            if (!mark(result.pathGpas[i], result.path[i], ACCESSED, wide)) {
                return false;
            }
        }
        long flags = access.write ? ACCESSED | DIRTY : ACCESSED;
        if (!mark(result.pathGpas[leaf], result.path[leaf], flags, wide)) {
            return false;
        }
        result.entry |= flags;
        return true;
    }

    private boolean mark(long gpa, long entry, long flags, boolean wide) {
        long marked = entry | flags;
        if (marked == entry) {
            return true;
        }
        try {
            return wide
                    ? memory.compareAndSetLong(gpa, entry, marked)
                    : memory.compareAndSetInt(gpa, (int) entry, (int) marked);
        } catch (GuestMemoryException refusal) {
            return isHardwired(refusal);
        }
    }

    /** Whether the entry lies in memory that drops writes: then its flags stay as they are. Anything else travels on. */
    private static boolean isHardwired(GuestMemoryException refusal) {
        if (refusal.reason() != Reason.READ_ONLY) {
            throw refusal;
        }
        return true;
    }

    private static long indexed(long table, long gva, int shift, int indexBits, int entryBytes) {
        return table + (gva >>> shift & (1L << indexBits) - 1) * entryBytes;
    }

    private long read32(Translation result, long gpa) {
        result.entryGpa = gpa;
        result.entry = memory.readInt(gpa) & LOW_32;
        return result.entry;
    }

    private long read64(Translation result, long gpa) {
        result.entryGpa = gpa;
        result.entry = memory.readLong(gpa);
        return result.entry;
    }

    /** Takes an entry into the path and its rights into the rights of the whole. */
    private static void combine(Translation result, long entry) {
        result.path[result.depth] = entry;
        result.pathGpas[result.depth] = result.entryGpa;
        result.depth++;
        result.writable &= (entry & WRITABLE) != 0;
        result.user &= (entry & USER) != 0;
        result.executable &= (entry & EXECUTE_DISABLE) == 0;
    }

    private static void fault(WalkContext context, AccessKind access, Translation result, int cause) {
        result.errorCode = cause
                | (access.write ? ERROR_WRITE : 0)
                | (context.userMode && !access.implicit ? ERROR_USER : 0)
                | (access.fetch && context.fetchReported ? ERROR_FETCH : 0);
        result.outcome = Outcome.PAGE_FAULT;
    }

    /** Access rights (SDM volume 3, 4.6.1) and protection keys (4.6.2); records the fault if they refuse. */
    private static boolean isAllowed(WalkContext context, AccessKind access, Translation result) {
        boolean asUser = context.userMode && !access.implicit;
        boolean allowed =
                access.fetch ? isFetchAllowed(context, asUser, result) : isDataAllowed(context, access, asUser, result);
        boolean keyRefuses = !access.fetch && isRefusedByKey(context, access, asUser, result);
        if (!allowed || keyRefuses) {
            fault(context, access, result, ERROR_PRESENT | (keyRefuses ? ERROR_PROTECTION_KEY : 0));
            return false;
        }
        return true;
    }

    private static boolean isFetchAllowed(WalkContext context, boolean asUser, Translation result) {
        if (asUser && !result.user || !asUser && result.user && context.smep) {
            return false;
        }
        return result.executable;
    }

    private static boolean isDataAllowed(WalkContext context, AccessKind access, boolean asUser, Translation result) {
        if (asUser) {
            return result.user && (!access.write || result.writable);
        }
        // SMAP: EFLAGS.AC opens user-mode addresses, but never for the processor's own accesses.
        if (result.user && context.smap && (access.implicit || !context.ac)) {
            return false;
        }
        return !access.write || result.writable || !context.writeProtect;
    }

    private static boolean isRefusedByKey(WalkContext context, AccessKind access, boolean asUser, Translation result) {
        boolean inForce =
                context.mode.compareTo(PagingMode.FOUR_LEVEL) >= 0 && (result.user ? context.pke : context.pks);
        if (!inForce) {
            return false;
        }
        int rights = (result.user ? context.pkru : context.pkrs) >>> (2 * result.protectionKey);
        boolean accessDisabled = (rights & 1) != 0;
        boolean writeDisabled = (rights & 2) != 0;
        return accessDisabled || writeDisabled && access.write && (asUser || context.writeProtect);
    }
}
