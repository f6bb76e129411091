package dev.cloister.mmu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Comparator;

/**
 * A software translation look-aside buffer of one logical processor: a direct-mapped table from linear page, privilege regime and
 * address space to a guest-physical page and its host memory. It follows the rules of Intel SDM volume 3, 4.10 for what may be kept: every
 * entry came from a walk, and what an invalidation names is gone when it returns (it may drop more). Used on the processor's thread;
 * allocates nothing after construction.
 *
 * <p><b>Address spaces.</b> A PCID, or each load of CR3 where there are no PCIDs, gets a small number that is part of an entry's key; a
 * flush of an address space takes a fresh number instead of clearing entries. Entries of global pages are taken over into the address
 * space that asks for them.
 *
 * <p><b>Large pages</b> are kept by pieces of 4 KiB; the invalidation of any address in a large page drops all its pieces.
 *
 * <p><b>Regimes.</b> The same page has an entry for each regime that uses it, so that a hit needs no check of rights.
 */
public final class Tlb {
    /** Right to read. */
    public static final int READ = 1;
    /** Right to write: the rights are there and the dirty flag is set. */
    public static final int WRITE = 2;
    /** Right to fetch instructions. */
    public static final int EXECUTE = 4;

    /** Regime of accesses with CPL 3. */
    public static final int USER = 0;
    /** Regime of accesses with CPL 0 to 2, and of the processor's own. */
    public static final int SUPERVISOR = 1;
    /** Regime of accesses with CPL 0 to 2 while RFLAGS.AC is 1 and CR4.SMAP is in force. */
    public static final int SUPERVISOR_AC = 2;

    /** How many numbers {@link #hits} has for each slot. */
    public static final int HIT_STRIDE = 4;
    /** In {@link #hits}: the key for which the page may be read directly. */
    public static final int HIT_READ = 0;
    /** In {@link #hits}: the key for which the page may be written directly. */
    public static final int HIT_WRITE = 1;
    /** In {@link #hits}: what added to a linear address gives the offset in {@link #mainMemory}. */
    public static final int HIT_DELTA = 2;

    private static final int REGIMES = 3;
    private static final int PAGE_SHIFT = 12;
    private static final int LARGE_SHIFT = 22;
    private static final int HUGE_SHIFT = 30;
    private static final long PAGE_MASK = -1L << PAGE_SHIFT;
    private static final int SPACE_SHIFT = 3;
    static final int SPACES = 128;
    private static final int REGIME_SHIFT = 10;
    private static final long SPACE_MASK = (long) (SPACES - 1) << SPACE_SHIFT;
    private static final int PCIDS = 4096;

    private final GuestMemory memory;
    private final TlbEntry[] entries;
    private final long[] hits;
    private final MemorySegment main;
    /** What each regime adds to a page's key in the present address space. */
    private final long[] contexts = new long[REGIMES];

    private final long[] salts = new long[REGIMES];
    private final byte[] spaceOfPcid = new byte[PCIDS];
    private int lastSpace;
    private int pcid;
    /** Whether any PCID but 0 has a number. */
    private boolean usesPcids;

    /** Which 4 MiB stretches may have pieces of large pages. */
    private final NumberFilter large = new NumberFilter();
    /** Which 1 GiB stretches may have pieces of the largest pages. */
    private final NumberFilter huge = new NumberFilter();

    private final FetchStamps fetches = new FetchStamps(SPACES);
    /** Whether entries may exist whose rights depend on protection keys other than 0. */
    private boolean keyed;

    /**
     * An empty buffer.
     *
     * @param memory the guest's memory
     * @param entries how many, a power of two from 16 to 65536
     */
    public Tlb(GuestMemory memory, int entries) {
        if (entries < 16 || entries > 65536 || Integer.bitCount(entries) != 1) {
            throw new IllegalArgumentException(
                    "a TLB of " + entries + " entries; expected a power of two, 16 to 65536");
        }
        this.memory = memory;
        this.entries = new TlbEntry[entries];
        this.hits = new long[entries * HIT_STRIDE];
        this.main = memory.regions().stream()
                .filter(Region::writable)
                .max(Comparator.comparingLong(Region::size))
                .map(Region::host)
                .orElse(MemorySegment.NULL);
        Arrays.setAll(this.entries, index -> new TlbEntry(hits, index * HIT_STRIDE, main));
        for (int regime = 0; regime < REGIMES; regime++) {
            // Regimes use different slots for the same page: a system call that copies from user memory evicts nothing.
            salts[regime] = (long) regime * (entries / REGIMES);
        }
        nextSpace();
    }

    /**
     * What a regime's keys contain besides the page, in the present address space. Changes with {@link #useAddressSpace} and the flushes.
     *
     * @param regime {@link #USER}, {@link #SUPERVISOR} or {@link #SUPERVISOR_AC}
     * @return bits 3 to 11 of a key
     */
    public long context(int regime) {
        return contexts[regime];
    }

    /**
     * What a regime adds to a page number to find its slot.
     *
     * @param regime {@link #USER}, {@link #SUPERVISOR} or {@link #SUPERVISOR_AC}
     * @return a constant of the regime
     */
    public long salt(int regime) {
        return salts[regime];
    }

    /**
     * The memory of the largest region, which nearly all accesses go to.
     *
     * @return its host memory
     */
    public MemorySegment mainMemory() {
        return main;
    }

    /**
     * The direct hits in {@link #mainMemory}, for the inner loop: {@link #HIT_STRIDE} numbers for each slot. A tag equals {@code linear &
     * (-4096 | size - 1) | context} if the access is aligned and may go to the main memory at {@code linear} plus the delta. The caller
     * only reads.
     *
     * @return the live numbers
     */
    public long[] hits() {
        return hits;
    }

    /**
     * How long one may rely on where instructions came from without asking for the translation again.
     *
     * @return this buffer's, which its flushes and invalidations keep true
     */
    public FetchStamps fetches() {
        return fetches;
    }

    /**
     * The slot of an address: the only entry that can hold its translation, and may hold another's.
     *
     * @param linear the linear address
     * @param salt the regime's {@link #salt}
     * @return the entry
     */
    public TlbEntry slot(long linear, long salt) {
        TlbEntry[] all = entries;
        return all[(int) ((linear >>> PAGE_SHIFT) + salt) & all.length - 1];
    }

    /**
     * Finds a translation, also a global one that was made in another address space.
     *
     * @param linear the linear address
     * @param regime the regime of the access
     * @return its slot; {@link TlbEntry#allows} says whether it holds the translation
     */
    public TlbEntry find(long linear, int regime) {
        TlbEntry entry = slot(linear, salts[regime]);
        long key = linear & PAGE_MASK | contexts[regime];
        if (entry.global && entry.key != key && ((entry.key ^ key) & ~SPACE_MASK) == 0) {
            entry.rekey(key);
        }
        return entry;
    }

    /**
     * Puts the translation of a successful walk into its slot.
     *
     * @param linear the linear address
     * @param regime the regime of the walk's context
     * @param found what the walk found
     * @param rights what it allows, by {@link PageWalker#rights}
     * @return the slot
     */
    public TlbEntry fill(long linear, int regime, Translation found, int rights) {
        TlbEntry entry = slot(linear, salts[regime]);
        entry.key = linear & PAGE_MASK | contexts[regime];
        entry.gpa = found.gpa() & PAGE_MASK;
        entry.rights = rights;
        entry.pageShift = found.pageShift();
        entry.global = found.global();
        entry.keyed = found.protectionKey() != 0;
        keyed |= entry.keyed;
        if (entry.pageShift > PAGE_SHIFT) {
            large.add(linear >>> LARGE_SHIFT);
            if (entry.pageShift > LARGE_SHIFT) {
                huge.add(linear >>> HUGE_SHIFT);
            }
        }
        entry.attach(memory.table());
        return entry;
    }

    /**
     * Switches to the address space of a PCID and keeps what is known of it. Without PCIDs, always PCID 0.
     *
     * @param pcid 0 to 4095
     */
    public void useAddressSpace(int pcid) {
        this.pcid = pcid;
        usesPcids |= pcid != 0;
        int space = spaceOfPcid[pcid];
        if (space == 0) {
            nextSpace();
        } else {
            setContexts(space);
        }
    }

    private void nextSpace() {
        if (lastSpace == SPACES - 1) {
            dropSpaces();
        }
        lastSpace++;
        spaceOfPcid[pcid] = (byte) lastSpace;
        fetches.begin(lastSpace);
        setContexts(lastSpace);
    }

    private void setContexts(int space) {
        fetches.use(space);
        for (int regime = 0; regime < REGIMES; regime++) {
            contexts[regime] = (long) regime << REGIME_SHIFT | (long) space << SPACE_SHIFT;
        }
    }

    private void forgetSpaces() {
        if (usesPcids) {
            Arrays.fill(spaceOfPcid, (byte) 0);
            usesPcids = pcid != 0;
        }
        spaceOfPcid[pcid] = 0;
    }

    /** All numbers are free again: what is kept under one of them goes, but for global pages, which get the number that nobody has. */
    private void dropSpaces() {
        forgetSpaces();
        lastSpace = 0;
        for (TlbEntry entry : entries) {
            if (entry.global) {
                entry.rekey(entry.key & ~SPACE_MASK);
            } else {
                entry.clear();
            }
        }
    }

    /** Drops everything, global pages included: changes of CR0.PG, CR0.WP, CR4.PGE, CR4.SMEP, EFER.NXE and the like; INVPCID type 2. */
    public void flushAll() {
        for (TlbEntry entry : entries) {
            entry.clear();
        }
        forgetSpaces();
        large.clear();
        huge.clear();
        fetches.forget();
        keyed = false;
        lastSpace = 0;
        nextSpace();
    }

    /** Drops all but global pages, of every PCID: a load of CR3 without PCIDs, INVPCID type 3. */
    public void flushNonGlobal() {
        forgetSpaces();
        nextSpace();
    }

    /**
     * Drops all but global pages of one PCID: a load of CR3 with bit 63 clear, INVPCID type 1.
     *
     * @param pcid 0 to 4095
     */
    public void flushAddressSpace(int pcid) {
        spaceOfPcid[pcid] = 0;
        if (pcid == this.pcid) {
            nextSpace();
        }
    }

    /**
     * Drops the page of an address in every address space, large or global as it may be: INVLPG, INVPCID type 0, a page fault.
     *
     * @param linear the linear address
     */
    public void invalidatePage(long linear) {
        fetches.invalidate(linear);
        for (long salt : salts) {
            TlbEntry entry = slot(linear, salt);
            if (((entry.key ^ linear) & PAGE_MASK) == 0) {
                entry.clear();
            }
        }
        if (large.mayContain(linear >>> LARGE_SHIFT) || huge.mayContain(linear >>> HUGE_SHIFT)) {
            invalidateLarge(linear);
        }
    }

    private void invalidateLarge(long linear) {
        for (TlbEntry entry : entries) {
            if (entry.pageShift > PAGE_SHIFT && (entry.key ^ linear) >>> entry.pageShift == 0) {
                entry.clear();
            }
        }
    }

    /** The rights of a protection key have changed: drops what was decided by the old ones. */
    public void protectionKeysChanged() {
        if (!keyed) {
            return;
        }
        for (TlbEntry entry : entries) {
            if (entry.keyed) {
                entry.clear();
            }
        }
        keyed = false;
    }

    /** No page may be written directly any more without another look at its flags; see {@link WriteWatch}. */
    public void dropWrites() {
        for (TlbEntry entry : entries) {
            entry.dropWrite();
        }
    }

    /**
     * One page may not be written directly any more, by whatever linear address.
     *
     * @param gpaPage the page's guest-physical address
     */
    public void dropWrites(long gpaPage) {
        for (TlbEntry entry : entries) {
            if (entry.gpa == gpaPage) {
                entry.dropWrite();
            }
        }
    }

    /**
     * Looks again whether an entry's page may be written directly, after a write through {@link GuestMemory}.
     *
     * @param entry an entry that allows writing
     */
    public void writtenThrough(TlbEntry entry) {
        entry.attach(memory.table());
    }
}
