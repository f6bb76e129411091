package dev.cloister.emulator.block;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.mmu.TlbEntry;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Repetitions of string instructions within one page on each side, on host memory. Every method answers how many repetitions it has
 * done, 0 where the memory can't be accessed directly.
 */
final class StringBulk {
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    /** Fewer repetitions than this are not worth a copy. */
    private static final long LEAST = 4;

    private StringBulk() {}

    static long run(BlockContext c, int kind, int size, boolean unequal, long from, long to, long count) {
        // Within a string instruction the order is free, not towards what surrounds it (Intel SDM volume 3, 9.2.4).
        VarHandle.releaseFence();
        long done = switch (kind) {
            case StringOp.MOVS -> move(c, size, from, to, count);
            case StringOp.STOS -> fill(c, size, to, count);
            case StringOp.CMPS -> compare(c, size, unequal, from, to, count);
            default -> scan(c, size, unequal, to, count);
        };
        VarHandle.acquireFence();
        return done;
    }

    private static long move(BlockContext c, int size, long from, long to, long most) {
        TlbEntry source = c.memory.readable(from);
        TlbEntry destination = c.memory.writable(to);
        if (source == null || destination == null) {
            return 0;
        }
        MemorySegment a = source.host();
        MemorySegment b = destination.host();
        long first = source.offset(from);
        long second = destination.offset(to);
        // A destination just above its source repeats what lies between them: no more than that distance at once.
        long distance = b.address() + second - a.address() - first;
        long count = distance > 0 && distance < most * size ? distance / size : most;
        if (count < LEAST) {
            return 0;
        }
        MemorySegment.copy(a, first, b, second, count * size);
        VarHandle.releaseFence();
        return count;
    }

    private static long fill(BlockContext c, int size, long to, long count) {
        TlbEntry entry = c.memory.writable(to);
        if (entry == null) {
            return 0;
        }
        MemorySegment host = entry.host();
        long at = entry.offset(to);
        long pattern = pattern(c.gpr[CpuState.RAX], size);
        long bytes = count * size;
        long done = 0;
        for (; done + Long.BYTES <= bytes; done += Long.BYTES) {
            host.set(LONG, at + done, pattern);
        }
        for (; done < bytes; done++) {
            host.set(BYTE, at + done, (byte) (pattern >>> 8 * (done & 7)));
        }
        VarHandle.releaseFence();
        return count;
    }

    /** The element as often as it fits into eight bytes. */
    private static long pattern(long value, int size) {
        return switch (size) {
            case 1 -> (value & 0xFF) * 0x0101_0101_0101_0101L;
            case 2 -> (value & 0xFFFF) * 0x0001_0001_0001_0001L;
            case 4 -> (value & 0xFFFF_FFFFL) * 0x0000_0001_0000_0001L;
            default -> value;
        };
    }

    private static long element(MemorySegment host, long at, int size) {
        return switch (size) {
            case 1 -> host.get(BYTE, at) & 0xFFL;
            case 2 -> host.get(SHORT, at) & 0xFFFFL;
            case 4 -> host.get(INT, at) & 0xFFFF_FFFFL;
            default -> host.get(LONG, at);
        };
    }

    private static long scan(BlockContext c, int size, boolean unequal, long to, long count) {
        TlbEntry entry = c.memory.readable(to);
        if (entry == null) {
            return 0;
        }
        MemorySegment host = entry.host();
        long at = entry.offset(to);
        long wanted = c.gpr[CpuState.RAX] & Shape.mask(size);
        long n = 0;
        while (n < count && element(host, at + n * size, size) == wanted != unequal) {
            n++;
        }
        return n;
    }

    private static long compare(BlockContext c, int size, boolean unequal, long from, long to, long count) {
        TlbEntry first = c.memory.readable(from);
        TlbEntry second = c.memory.readable(to);
        if (first == null || second == null) {
            return 0;
        }
        MemorySegment a = first.host();
        MemorySegment b = second.host();
        long x = first.offset(from);
        long y = second.offset(to);
        long n = 0;
        while (n < count && element(a, x + n * size, size) == element(b, y + n * size, size) != unequal) {
            n++;
        }
        return n;
    }
}
