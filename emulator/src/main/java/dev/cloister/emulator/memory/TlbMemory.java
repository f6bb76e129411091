package dev.cloister.emulator.memory;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.mmu.CodeWatcher;
import dev.cloister.mmu.DeviceWindow;
import dev.cloister.mmu.FetchStamps;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.Tlb;
import dev.cloister.mmu.TlbEntry;
import dev.cloister.mmu.WalkContext;
import dev.cloister.mmu.WriteWatch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Linear memory of one processor over the guest's memory, with a software TLB: an access that hits is a comparison and a bounds-checked
 * access to the host memory's {@link MemorySegment}; everything else walks the guest's tables, goes through {@link GuestMemory} where
 * writes are watched, or to a device.
 *
 * <p><b>Registers.</b> {@link #load32 load} and {@link #store32 store} act with the present privilege, which {@link #refresh} derives: it
 * must be called after a change of CPL, CR0, CR4, EFER, RFLAGS.AC or PKRU. The methods of {@link LinearMemory} look at the registers
 * themselves. Loads of CR3 and invalidations must be told by {@link #loadedCr3}, {@link #invalidateTranslation} and {@link #invalidatePcid}.
 *
 * <p><b>Watching.</b> While the processor executes guest code, between {@link #enter} and {@link #leave}, {@link #poll} must be called
 * regularly, at the latest at the end of every block. A write of this processor to decoded code is told to the {@link CodeWatcher} before
 * the store method returns; writes of devices and of other processors, when this one polls.
 *
 * <p><b>Order.</b> Aligned accesses that hit are single-copy atomic. All accesses keep the order that x86 promises (Intel SDM volume 3,
 * 9.2.2): loads acquire, stores release; what a store may be overtaken by is a later load alone, until the guest's fence. {@link
 * #compareAndExchange} is atomic within an aligned eight bytes. One that crosses such a boundary, and {@link #compareAndExchange16}, are
 * atomic only with respect to each other, not to plain stores by other processors.
 *
 * <p>One thread, except {@link #close}. Allocates nothing after construction. All addresses are linear; outside 64-bit mode the bits above
 * 31 are ignored. Page faults are thrown as {@link CpuException}.
 */
public final class TlbMemory implements LinearMemory, AutoCloseable {
    /** Entries of the TLB where the maker doesn't say. */
    public static final int DEFAULT_ENTRIES = 2048;

    private static final int PAGE = 4096;
    private static final int PAGE_SHIFT = 12;
    private static final long PAGE_MASK = -PAGE;

    private static final VarHandle BYTE = ValueLayout.JAVA_BYTE.varHandle();
    private static final VarHandle SHORT =
            ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
    private static final VarHandle INT =
            ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
    private static final VarHandle LONG =
            ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

    private static final ValueLayout.OfShort SHORT_ANY =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT_ANY = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG_ANY =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Tlb tlb;
    private final long[] hits;
    private final MemorySegment main;
    private final SlowPath slow;
    private final WriteWatch.Observer observer;
    private CodeWatcher watcher = CodeWatcher.NONE;
    /** The present regime's part of every key, and its part of every slot's number. */
    private long context;

    private long salt;

    /**
     * Linear memory of one processor.
     *
     * @param state the processor's registers
     * @param memory the guest's memory
     * @param devices what answers where neither memory nor a device's region is, or where memory may not be written
     * @param maxPhyAddr MAXPHYADDR, 32 to 52
     * @param gigabytePages whether CPUID tells of 1 GiB pages
     */
    public TlbMemory(CpuState state, GuestMemory memory, DeviceWindow devices, int maxPhyAddr, boolean gigabytePages) {
        this(state, memory, devices, new WalkContext(maxPhyAddr, gigabytePages), DEFAULT_ENTRIES);
    }

    /**
     * Linear memory of one processor.
     *
     * @param state the processor's registers
     * @param memory the guest's memory
     * @param devices what answers where neither memory nor a device's region is, or where memory may not be written
     * @param processor the processor's address width and page sizes
     * @param entries how many entries the TLB has, a power of two
     */
    public TlbMemory(CpuState state, GuestMemory memory, DeviceWindow devices, WalkContext processor, int entries) {
        tlb = new Tlb(memory, entries);
        hits = tlb.hits();
        main = tlb.mainMemory();
        observer = memory.watch().observe(new CodeWatcher() {
            @Override
            public void written(long gpaPage) {
                watcher.written(gpaPage);
            }

            @Override
            public void writtenAnywhere() {
                watcher.writtenAnywhere();
            }
        });
        slow = new SlowPath(state, memory, devices, processor, tlb);
        refresh();
    }

    /**
     * Sets who is told of writes to decoded code. Before guest code runs.
     *
     * @param watcher the keeper of decoded code
     */
    public void setCodeWatcher(CodeWatcher watcher) {
        this.watcher = watcher;
    }

    /**
     * Reads a byte with the present privilege.
     *
     * @param linear the linear address
     * @return the value, zero-extended
     */
    public long load8(long linear) {
        int at = (int) ((linear >>> PAGE_SHIFT) + salt) * Tlb.HIT_STRIDE & hits.length - Tlb.HIT_STRIDE;
        return hits[at + Tlb.HIT_READ] == (linear & PAGE_MASK | context)
                ? (byte) BYTE.getAcquire(main, hits[at + Tlb.HIT_DELTA] + linear) & 0xFFL
                : load(linear, 1);
    }

    /**
     * Reads two bytes with the present privilege.
     *
     * @param linear the linear address, of any alignment
     * @return the value, zero-extended
     */
    public long load16(long linear) {
        int at = (int) ((linear >>> PAGE_SHIFT) + salt) * Tlb.HIT_STRIDE & hits.length - Tlb.HIT_STRIDE;
        return hits[at + Tlb.HIT_READ] == (linear & (PAGE_MASK | 1) | context)
                ? (short) SHORT.getAcquire(main, hits[at + Tlb.HIT_DELTA] + linear) & 0xFFFFL
                : load(linear, 2);
    }

    /**
     * Reads four bytes with the present privilege.
     *
     * @param linear the linear address, of any alignment
     * @return the value, zero-extended
     */
    public long load32(long linear) {
        int at = (int) ((linear >>> PAGE_SHIFT) + salt) * Tlb.HIT_STRIDE & hits.length - Tlb.HIT_STRIDE;
        return hits[at + Tlb.HIT_READ] == (linear & (PAGE_MASK | 3) | context)
                ? (int) INT.getAcquire(main, hits[at + Tlb.HIT_DELTA] + linear) & 0xFFFF_FFFFL
                : load(linear, 4);
    }

    /**
     * Reads eight bytes with the present privilege.
     *
     * @param linear the linear address, of any alignment
     * @return the value
     */
    public long load64(long linear) {
        int at = (int) ((linear >>> PAGE_SHIFT) + salt) * Tlb.HIT_STRIDE & hits.length - Tlb.HIT_STRIDE;
        return hits[at + Tlb.HIT_READ] == (linear & (PAGE_MASK | 7) | context)
                ? (long) LONG.getAcquire(main, hits[at + Tlb.HIT_DELTA] + linear)
                : load(linear, 8);
    }

    /**
     * Writes a byte with the present privilege.
     *
     * @param linear the linear address
     * @param value the low byte is written
     */
    public void store8(long linear, long value) {
        int at = (int) ((linear >>> PAGE_SHIFT) + salt) * Tlb.HIT_STRIDE & hits.length - Tlb.HIT_STRIDE;
        if (hits[at + Tlb.HIT_WRITE] == (linear & PAGE_MASK | context)) {
            BYTE.setRelease(main, hits[at + Tlb.HIT_DELTA] + linear, (byte) value);
        } else {
            store(linear, 1, value);
        }
    }

    /**
     * Writes two bytes with the present privilege.
     *
     * @param linear the linear address, of any alignment
     * @param value the low two bytes are written
     */
    public void store16(long linear, long value) {
        int at = (int) ((linear >>> PAGE_SHIFT) + salt) * Tlb.HIT_STRIDE & hits.length - Tlb.HIT_STRIDE;
        if (hits[at + Tlb.HIT_WRITE] == (linear & (PAGE_MASK | 1) | context)) {
            SHORT.setRelease(main, hits[at + Tlb.HIT_DELTA] + linear, (short) value);
        } else {
            store(linear, 2, value);
        }
    }

    /**
     * Writes four bytes with the present privilege.
     *
     * @param linear the linear address, of any alignment
     * @param value the low four bytes are written
     */
    public void store32(long linear, long value) {
        int at = (int) ((linear >>> PAGE_SHIFT) + salt) * Tlb.HIT_STRIDE & hits.length - Tlb.HIT_STRIDE;
        if (hits[at + Tlb.HIT_WRITE] == (linear & (PAGE_MASK | 3) | context)) {
            INT.setRelease(main, hits[at + Tlb.HIT_DELTA] + linear, (int) value);
        } else {
            store(linear, 4, value);
        }
    }

    /**
     * Writes eight bytes with the present privilege.
     *
     * @param linear the linear address, of any alignment
     * @param value the value
     */
    public void store64(long linear, long value) {
        int at = (int) ((linear >>> PAGE_SHIFT) + salt) * Tlb.HIT_STRIDE & hits.length - Tlb.HIT_STRIDE;
        if (hits[at + Tlb.HIT_WRITE] == (linear & (PAGE_MASK | 7) | context)) {
            LONG.setRelease(main, hits[at + Tlb.HIT_DELTA] + linear, value);
        } else {
            store(linear, 8, value);
        }
    }

    /**
     * By which entry the memory of an address's page may be read directly, for work in bulk within that page.
     *
     * @param linear the linear address
     * @return the entry, good until the next call; null where an access must go through {@link #load8} and its kin
     */
    public TlbEntry readable(long linear) {
        TlbEntry entry = tlb.slot(linear, salt);
        return entry.reads(linear & PAGE_MASK | context) ? entry : null;
    }

    /**
     * By which entry the memory of an address's page may be written directly, for work in bulk within that page.
     *
     * @param linear the linear address
     * @return the entry, good until the next call; null where an access must go through {@link #store8} and its kin
     */
    public TlbEntry writable(long linear) {
        TlbEntry entry = tlb.slot(linear, salt);
        return entry.writes(linear & PAGE_MASK | context) ? entry : null;
    }

    private long load(long linear, int size) {
        TlbEntry entry = tlb.slot(linear, salt);
        return entry.reads(linear & PAGE_MASK | context) && isInPage(linear, size)
                ? direct(entry, linear, size)
                : slow.load(linear, size);
    }

    private void store(long linear, int size, long value) {
        TlbEntry entry = tlb.slot(linear, salt);
        if (entry.writes(linear & PAGE_MASK | context) && isInPage(linear, size)) {
            direct(entry, linear, size, value);
        } else {
            slow.store(linear, size, value);
            tell();
        }
    }

    private static boolean isInPage(long linear, int size) {
        return (linear & ~PAGE_MASK) <= PAGE - size;
    }

    /** A hit in memory that isn't the main one, or of any alignment. */
    private static long direct(TlbEntry entry, long linear, int size) {
        MemorySegment host = entry.host();
        long offset = entry.offset(linear);
        long value = switch (size) {
            case 1 -> host.get(ValueLayout.JAVA_BYTE, offset) & 0xFFL;
            case 2 -> host.get(SHORT_ANY, offset) & 0xFFFFL;
            case 4 -> host.get(INT_ANY, offset) & 0xFFFF_FFFFL;
            default -> host.get(LONG_ANY, offset);
        };
        VarHandle.acquireFence();
        return value;
    }

    private static void direct(TlbEntry entry, long linear, int size, long value) {
        MemorySegment host = entry.host();
        long offset = entry.offset(linear);
        VarHandle.releaseFence();
        switch (size) {
            case 1 -> host.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
            case 2 -> host.set(SHORT_ANY, offset, (short) value);
            case 4 -> host.set(INT_ANY, offset, (int) value);
            default -> host.set(LONG_ANY, offset, value);
        }
    }

    /** A write that went through guest memory may have hit decoded code. */
    private void tell() {
        if (observer.isBehind()) {
            poll();
        }
    }

    /**
     * The guest-physical page of an instruction fetch now, with the present privilege.
     *
     * @param linear the linear address of the instruction's first byte in that page
     * @return the page's address, a multiple of 4096; there may be no memory behind it, where {@link #fetch} still answers
     */
    public long executablePage(long linear) {
        TlbEntry entry = tlb.slot(linear, salt);
        return entry.executes(linear & PAGE_MASK | context) ? entry.gpa() : slow.executablePage(linear);
    }

    /**
     * How long one may rely on {@link #executablePage} without asking again, by {@link #fetchStamp}.
     *
     * @return this processor's
     */
    public FetchStamps fetchStamps() {
        return tlb.fetches();
    }

    /**
     * The stamp of the page that {@link #executablePage} has just found.
     *
     * @param linear the address that it was asked for
     * @return good now, by {@link #fetchStamps}
     */
    public long fetchStamp(long linear) {
        return tlb.fetches().stamp(linear, tlb.slot(linear, salt));
    }

    /**
     * Announces that instructions are decoded and kept, before their bytes are read (again): from then on writes to their 64-byte lines
     * are told to the code watcher.
     *
     * @param gpa guest-physical address of the first byte
     * @param length bytes, all in one page
     * @return whether what is decoded after this call may be kept; if not, it may be executed once: the page can change without notice, or
     *     another processor has not yet noticed the watch (then a later call succeeds)
     */
    public boolean watchCode(long gpa, int length) {
        return switch (observer.markCode(gpa, length)) {
            case REFUSED -> false;
            case FURTHER -> observer.isAloneOrSettled();
            case FIRST -> {
                tlb.dropWrites(gpa & PAGE_MASK);
                yield observer.isAloneOrSettled();
            }
        };
    }

    /** The processor begins to execute guest code: from now on it polls. */
    public void enter() {
        observer.enter();
        poll();
    }

    /** The processor stops executing guest code; until {@link #enter} it makes no access. */
    public void leave() {
        observer.leave();
    }

    /**
     * Whether {@link #poll} has something to do; a volatile read.
     *
     * @return true if decoded code or the watch of pages changed elsewhere
     */
    public boolean isBehind() {
        return observer.isBehind();
    }

    /** Learns what devices and other processors did: tells the code watcher of the code that they wrote, drops what isn't true any more. */
    public void poll() {
        if (!observer.isBehind()) {
            return;
        }
        int ended = observer.poll();
        if ((ended & WriteWatch.Observer.REGIONS) != 0) {
            tlb.flushAll();
            refreshKeys();
            // Other memory may lie where code was decoded from.
            watcher.writtenAnywhere();
        } else if ((ended & WriteWatch.Observer.WRITES) != 0) {
            tlb.dropWrites();
        }
        observer.confirm();
    }

    /**
     * Sets PKRU; the rights of user pages follow it where CR4.PKE is 1.
     *
     * @param pkru the register
     */
    public void setPkru(int pkru) {
        slow.registers.setPkru(pkru);
        refreshKeys();
    }

    @Override
    public void refresh() {
        slow.registers.refresh();
        refreshKeys();
    }

    private void refreshKeys() {
        int regime = slow.regime();
        context = tlb.context(regime);
        salt = tlb.salt(regime);
    }

    @Override
    public void loadedCr3(boolean keep) {
        slow.registers.loadedCr3(keep);
        refreshKeys();
    }

    @Override
    public boolean arePointersValid(long cr3) {
        return slow.arePointersValid(cr3);
    }

    @Override
    public void invalidateTranslation(long linear) {
        tlb.invalidatePage(slow.registers.masked(linear));
    }

    @Override
    public void invalidatePcid(int type, int pcid, long linear) {
        switch (type) {
            case 0 -> tlb.invalidatePage(linear);
            case 1 -> tlb.flushAddressSpace(pcid);
            case 3 -> tlb.flushNonGlobal();
            default -> tlb.flushAll();
        }
        refreshKeys();
    }

    /** Forgets every translation; nothing observable changes but speed. */
    public void flush() {
        tlb.flushAll();
        refreshKeys();
    }

    @Override
    public long read(long linear, int size, int access) {
        refresh();
        int regime = slow.regime(access);
        TlbEntry entry = tlb.slot(linear, tlb.salt(regime));
        long key = linear & PAGE_MASK | tlb.context(regime);
        boolean hit = (access & WRITE) != 0 ? entry.writes(key) : entry.reads(key);
        return hit && isInPage(linear, size) ? direct(entry, linear, size) : slow.read(linear, size, access);
    }

    @Override
    public void write(long linear, int size, long value, int access) {
        refresh();
        int regime = slow.regime(access);
        TlbEntry entry = tlb.slot(linear, tlb.salt(regime));
        if (entry.writes(linear & PAGE_MASK | tlb.context(regime)) && isInPage(linear, size)) {
            direct(entry, linear, size, value);
        } else {
            slow.write(linear, size, value, access);
            tell();
        }
    }

    @Override
    public void probe(long linear, int length, int access) {
        refresh();
        slow.probe(linear, length, access);
    }

    @Override
    public int fetch(long linear, byte[] into, int offset, int length, int access) {
        refresh();
        return slow.fetch(linear, into, offset, length, access);
    }

    @Override
    public long compareAndExchange(long linear, int size, long expected, long value, int access) {
        refresh();
        long found = slow.compareAndExchange(linear, size, expected, value, access);
        tell();
        return found;
    }

    @Override
    public boolean compareAndExchange16(long linear, long[] expected, long low, long high, int access) {
        refresh();
        boolean replaced = slow.compareAndExchange16(linear, expected, low, high, access);
        tell();
        return replaced;
    }

    /** The processor is gone: nobody waits for it any more. */
    @Override
    public void close() {
        observer.close();
    }
}
