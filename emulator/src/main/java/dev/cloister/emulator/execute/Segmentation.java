package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.cpu.SegmentRegister;

/** From segment and offset to linear addresses with all checks (Intel SDM vol. 3, 5.3 to 5.5), and descriptor reads. */
public final class Segmentation {
    private final Execution x;
    private final CpuState state;
    private final LinearMemory memory;
    /** What a locked instruction read from the place that it will write. */
    private long expected;

    public Segmentation(Execution x, LinearMemory memory) {
        this.x = x;
        this.state = x.state;
        this.memory = memory;
    }

    public LinearMemory memory() {
        return memory;
    }

    public boolean isCanonical(long address) {
        int width = (state.cr4() & ControlBits.CR4_LA57) != 0 ? 57 : 48;
        int shift = 64 - width;
        return address << shift >> shift == address;
    }

    /** Whether a base register can hold an address: canonical by the processor's width, not by CR4.LA57. */
    boolean isBase(long address) {
        int shift = 64 - x.limits.linearWidth;
        return address << shift >> shift == address;
    }

    private int user(int access) {
        return x.cpl == 3 ? access | LinearMemory.USER : access;
    }

    public long read(int segment, long offset, int size, int access) {
        long linear = linear(segment, offset, size, access);
        checkAlignment(linear, size);
        if (x.debug.watching) {
            x.debug.access(linear, size, (access & LinearMemory.WRITE) != 0);
        }
        long value = memory.read(linear, size, user(access));
        if (x.locked && (access & LinearMemory.WRITE) != 0) {
            expected = value;
        }
        return value;
    }

    public void write(int segment, long offset, int size, long value) {
        long linear = linear(segment, offset, size, LinearMemory.WRITE);
        checkAlignment(linear, size);
        if (x.debug.watching) {
            x.debug.access(linear, size, true);
        }
        int access = user(LinearMemory.WRITE);
        if (!x.locked) {
            memory.write(linear, size, value, access);
        } else if (memory.compareAndExchange(linear, size, expected, value & Execution.mask(size), access)
                != expected) {
            throw Locked.Retry.AGAIN;
        }
    }

    /** Replaces 8 or 16 bytes if they hold the two halves given; receives what was there. */
    boolean exchangePair(long linear, int half, long[] expectedHalves, long low, long high) {
        if (x.debug.watching) {
            x.debug.access(linear, 2 * half, true);
        }
        int access = user(LinearMemory.WRITE);
        if (half == 8) {
            return memory.compareAndExchange16(linear, expectedHalves, low, high, access);
        }
        long wanted = expectedHalves[0] | expectedHalves[1] << 32;
        long found = memory.compareAndExchange(linear, 8, wanted, low | high << 32, access);
        expectedHalves[0] = found & 0xFFFFFFFFL;
        expectedHalves[1] = found >>> 32;
        return found == wanted;
    }

    /**
     * Checks the address of an operand of 16 or 32 bytes. Processors find a misaligned one before one that lies beyond the segment or
     * isn't canonical; none of them raises #AC.
     */
    public void checkWide(int segment, long offset, int size, int access, boolean aligned) {
        long base =
                x.long64 && segment < CpuState.FS ? 0 : state.segment(segment).base();
        if (aligned && (base + offset & size - 1) != 0) {
            throw x.fault(CpuException.GP);
        }
        if (!x.long64) {
            linear(segment, offset, size, access);
            return;
        }
        linear64(segment, offset, 1);
        linear64(segment, offset + size - 1, 1);
    }

    /** Reads 8 bytes of an operand that {@link #checkWide} has seen. */
    public long readLane(int segment, long offset) {
        long linear = linear(segment, offset, 1, 0);
        if (x.debug.watching) {
            x.debug.access(linear, 8, false);
        }
        return memory.read(linear, 8, user(0));
    }

    /** Writes 8 bytes of an operand that {@link #checkWide} has seen. */
    public void writeLane(int segment, long offset, long value) {
        long linear = linear(segment, offset, 1, LinearMemory.WRITE);
        if (x.debug.watching) {
            x.debug.access(linear, 8, true);
        }
        memory.write(linear, 8, value, user(LinearMemory.WRITE));
    }

    /**
     * Reads at an address that {@link #linear} gave, without alignment check: operands of 16 bytes and more, and their parts, raise #GP
     * or nothing (Intel SDM vol. 1, 4.1.1).
     */
    public long readAt(long linear, int size, int access) {
        long at = linearWidth(linear);
        if (x.debug.watching) {
            x.debug.access(at, size, (access & LinearMemory.WRITE) != 0);
        }
        return memory.read(at, size, user(access));
    }

    /** As {@link #readAt}, for writing. */
    public void writeAt(long linear, int size, long value) {
        long at = linearWidth(linear);
        if (x.debug.watching) {
            x.debug.access(at, size, true);
        }
        memory.write(at, size, value, user(LinearMemory.WRITE));
    }

    public void probe(int segment, long offset, int length, int access) {
        memory.probe(linear(segment, offset, length, access), length, user(access));
    }

    /** Raises #AC where user code asked for it and the address isn't a multiple of the size, a power of two. */
    public void checkAlignment(long linear, int size) {
        if ((linear & size - 1) != 0 && x.cpl == 3 && state.flag(Flags.AC) && (state.cr0() & ControlBits.CR0_AM) != 0) {
            throw x.fault(CpuException.AC);
        }
    }

    /** The linear address of an access, checked. */
    public long linear(int segment, long offset, int size, int access) {
        SegmentRegister register = state.segment(segment);
        if (x.long64) {
            return linear64(segment, offset, size);
        }
        if (x.mode.usesDescriptors()) {
            checkType(segment, register, access);
        }
        if (!isWithin(register, offset, size)) {
            throw refused(segment);
        }
        return register.base() + offset & 0xFFFFFFFFL;
    }

    private long linear64(int segment, long offset, int size) {
        long linear = segment >= CpuState.FS ? state.segment(segment).base() + offset : offset;
        boolean begins = isCanonical(linear);
        if (!begins || !isCanonical(linear + size - 1)) {
            // Operands of 16 bytes and more are not checked for alignment by RFLAGS.AC.
            if (begins && size < 16) {
                checkAlignment(linear, Integer.highestOneBit(size));
            }
            throw refused(segment);
        }
        return linear;
    }

    private CpuException refused(int segment) {
        return segment == CpuState.SS ? x.fault(CpuException.SS, x.stackError) : x.fault(CpuException.GP);
    }

    private void checkType(int segment, SegmentRegister register, int access) {
        int attributes = register.attributes();
        boolean code = (attributes & SegmentRegister.CODE) != 0;
        boolean writable = (attributes & SegmentRegister.WRITABLE) != 0;
        boolean refused = (access & LinearMemory.WRITE) != 0
                ? code || !writable
                : code && !writable && (access & LinearMemory.FETCH) == 0;
        if (refused || (attributes & (SegmentRegister.UNUSABLE | SegmentRegister.PRESENT)) != SegmentRegister.PRESENT) {
            throw refused(segment);
        }
    }

    private boolean isWithin(SegmentRegister register, long offset, int size) {
        long first = offset & 0xFFFFFFFFL;
        long last = first + size - 1;
        long limit = register.limit() & 0xFFFFFFFFL;
        int kind = register.attributes() & (SegmentRegister.CODE | SegmentRegister.CONFORMING);
        if (kind == SegmentRegister.CONFORMING && x.mode.usesDescriptors()) {
            long top = register.has(SegmentRegister.DEFAULT_BIG) ? 0xFFFFFFFFL : 0xFFFF;
            return first > limit && last <= top;
        }
        return last <= limit;
    }

    public long readSystem(long linear, int size) {
        return memory.read(linearWidth(linear), size, LinearMemory.IMPLICIT);
    }

    public void writeSystem(long linear, int size, long value) {
        memory.write(linearWidth(linear), size, value, LinearMemory.IMPLICIT | LinearMemory.WRITE);
    }

    public void probeSystem(long linear, int size, int access) {
        memory.probe(linearWidth(linear), size, LinearMemory.IMPLICIT | access);
    }

    public long linearWidth(long linear) {
        return state.isLongActive() ? linear : linear & 0xFFFFFFFFL;
    }

    /** Linear address of a selector's descriptor; out of its table's bounds raises the given vector with the selector. */
    public long descriptorAddress(int selector, int size, int vector) {
        boolean local = (selector & 4) != 0;
        SegmentRegister ldt = state.segment(CpuState.LDTR);
        long base = local ? ldt.base() : state.gdtr().base();
        long limit = local ? ldt.limit() & 0xFFFFFFFFL : state.gdtr().limit();
        boolean absent = local && (ldt.has(SegmentRegister.UNUSABLE) || (ldt.selector() & ~3) == 0);
        int offset = selector & 0xFFF8;
        if (absent || offset + size - 1 > limit) {
            throw x.fault(vector, selector & ~3);
        }
        return base + offset;
    }

    public long descriptor(int selector, int vector) {
        return readSystem(descriptorAddress(selector, 8, vector), 8);
    }

    /** Sets the accessed bit in memory where it is clear, and returns the descriptor with it. */
    public long markAccessed(int selector, long descriptor) {
        long accessed = 1L << 40;
        if ((descriptor & accessed) == 0) {
            writeSystem(descriptorAddress(selector, 8, CpuException.GP) + 5, 1, (descriptor | accessed) >>> 40);
        }
        return descriptor | accessed;
    }

    public static int attributes(long descriptor) {
        return (int) (descriptor >>> 40) & 0xF0FF;
    }

    public static int dpl(long descriptor) {
        return (int) (descriptor >>> 45) & 3;
    }

    public static int type(long descriptor) {
        return (int) (descriptor >>> 40) & 31;
    }

    public static boolean isPresent(long descriptor) {
        return (descriptor >>> 47 & 1) != 0;
    }

    public static boolean isCode(long descriptor) {
        return (type(descriptor) & 0x18) == 0x18;
    }

    public static boolean isConforming(long descriptor) {
        return (type(descriptor) & 4) != 0;
    }

    public static long base(long descriptor) {
        return descriptor >>> 16 & 0xFFFFFF | descriptor >>> 32 & 0xFF000000L;
    }

    public static int limit(long descriptor) {
        int limit = (int) (descriptor & 0xFFFF | descriptor >>> 32 & 0xF0000);
        return (descriptor >>> 55 & 1) != 0 ? limit << 12 | 0xFFF : limit;
    }

    /** Fills a segment register from a descriptor that has been checked. */
    public void install(int segment, int selector, long descriptor) {
        state.segment(segment).set(selector, base(descriptor), limit(descriptor), attributes(descriptor));
    }
}
