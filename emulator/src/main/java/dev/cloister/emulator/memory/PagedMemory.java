package dev.cloister.emulator.memory;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.mmu.AccessKind;
import dev.cloister.mmu.PageWalker;
import dev.cloister.mmu.PhysicalMemory;
import dev.cloister.mmu.Translation;
import dev.cloister.mmu.WalkContext;

/**
 * Linear memory by the guest's own page tables: every access is walked anew, so nothing needs invalidation. Accessed and
 * dirty flags are set as the processor sets them. What lies outside memory is the business of the {@link PhysicalMemory}
 * given. Used on the processor's thread; allocates nothing.
 */
public final class PagedMemory implements LinearMemory {
    private static final int PAGE = 4096;
    /** How often a walk is repeated where another processor keeps changing the entries. */
    private static final int ATTEMPTS = 100;

    private final CpuState state;
    private final PhysicalMemory physical;
    private final PageWalker walker;
    private final WalkContext context;
    private final Translation translation = new Translation();
    private final CpuException exception = new CpuException();

    /**
     * Joins a processor's registers to physical memory.
     *
     * @param state whose control registers select the tables
     * @param physical guest-physical memory
     * @param context the processor's address width and page sizes
     */
    public PagedMemory(CpuState state, PhysicalMemory physical, WalkContext context) {
        this.state = state;
        this.physical = physical;
        this.context = context;
        walker = new PageWalker(physical);
    }

    private long translate(long linear, int access) {
        int cpl = (access & USER) != 0 ? 3 : 0;
        context.set(state.cr0(), state.cr3(), state.cr4(), state.efer(), cpl, state.rflags())
                .protectionKeys(state.extended().pkru(), 0);
        AccessKind kind = kind(access);
        long masked = state.isLongActive() ? linear : linear & 0xFFFFFFFFL;
        for (int n = 0; n < ATTEMPTS; n++) {
            if (walker.walk(context, masked, kind, true, translation)) {
                return translation.gpa();
            }
            switch (translation.outcome()) {
                case PAGE_FAULT -> throw exception.pageFault(masked, translation.errorCode());
                case TABLE_UNBACKED ->
                    throw exception.unsupported("a page table lies where there is no memory: gpa 0x"
                            + Long.toHexString(translation.entryGpa()));
                default -> Thread.onSpinWait();
            }
        }
        throw exception.unsupported("a page-table entry never came to rest");
    }

    private static AccessKind kind(int access) {
        if ((access & FETCH) != 0) {
            return AccessKind.EXECUTE;
        }
        boolean write = (access & WRITE) != 0;
        if ((access & IMPLICIT) != 0) {
            return write ? AccessKind.IMPLICIT_WRITE : AccessKind.IMPLICIT_READ;
        }
        return write ? AccessKind.WRITE : AccessKind.READ;
    }

    private static int room(long linear) {
        return PAGE - (int) (linear & PAGE - 1);
    }

    @Override
    public boolean arePointersValid(long cr3) {
        return walker.arePointersValid(cr3, context);
    }

    @Override
    public long read(long linear, int size, int access) {
        if (room(linear) < size) {
            return readSplit(linear, size, access);
        }
        return load(translate(linear, access), size);
    }

    private long load(long gpa, int size) {
        return switch (size) {
            case 1 -> physical.readByte(gpa) & 0xFFL;
            case 2 -> physical.readShort(gpa) & 0xFFFFL;
            case 4 -> physical.readInt(gpa) & 0xFFFFFFFFL;
            default -> physical.readLong(gpa);
        };
    }

    private long readSplit(long linear, int size, int access) {
        int first = room(linear);
        long low = translate(linear, access);
        long high = translate(linear + first, access);
        long value = 0;
        for (int n = 0; n < size; n++) {
            long gpa = n < first ? low + n : high + n - first;
            value |= (physical.readByte(gpa) & 0xFFL) << 8 * n;
        }
        return value;
    }

    @Override
    public void write(long linear, int size, long value, int access) {
        if (room(linear) < size) {
            writeSplit(linear, size, value, access | WRITE);
            return;
        }
        long gpa = translate(linear, access | WRITE);
        switch (size) {
            case 1 -> physical.writeByte(gpa, (byte) value);
            case 2 -> physical.writeShort(gpa, (short) value);
            case 4 -> physical.writeInt(gpa, (int) value);
            default -> physical.writeLong(gpa, value);
        }
    }

    private void writeSplit(long linear, int size, long value, int access) {
        int first = room(linear);
        long low = translate(linear, access);
        long high = translate(linear + first, access);
        for (int n = 0; n < size; n++) {
            physical.writeByte(n < first ? low + n : high + n - first, (byte) (value >>> 8 * n));
        }
    }

    @Override
    public void probe(long linear, int length, int access) {
        translate(linear, access);
        if (room(linear) < length) {
            translate(linear + room(linear), access);
        }
    }

    @Override
    public int fetch(long linear, byte[] into, int offset, int length, int access) {
        int count = Math.min(length, room(linear));
        long gpa = translate(linear, access | FETCH);
        for (int n = 0; n < count; n++) {
            into[offset + n] = physical.readByte(gpa + n);
        }
        return count;
    }
}
