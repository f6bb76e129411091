package dev.cloister.emulator.vector;

import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.Handler;
import dev.cloister.emulator.execute.HandlerRegistry;

/** Element-wise integer arithmetic, comparison, logic and shifts of MMX, SSE2 and their VEX forms. */
public final class VectorIntegerOps {
    private VectorIntegerOps() {}

    public static void register(HandlerRegistry table) {
        arithmetic(table);
        comparisons(table);
        multiplications(table);
        shifts(table);
        for (String suffix : new String[] {"", "ps", "pd"}) {
            String p = suffix.isEmpty() ? "p" : "";
            both(table, p + "and" + suffix, 64, (a, b) -> a & b);
            both(table, p + "andn" + suffix, 64, (a, b) -> ~a & b);
            both(table, p + "or" + suffix, 64, (a, b) -> a | b);
            both(table, p + "xor" + suffix, 64, (a, b) -> a ^ b);
        }
        table.put(VectorIntegerOps::test, "ptest", "vptest");
    }

    private static void both(HandlerRegistry table, String name, int bits, Lanes.Element operation) {
        Handler handler = (x, i) -> binary(x, i, bits, operation);
        table.put(handler, name, "v" + name);
    }

    /** Legacy forms have the destination as first source; VEX forms name it. */
    public static void loadSources(Execution x, Instruction i) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, i.operandCount == 2 ? 0 : 1, x.a);
        VectorUnit.load(x, i, i.operandCount - 1, x.b);
    }

    private static void binary(Execution x, Instruction i, int bits, Lanes.Element operation) {
        loadSources(x, i);
        for (int k = 0; k < 4; k++) {
            x.r[k] = Lanes.map(x.a[k], x.b[k], bits, operation);
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void arithmetic(HandlerRegistry table) {
        int bits = 8;
        for (String suffix : new String[] {"b", "w", "d", "q"}) {
            both(table, "padd" + suffix, bits, (a, b) -> a + b);
            both(table, "psub" + suffix, bits, (a, b) -> a - b);
            bits *= 2;
        }
        both(table, "paddsb", 8, (a, b) -> Lanes.saturate(a + b, -128, 127));
        both(table, "psubsb", 8, (a, b) -> Lanes.saturate(a - b, -128, 127));
        both(table, "paddsw", 16, (a, b) -> Lanes.saturate(a + b, -32768, 32767));
        both(table, "psubsw", 16, (a, b) -> Lanes.saturate(a - b, -32768, 32767));
        both(table, "paddusb", 8, (a, b) -> Math.min((a & 0xFF) + (b & 0xFF), 0xFF));
        both(table, "psubusb", 8, (a, b) -> Math.max((a & 0xFF) - (b & 0xFF), 0));
        both(table, "paddusw", 16, (a, b) -> Math.min((a & 0xFFFF) + (b & 0xFFFF), 0xFFFF));
        both(table, "psubusw", 16, (a, b) -> Math.max((a & 0xFFFF) - (b & 0xFFFF), 0));
        both(table, "pavgb", 8, (a, b) -> (a & 0xFF) + (b & 0xFF) + 1 >> 1);
        both(table, "pavgw", 16, (a, b) -> (a & 0xFFFF) + (b & 0xFFFF) + 1 >> 1);
    }

    private static void comparisons(HandlerRegistry table) {
        int bits = 8;
        for (String suffix : new String[] {"b", "w", "d", "q"}) {
            both(table, "pcmpeq" + suffix, bits, (a, b) -> a == b ? -1 : 0);
            both(table, "pcmpgt" + suffix, bits, (a, b) -> a > b ? -1 : 0);
            if (bits < 64) {
                both(table, "pmins" + suffix, bits, Math::min);
                both(table, "pmaxs" + suffix, bits, Math::max);
                both(table, "pminu" + suffix, bits, (a, b) -> Long.compareUnsigned(a, b) < 0 ? a : b);
                both(table, "pmaxu" + suffix, bits, (a, b) -> Long.compareUnsigned(a, b) > 0 ? a : b);
            }
            bits *= 2;
        }
    }

    private static void multiplications(HandlerRegistry table) {
        both(table, "pmullw", 16, (a, b) -> a * b);
        both(table, "pmulhw", 16, (a, b) -> a * b >> 16);
        both(table, "pmulhuw", 16, (a, b) -> (a & 0xFFFF) * (b & 0xFFFF) >>> 16);
        both(table, "pmulhrsw", 16, (a, b) -> (a * b >> 14) + 1 >> 1);
        both(table, "pmulld", 32, (a, b) -> a * b);
        both(table, "pmuludq", 64, (a, b) -> (a & 0xFFFFFFFFL) * (b & 0xFFFFFFFFL));
        both(table, "pmuldq", 64, (a, b) -> (long) (int) a * (int) b);
        both(table, "pmaddwd", 32, (a, b) -> (long) (short) a * (short) b + (a >> 16) * (b >> 16));
        both(table, "psadbw", 64, VectorIntegerOps::absoluteDifferences);
    }

    private static long absoluteDifferences(long a, long b) {
        long sum = 0;
        for (int n = 0; n < 8; n++) {
            sum += Math.abs(Lanes.unsigned(a, n, 8) - Lanes.unsigned(b, n, 8));
        }
        return sum;
    }

    private static void shifts(HandlerRegistry table) {
        int bits = 16;
        for (String suffix : new String[] {"w", "d", "q"}) {
            int width = bits;
            shift(table, "psll" + suffix, width, (a, n) -> n < width ? a << n : 0);
            shift(table, "psrl" + suffix, width, (a, n) -> n < width ? (a & Lanes.mask(width)) >>> n : 0);
            if (bits < 64) {
                shift(table, "psra" + suffix, width, (a, n) -> a >> Math.min(n, width - 1));
            }
            bits *= 2;
        }
    }

    private static void shift(HandlerRegistry table, String name, int bits, Lanes.Element operation) {
        Handler handler = (x, i) -> {
            VectorUnit.check(x, i);
            boolean byImmediate = i.kinds[i.operandCount - 1] == OperandKind.IMMEDIATE;
            VectorUnit.load(x, i, i.operandCount == 2 ? 0 : 1, x.a);
            VectorUnit.load(x, i, i.operandCount - 1, x.b);
            long raw = byImmediate ? i.immediate & 0xFF : x.b[0];
            long count = Long.compareUnsigned(raw, 64) < 0 ? raw : 64;
            for (int k = 0; k < 4; k++) {
                x.r[k] = shiftLane(x.a[k], count, bits, operation);
            }
            VectorUnit.store(x, i, 0, x.r);
        };
        table.put(handler, name, "v" + name);
    }

    private static long shiftLane(long lane, long count, int bits, Lanes.Element operation) {
        long result = 0;
        for (int n = 0; n < 64 / bits; n++) {
            long value = operation.apply(Lanes.signed(lane, n, bits), count);
            result |= (value & Lanes.mask(bits)) << n * bits;
        }
        return result;
    }

    private static void test(Execution x, Instruction i) {
        loadSources(x, i);
        long and = 0;
        long andNot = 0;
        for (int k = 0; k < 4; k++) {
            and |= x.a[k] & x.b[k];
            andNot |= ~x.a[k] & x.b[k];
        }
        x.state.setRflags(x.state.rflags() & ~Flags.STATUS | (and == 0 ? Flags.ZF : 0) | (andNot == 0 ? Flags.CF : 0));
    }
}
