package dev.cloister.emulator.vector;

import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.HandlerRegistry;
import dev.cloister.emulator.softfloat.FloatFormat;

/** Comparisons of floating-point elements: by one of 32 predicates into masks, or of scalars into flags. */
final class VectorCompareOps {
    private static final int LESS = 1;
    private static final int EQUAL = 2;
    private static final int GREATER = 4;
    private static final int UNORDERED = 8;

    /** Which orders make each predicate true (Intel SDM vol. 2, table 3-1); the upper 16 are the same. */
    private static final int[] TRUE_FOR = {
        EQUAL,
        LESS,
        LESS | EQUAL,
        UNORDERED,
        LESS | GREATER | UNORDERED,
        EQUAL | GREATER | UNORDERED,
        GREATER | UNORDERED,
        LESS | EQUAL | GREATER,
        EQUAL | UNORDERED,
        LESS | UNORDERED,
        LESS | EQUAL | UNORDERED,
        0,
        LESS | GREATER,
        EQUAL | GREATER,
        GREATER,
        LESS | EQUAL | GREATER | UNORDERED
    };

    /** The predicates of the lower 16 that raise invalid also for quiet NaNs; of the upper 16 it is the others. */
    private static final int SIGNALING = 0x6666;

    private VectorCompareOps() {}

    static void register(HandlerRegistry table) {
        table.put((x, i) -> packed(x, i, FloatFormat.F32), "cmpps", "vcmpps");
        table.put((x, i) -> packed(x, i, FloatFormat.F64), "cmppd", "vcmppd");
        table.put((x, i) -> scalar(x, i, FloatFormat.F32), "cmpss", "vcmpss");
        table.put((x, i) -> scalar(x, i, FloatFormat.F64), "cmpsd", "vcmpsd");
        table.put((x, i) -> flags(x, i, FloatFormat.F32, false), "comiss", "vcomiss");
        table.put((x, i) -> flags(x, i, FloatFormat.F64, false), "comisd", "vcomisd");
        table.put((x, i) -> flags(x, i, FloatFormat.F32, true), "ucomiss", "vucomiss");
        table.put((x, i) -> flags(x, i, FloatFormat.F64, true), "ucomisd", "vucomisd");
    }

    private static boolean holds(FloatArithmetic u, FloatFormat f, long a, long b, int predicate) {
        int base = predicate & 15;
        boolean quiet = (SIGNALING >> base & 1) == predicate >> 4;
        int order = u.compare(f, a, b, quiet);
        // -1, 0, 1 and UNORDERED become one bit each.
        return (TRUE_FOR[base] >> order + 1 & 1) != 0;
    }

    private static int predicate(Instruction i) {
        return (int) i.immediate & (i.vex ? 31 : 7);
    }

    private static void packed(Execution x, Instruction i, FloatFormat f) {
        VectorUnit.loadSourcesBeforeLast(x, i);
        FloatArithmetic u = VectorFloatOps.begin(x);
        int bits = VectorFloatOps.bits(f);
        for (int n = 0; n < 64 / bits * VectorUnit.lanes(i); n++) {
            boolean holds = holds(u, f, Lanes.get(x.a, n, bits), Lanes.get(x.b, n, bits), predicate(i));
            Lanes.put(x.r, n, bits, holds ? -1 : 0);
        }
        VectorFloatOps.finish(x);
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void scalar(Execution x, Instruction i, FloatFormat f) {
        VectorUnit.loadSourcesBeforeLast(x, i);
        FloatArithmetic u = VectorFloatOps.begin(x);
        long mask = Lanes.mask(VectorFloatOps.bits(f));
        boolean holds = holds(u, f, x.a[0] & mask, x.b[0] & mask, predicate(i));
        VectorFloatOps.finish(x);
        x.a[0] = x.a[0] & ~mask | (holds ? mask : 0);
        VectorUnit.store(x, i, 0, x.a);
    }

    private static void flags(Execution x, Instruction i, FloatFormat f, boolean quiet) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 0, x.a);
        VectorUnit.load(x, i, 1, x.b);
        long mask = Lanes.mask(VectorFloatOps.bits(f));
        int order = VectorFloatOps.begin(x).compare(f, x.a[0] & mask, x.b[0] & mask, quiet);
        VectorFloatOps.finish(x);
        long flags = switch (order) {
            case -1 -> Flags.CF;
            case 0 -> Flags.ZF;
            case 1 -> 0;
            default -> Flags.ZF | Flags.PF | Flags.CF;
        };
        x.state.setRflags(x.state.rflags() & ~Flags.STATUS | flags);
    }
}
