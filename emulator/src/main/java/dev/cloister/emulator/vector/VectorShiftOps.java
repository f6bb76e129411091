package dev.cloister.emulator.vector;

import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.Handler;
import dev.cloister.emulator.execute.HandlerRegistry;

/** Shifts of elements: by one count for all, by a count for each, and of whole 128-bit lanes by bytes. */
final class VectorShiftOps {
    private static final String[] SUFFIXES = {"w", "d", "q"};

    private VectorShiftOps() {}

    static void register(HandlerRegistry table) {
        for (int n = 0; n < 3; n++) {
            int bits = 16 << n;
            uniform(
                    table,
                    "psll" + SUFFIXES[n],
                    (a, count) -> count < bits ? Lanes.shiftLeft(a, (int) count, bits) : 0);
            uniform(
                    table,
                    "psrl" + SUFFIXES[n],
                    (a, count) -> count < bits ? Lanes.shiftRight(a, (int) count, bits) : 0);
            if (bits < 64) {
                uniform(
                        table,
                        "psra" + SUFFIXES[n],
                        (a, count) -> arithmetic(a, (int) Math.min(count, bits - 1), bits));
            }
        }
        for (int n = 1; n < 3; n++) {
            int bits = 16 << n;
            variable(table, "vpsllv" + SUFFIXES[n], bits, (a, count) -> left(a, count & Lanes.mask(bits), bits));
            variable(table, "vpsrlv" + SUFFIXES[n], bits, (a, count) -> right(a, count & Lanes.mask(bits), bits));
        }
        variable(table, "vpsravd", 32, (a, count) -> a >> Math.min(count & 0xFFFFFFFFL, 31));
        table.put((x, i) -> shiftBytes(x, i, 1), "psrldq", "vpsrldq");
        table.put((x, i) -> shiftBytes(x, i, -1), "pslldq", "vpslldq");
    }

    private static long arithmetic(long lane, int count, int bits) {
        long kept = Lanes.repeat(Lanes.mask(bits) >>> count, bits);
        return lane >>> count & kept | Lanes.spread(lane, bits) & ~kept;
    }

    private static long left(long a, long count, int bits) {
        return Long.compareUnsigned(count, bits) < 0 ? a << count : 0;
    }

    private static long right(long a, long count, int bits) {
        return Long.compareUnsigned(count, bits) < 0 ? (a & Lanes.mask(bits)) >>> count : 0;
    }

    /** All elements by the count in the low 64 bits of the last operand, or its immediate. */
    private static void uniform(HandlerRegistry table, String name, Lanes.Element operation) {
        Handler handler = (x, i) -> {
            VectorUnit.check(x, i);
            int last = i.operandCount - 1;
            VectorUnit.load(x, i, last == 1 ? 0 : 1, x.a);
            VectorUnit.load(x, i, last, x.b);
            long raw = i.kinds[last] == OperandKind.IMMEDIATE ? i.immediate & 0xFF : x.b[0];
            long count = Long.compareUnsigned(raw, 64) < 0 ? raw : 64;
            for (int k = 0; k < VectorUnit.lanes(i); k++) {
                x.r[k] = operation.apply(x.a[k], count);
            }
            VectorUnit.store(x, i, 0, x.r);
        };
        table.put(handler, name, "v" + name);
    }

    private static void variable(HandlerRegistry table, String name, int bits, Lanes.Element operation) {
        Handler handler = (x, i) -> {
            VectorUnit.loadSources(x, i);
            for (int k = 0; k < VectorUnit.lanes(i); k++) {
                x.r[k] = Lanes.map(x.a[k], x.b[k], bits, operation);
            }
            VectorUnit.store(x, i, 0, x.r);
        };
        table.put(handler, name);
    }

    private static void shiftBytes(Execution x, Instruction i, int direction) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, i.operandCount - 2, x.a);
        int count = Math.min((int) i.immediate & 0xFF, 16);
        for (int k = 0; k < VectorUnit.lanes(i); k += 2) {
            if (direction > 0) {
                x.r[k] = window(x.a[k], x.a[k + 1], 0, count);
                x.r[k + 1] = window(x.a[k + 1], 0, 0, count);
            } else {
                x.r[k] = window(0, 0, x.a[k], 16 - count);
                x.r[k + 1] = window(0, x.a[k], x.a[k + 1], 16 - count);
            }
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    /** Eight bytes from the given place on, 0 to 16, of three lanes in a row. */
    static long window(long low, long middle, long high, int from) {
        if (from >= 8) {
            return from == 16 ? high : window(middle, high, 0, from - 8);
        }
        return from == 0 ? low : low >>> 8 * from | middle << 64 - 8 * from;
    }
}
