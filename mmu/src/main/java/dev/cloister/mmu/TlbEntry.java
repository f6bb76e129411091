package dev.cloister.mmu;

import java.lang.foreign.MemorySegment;

/**
 * A slot of a {@link Tlb}. A key is a linear page address with the regime and the address space in bits 3 to 11 and zeros below, so
 * that one comparison decides about page, rights, address space and alignment: for an access of {@code size} bytes the caller compares a
 * tag with {@code linear & (-4096 | size - 1) | context}.
 */
public final class TlbEntry {
    /** Never a key: no key has bits 0 to 9 and the unused fourth regime. */
    static final long NONE = -1;

    private static final long PAGE_MASK = -4096L;

    /** Page, regime and address space of the translation. */
    long key = NONE;
    /** The key if the page is memory and may be read directly, else {@link #NONE}. */
    long readTag = NONE;
    /** The key if the page is memory and may be written directly, else {@link #NONE}. */
    long writeTag = NONE;
    /** The key if the page is memory and instructions may be fetched from it, else {@link #NONE}. */
    long executeTag = NONE;

    long gpa = NONE;
    /** What added to a linear address gives the offset in the host memory. */
    long delta;

    MemorySegment host = MemorySegment.NULL;
    /** Whether that is the main memory. */
    private boolean direct;

    int rights;
    int pageShift;
    boolean global;
    boolean keyed;
    /** Whether there is memory behind the page. */
    boolean backed;
    /** Whether the memory behind the page may be written. */
    boolean writable;

    /** The table of direct hits in the main memory, and this slot's place in it. */
    private final long[] hits;

    private final int place;
    private final MemorySegment main;

    TlbEntry(long[] hits, int place, MemorySegment main) {
        this.hits = hits;
        this.place = place;
        this.main = main;
        clear();
    }

    void clear() {
        key = NONE;
        tag(NONE, NONE, NONE);
        gpa = NONE;
        pageShift = 0;
        global = false;
        keyed = false;
    }

    private void tag(long read, long write, long execute) {
        readTag = read;
        writeTag = write;
        executeTag = execute;
        hits[place + Tlb.HIT_READ] = direct ? read : NONE;
        hits[place + Tlb.HIT_WRITE] = direct ? write : NONE;
        hits[place + Tlb.HIT_DELTA] = delta;
    }

    void rekey(long next) {
        key = next;
        tag(readTag == NONE ? NONE : next, writeTag == NONE ? NONE : next, executeTag == NONE ? NONE : next);
    }

    void dropWrite() {
        writeTag = NONE;
        hits[place + Tlb.HIT_WRITE] = NONE;
    }

    /** Finds the host memory and decides what may be done directly. */
    void attach(RegionTable table) {
        int index = table.find(gpa);
        backed = index >= 0;
        if (!backed) {
            writable = false;
            host = MemorySegment.NULL;
            direct = false;
            tag(NONE, NONE, NONE);
            return;
        }
        long offset = table.offset(index, gpa);
        host = table.host(index);
        direct = host.equals(main);
        delta = offset - (key & PAGE_MASK);
        writable = table.isWritable(index);
        boolean free =
                (rights & Tlb.WRITE) != 0 && writable && table.flags(index).isFreeToWrite(offset);
        tag((rights & Tlb.READ) != 0 ? key : NONE, free ? key : NONE, (rights & Tlb.EXECUTE) != 0 ? key : NONE);
    }

    /**
     * Whether a direct read hits.
     *
     * @param key what the class comment says
     * @return true if {@link #host} may be read at {@link #offset}
     */
    public boolean reads(long key) {
        return readTag == key;
    }

    /**
     * Whether a direct write hits.
     *
     * @param key what the class comment says
     * @return true if {@link #host} may be written at {@link #offset}
     */
    public boolean writes(long key) {
        return writeTag == key;
    }

    /**
     * Whether a direct fetch hits.
     *
     * @param key what the class comment says
     * @return true if instructions may be taken from {@link #host} at {@link #offset}
     */
    public boolean executes(long key) {
        return executeTag == key;
    }

    /**
     * Whether this slot holds a translation that allows an access; the access itself may have to go through {@link GuestMemory} or a
     * device.
     *
     * @param key the page's key
     * @param right one of {@link Tlb#READ}, {@link Tlb#WRITE}, {@link Tlb#EXECUTE}
     * @return true if {@link #gpa()} is the page
     */
    public boolean allows(long key, int right) {
        return this.key == key && (rights & right) != 0;
    }

    /**
     * The host memory of the region that holds the page.
     *
     * @return the region's memory; empty if the page is no memory
     */
    public MemorySegment host() {
        return host;
    }

    /**
     * Where an address of the page lies in {@link #host}.
     *
     * @param linear a linear address in the page
     * @return the offset in bytes
     */
    public long offset(long linear) {
        return delta + linear;
    }

    /**
     * The guest-physical page.
     *
     * @return its address, a multiple of 4096
     */
    public long gpa() {
        return gpa;
    }

    /**
     * Whether there is memory behind the page.
     *
     * @return false for devices and holes
     */
    public boolean isBacked() {
        return backed;
    }

    /**
     * Whether the memory behind the page may be written.
     *
     * @return false for ROM, read-only memory, devices and holes
     */
    public boolean isWritable() {
        return writable;
    }
}
