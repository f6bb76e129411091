package dev.cloister.emulator.memory;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.mmu.AccessKind;
import dev.cloister.mmu.DeviceWindow;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.GuestMemoryException;
import dev.cloister.mmu.PageWalker;
import dev.cloister.mmu.Tlb;
import dev.cloister.mmu.TlbEntry;
import dev.cloister.mmu.Translation;
import dev.cloister.mmu.WalkContext;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * Everything of {@link TlbMemory} that isn't a direct hit: walks, page-crossing and unaligned accesses, watched pages, devices. Writes
 * watched pages through {@link GuestMemory}; the caller asks the watch afterwards.
 */
final class SlowPath {
    private static final int PAGE = GuestMemory.PAGE_BYTES;
    private static final long PAGE_MASK = -PAGE;
    private static final long LOW_32 = 0xFFFF_FFFFL;
    /** How often a walk that other processors disturb is repeated; a walk itself tries 64 times. */
    private static final int ATTEMPTS = 4096;

    private static final int ERROR_PRESENT = 1;
    private static final int ERROR_WRITE = 2;
    private static final int ERROR_USER = 4;
    private static final int ERROR_RESERVED = 8;
    private static final int ERROR_FETCH = 16;

    final TranslationRegisters registers;
    private final GuestMemory memory;
    private final DeviceWindow devices;
    private final Tlb tlb;
    private final PageWalker walker;
    private final Translation translation = new Translation();
    private final CpuException exception = new CpuException();
    private final LockedAccess locked;

    SlowPath(CpuState state, GuestMemory memory, DeviceWindow devices, WalkContext processor, Tlb tlb) {
        this.memory = memory;
        this.devices = devices;
        this.tlb = tlb;
        this.walker = new PageWalker(memory);
        this.registers = new TranslationRegisters(state, processor, tlb);
        this.locked = new LockedAccess(this, memory);
    }

    int regime() {
        return registers.regime();
    }

    /** The regime of an access whose rights the caller names. */
    int regime(int access) {
        if ((access & LinearMemory.USER) != 0) {
            return Tlb.USER;
        }
        return (access & LinearMemory.IMPLICIT) != 0 ? Tlb.SUPERVISOR : registers.supervisorRegime();
    }

    boolean arePointersValid(long cr3) {
        return walker.arePointersValid(cr3, registers.context(Tlb.SUPERVISOR));
    }

    private static int right(int access) {
        if ((access & LinearMemory.FETCH) != 0) {
            return Tlb.EXECUTE;
        }
        return (access & LinearMemory.WRITE) != 0 ? Tlb.WRITE : Tlb.READ;
    }

    private static int room(long linear) {
        return PAGE - (int) (linear & PAGE - 1);
    }

    /** The entry that translates this address for this access; throws the page fault otherwise. */
    TlbEntry translate(long address, int regime, int right) {
        long linear = registers.masked(address);
        TlbEntry entry = tlb.find(linear, regime);
        return entry.allows(linear & PAGE_MASK | tlb.context(regime), right) ? entry : walk(linear, regime, right);
    }

    private TlbEntry walk(long linear, int regime, int right) {
        WalkContext context = registers.context(regime);
        AccessKind kind = switch (right) {
            case Tlb.EXECUTE -> AccessKind.EXECUTE;
            case Tlb.WRITE -> AccessKind.WRITE;
            default -> AccessKind.READ;
        };
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            if (walker.walk(context, linear, kind, true, translation)) {
                return tlb.fill(linear, regime, translation, walker.rights(context, translation) | right);
            }
            switch (translation.outcome()) {
                case PAGE_FAULT -> {
                    // A fault ends what was known of the page (Intel SDM volume 3, 4.10.4.1).
                    tlb.invalidatePage(linear);
                    throw exception.pageFault(linear, translation.errorCode());
                }
                case TABLE_UNBACKED -> throw exception.pageFault(linear, unbackedTable(context, regime, right));
                default -> Thread.onSpinWait();
            }
        }
        throw exception.unsupported("page-table entries of linear address 0x" + Long.toHexString(linear)
                + " never came to rest: other processors keep changing them");
    }

    /** Hardware reads all ones from an address without memory: reserved bits are set (Intel SDM volume 3, 4.7). */
    private static int unbackedTable(WalkContext context, int regime, int right) {
        boolean reported = right == Tlb.EXECUTE && context.isFetchReported();
        return ERROR_PRESENT
                | ERROR_RESERVED
                | (right == Tlb.WRITE ? ERROR_WRITE : 0)
                | (regime == Tlb.USER ? ERROR_USER : 0)
                | (reported ? ERROR_FETCH : 0);
    }

    private static long gpa(TlbEntry entry, long linear) {
        return entry.gpa() | linear & PAGE - 1;
    }

    long load(long linear, int size) {
        return load(linear, size, registers.regime(), Tlb.READ);
    }

    long read(long linear, int size, int access) {
        return load(linear, size, regime(access), right(access));
    }

    private long load(long linear, int size, int regime, int right) {
        if (room(linear) < size) {
            return loadSplit(linear, size, regime, right);
        }
        TlbEntry entry = translate(linear, regime, right);
        return physicalLoad(gpa(entry, linear), size, entry.isBacked());
    }

    private long loadSplit(long linear, int size, int regime, int right) {
        int first = room(linear);
        long low = gpa(translate(linear, regime, right), linear);
        long high = translate(linear + first, regime, right).gpa();
        long value = 0;
        for (int n = 0; n < size; n++) {
            value |= physicalLoad(n < first ? low + n : high + n - first, 1, true) << 8 * n;
        }
        return value;
    }

    long physicalLoad(long gpa, int size, boolean backed) {
        if (!backed || !memory.contains(gpa, size, false)) {
            return memory.deviceAt(gpa, devices).read(gpa, size);
        }
        long value = switch (size) {
            case 1 -> memory.readByte(gpa) & 0xFFL;
            case 2 -> memory.readShort(gpa) & 0xFFFFL;
            case 4 -> memory.readInt(gpa) & LOW_32;
            default -> memory.readLong(gpa);
        };
        VarHandle.acquireFence();
        return value;
    }

    void store(long linear, int size, long value) {
        store(linear, size, value, registers.regime());
    }

    void write(long linear, int size, long value, int access) {
        store(linear, size, value, regime(access));
    }

    private void store(long linear, int size, long value, int regime) {
        if (room(linear) < size) {
            storeSplit(linear, size, value, regime);
            return;
        }
        TlbEntry entry = translate(linear, regime, Tlb.WRITE);
        physicalStore(gpa(entry, linear), size, value, entry.isWritable());
        written(entry);
    }

    /** After a write through guest memory the page may be free for direct writes: it is dirty now, or holds no code any more. */
    void written(TlbEntry entry) {
        if (entry.isWritable()) {
            tlb.writtenThrough(entry);
        }
    }

    private void storeSplit(long linear, int size, long value, int regime) {
        int first = room(linear);
        long low = gpa(translate(linear, regime, Tlb.WRITE), linear);
        long high = translate(linear + first, regime, Tlb.WRITE).gpa();
        for (int n = 0; n < size; n++) {
            physicalStore(n < first ? low + n : high + n - first, 1, value >>> 8 * n & 0xFF, true);
        }
    }

    void physicalStore(long gpa, int size, long value, boolean writable) {
        if (!writable || !memory.contains(gpa, size, true)) {
            memory.deviceAt(gpa, devices).write(gpa, size, value & -1L >>> Long.SIZE - 8 * size);
            return;
        }
        VarHandle.releaseFence();
        switch (size) {
            case 1 -> memory.writeByte(gpa, (byte) value);
            case 2 -> memory.writeShort(gpa, (short) value);
            case 4 -> memory.writeInt(gpa, (int) value);
            default -> memory.writeLong(gpa, value);
        }
    }

    void probe(long linear, int length, int access) {
        int regime = regime(access);
        int right = right(access);
        translate(linear, regime, right);
        if (room(linear) < length) {
            translate(linear + room(linear), regime, right);
        }
    }

    long executablePage(long linear) {
        return translate(linear, registers.regime(), Tlb.EXECUTE).gpa();
    }

    int fetch(long linear, byte[] into, int offset, int length, int access) {
        int count = Math.min(length, room(linear));
        long gpa = gpa(translate(linear, regime(access), Tlb.EXECUTE), linear);
        try {
            memory.read(gpa, into, offset, count);
        } catch (GuestMemoryException _) {
            // The bus answers nothing but ones to a fetch from where there is no memory.
            Arrays.fill(into, offset, offset + count, (byte) 0xFF);
        }
        return count;
    }

    long compareAndExchange(long linear, int size, long expected, long value, int access) {
        return locked.compareAndExchange(linear, size, expected, value, regime(access));
    }

    boolean compareAndExchange16(long linear, long[] expected, long low, long high, int access) {
        return locked.compareAndExchange16(linear, expected, low, high, regime(access));
    }
}
