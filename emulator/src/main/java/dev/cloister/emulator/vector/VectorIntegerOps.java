package dev.cloister.emulator.vector;

import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.Handler;
import dev.cloister.emulator.execute.HandlerRegistry;

/** Element-wise integer arithmetic, comparison, logic and tests of MMX, SSE and AVX. */
final class VectorIntegerOps {
    private static final String[] SUFFIXES = {"b", "w", "d", "q"};

    private VectorIntegerOps() {}

    static void register(HandlerRegistry table) {
        arithmetic(table);
        comparisons(table);
        multiplications(table);
        unary(table);
        for (String suffix : new String[] {"", "ps", "pd"}) {
            String p = suffix.isEmpty() ? "p" : "";
            whole(table, p + "and" + suffix, (a, b) -> a & b);
            whole(table, p + "andn" + suffix, (a, b) -> ~a & b);
            whole(table, p + "or" + suffix, (a, b) -> a | b);
            whole(table, p + "xor" + suffix, (a, b) -> a ^ b);
        }
        table.put((x, i) -> test(x, i, -1), "ptest", "vptest");
        table.put((x, i) -> test(x, i, Lanes.tops(32)), "vtestps");
        table.put((x, i) -> test(x, i, Lanes.tops(64)), "vtestpd");
        table.put((x, i) -> accumulate(x, i, VectorIntegerOps::dotBytes, false), "vpdpbusd");
        table.put((x, i) -> accumulate(x, i, VectorIntegerOps::dotBytes, true), "vpdpbusds");
        table.put((x, i) -> accumulate(x, i, VectorIntegerOps::dotWords, false), "vpdpwssd");
        table.put((x, i) -> accumulate(x, i, VectorIntegerOps::dotWords, true), "vpdpwssds");
    }

    /** An operation on 64-bit lanes, whatever the elements in them. */
    private static void whole(HandlerRegistry table, String name, Lanes.Element operation) {
        Handler handler = (x, i) -> {
            VectorUnit.loadSources(x, i);
            int lanes = VectorUnit.lanes(i);
            for (int k = 0; k < lanes; k++) {
                x.r[k] = operation.apply(x.a[k], x.b[k]);
            }
            VectorUnit.store(x, i, 0, x.r);
        };
        table.put(handler, name, "v" + name);
    }

    private static void each(HandlerRegistry table, String name, int bits, Lanes.Element operation) {
        whole(table, name, (a, b) -> Lanes.map(a, b, bits, operation));
    }

    private static void arithmetic(HandlerRegistry table) {
        for (int n = 0; n < 4; n++) {
            int bits = 8 << n;
            whole(table, "padd" + SUFFIXES[n], (a, b) -> Lanes.add(a, b, bits));
            whole(table, "psub" + SUFFIXES[n], (a, b) -> Lanes.subtract(a, b, bits));
        }
        each(table, "paddsb", 8, (a, b) -> Lanes.saturate(a + b, 8));
        each(table, "psubsb", 8, (a, b) -> Lanes.saturate(a - b, 8));
        each(table, "paddsw", 16, (a, b) -> Lanes.saturate(a + b, 16));
        each(table, "psubsw", 16, (a, b) -> Lanes.saturate(a - b, 16));
        for (int n = 0; n < 2; n++) {
            int bits = 8 << n;
            whole(table, "paddus" + SUFFIXES[n], (a, b) -> addUnsigned(a, b, bits));
            whole(table, "psubus" + SUFFIXES[n], (a, b) -> Lanes.subtract(a, b, bits) & ~Lanes.below(a, b, bits));
            // The average is what both have, and half of what one has, rounded up; nothing borrows across elements.
            whole(table, "pavg" + SUFFIXES[n], (a, b) -> (a | b) - Lanes.shiftRight(a ^ b, 1, bits));
        }
        for (int n = 0; n < 3; n++) {
            each(table, "psign" + SUFFIXES[n], 8 << n, (a, b) -> b < 0 ? -a : b == 0 ? 0 : a);
        }
    }

    private static long addUnsigned(long a, long b, int bits) {
        long sum = Lanes.add(a, b, bits);
        return sum | Lanes.spread(a & b | (a | b) & ~sum, bits);
    }

    private static void comparisons(HandlerRegistry table) {
        for (int n = 0; n < 4; n++) {
            int bits = 8 << n;
            whole(table, "pcmpeq" + SUFFIXES[n], (a, b) -> Lanes.equal(a, b, bits));
            whole(table, "pcmpgt" + SUFFIXES[n], (a, b) -> Lanes.less(b, a, bits));
        }
        for (int n = 0; n < 3; n++) {
            int bits = 8 << n;
            whole(table, "pmins" + SUFFIXES[n], (a, b) -> Lanes.choose(b, a, Lanes.less(a, b, bits)));
            whole(table, "pmaxs" + SUFFIXES[n], (a, b) -> Lanes.choose(a, b, Lanes.less(a, b, bits)));
            whole(table, "pminu" + SUFFIXES[n], (a, b) -> Lanes.choose(b, a, Lanes.below(a, b, bits)));
            whole(table, "pmaxu" + SUFFIXES[n], (a, b) -> Lanes.choose(a, b, Lanes.below(a, b, bits)));
        }
    }

    private static void multiplications(HandlerRegistry table) {
        each(table, "pmullw", 16, (a, b) -> a * b);
        each(table, "pmulhw", 16, (a, b) -> a * b >> 16);
        each(table, "pmulhuw", 16, (a, b) -> (a & 0xFFFF) * (b & 0xFFFF) >>> 16);
        each(table, "pmulhrsw", 16, (a, b) -> (a * b >> 14) + 1 >> 1);
        each(table, "pmulld", 32, (a, b) -> a * b);
        whole(table, "pmuludq", (a, b) -> (a & 0xFFFFFFFFL) * (b & 0xFFFFFFFFL));
        whole(table, "pmuldq", (a, b) -> (long) (int) a * (int) b);
        each(table, "pmaddwd", 32, (a, b) -> (long) (short) a * (short) b + (a >> 16) * (b >> 16));
        each(table, "pmaddubsw", 16, (a, b) -> Lanes.saturate((a & 0xFF) * (byte) b + (a >> 8 & 0xFF) * (b >> 8), 16));
        whole(table, "psadbw", VectorIntegerOps::absoluteDifferences);
    }

    private static long absoluteDifferences(long a, long b) {
        long sum = 0;
        for (int n = 0; n < 64; n += 8) {
            sum += Math.abs((a >>> n & 0xFF) - (b >>> n & 0xFF));
        }
        return sum;
    }

    private static void unary(HandlerRegistry table) {
        for (int n = 0; n < 3; n++) {
            int bits = 8 << n;
            Handler handler = (x, i) -> {
                VectorUnit.check(x, i);
                VectorUnit.load(x, i, 1, x.b);
                for (int k = 0; k < VectorUnit.lanes(i); k++) {
                    long signs = Lanes.spread(x.b[k], bits);
                    x.r[k] = Lanes.subtract(x.b[k] ^ signs, signs, bits);
                }
                VectorUnit.store(x, i, 0, x.r);
            };
            table.put(handler, "pabs" + SUFFIXES[n], "vpabs" + SUFFIXES[n]);
        }
    }

    private static void test(Execution x, Instruction i, long mask) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 0, x.a);
        VectorUnit.load(x, i, 1, x.b);
        long and = 0;
        long andNot = 0;
        for (int k = 0; k < (i.kinds[0] == OperandKind.YMM ? 4 : 2); k++) {
            and |= x.a[k] & x.b[k];
            andNot |= ~x.a[k] & x.b[k];
        }
        long flags = ((and & mask) == 0 ? Flags.ZF : 0) | ((andNot & mask) == 0 ? Flags.CF : 0);
        x.state.setRflags(x.state.rflags() & ~Flags.STATUS | flags);
    }

    /** Unsigned bytes times signed bytes, four products summed. */
    private static long dotBytes(long a, long b) {
        long sum = 0;
        for (int n = 0; n < 32; n += 8) {
            sum += (a >>> n & 0xFF) * (byte) (b >>> n);
        }
        return sum;
    }

    private static long dotWords(long a, long b) {
        return (long) (short) a * (short) b + (a >> 16) * (b >> 16);
    }

    /** Adds a function of the sources' double words to the destination's (AVX-VNNI). */
    private static void accumulate(Execution x, Instruction i, Lanes.Element product, boolean saturate) {
        VectorUnit.loadSources(x, i);
        VectorUnit.load(x, i, 0, x.r);
        for (int n = 0; n < 2 * VectorUnit.lanes(i); n++) {
            long sum = Lanes.getSigned(x.r, n, 32)
                    + product.apply(Lanes.getSigned(x.a, n, 32), Lanes.getSigned(x.b, n, 32));
            Lanes.put(x.r, n, 32, saturate ? Lanes.saturate(sum, 32) : sum);
        }
        VectorUnit.store(x, i, 0, x.r);
    }
}
