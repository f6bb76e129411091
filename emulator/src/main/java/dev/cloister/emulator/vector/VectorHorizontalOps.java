package dev.cloister.emulator.vector;

import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.HandlerRegistry;

/** Integer operations between elements of the same source (SSSE3, SSE4.1). */
final class VectorHorizontalOps {
    private VectorHorizontalOps() {}

    static void register(HandlerRegistry table) {
        table.put((x, i) -> pairs(x, i, 16, (a, b) -> a + b), "phaddw", "vphaddw");
        table.put((x, i) -> pairs(x, i, 32, (a, b) -> a + b), "phaddd", "vphaddd");
        table.put((x, i) -> pairs(x, i, 16, (a, b) -> Lanes.saturate(a + b, 16)), "phaddsw", "vphaddsw");
        table.put((x, i) -> pairs(x, i, 16, (a, b) -> a - b), "phsubw", "vphsubw");
        table.put((x, i) -> pairs(x, i, 32, (a, b) -> a - b), "phsubd", "vphsubd");
        table.put((x, i) -> pairs(x, i, 16, (a, b) -> Lanes.saturate(a - b, 16)), "phsubsw", "vphsubsw");
        table.put(VectorHorizontalOps::differences, "mpsadbw", "vmpsadbw");
        table.put(VectorHorizontalOps::minimum, "phminposuw", "vphminposuw");
    }

    /** Neighbours of the first source give the lower half of each group, those of the second the upper. */
    private static void pairs(Execution x, Instruction i, int bits, Lanes.Element operation) {
        VectorUnit.loadSources(x, i);
        int elements = VectorUnit.group(i) / bits;
        for (int n = 0; n < 64 / bits * VectorUnit.lanes(i); n++) {
            int base = n & -elements;
            int within = 2 * (n - base);
            long[] source = within < elements ? x.a : x.b;
            int from = base + (within & elements - 1);
            long first = Lanes.getSigned(source, from, bits);
            Lanes.put(x.r, n, bits, operation.apply(first, Lanes.getSigned(source, from + 1, bits)));
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    /** Eight sums of four absolute differences for each 128-bit lane, by three bits of the immediate. */
    private static void differences(Execution x, Instruction i) {
        VectorUnit.loadSourcesBeforeLast(x, i);
        for (int lane = 0; 2 * lane < VectorUnit.lanes(i); lane++) {
            int control = (int) i.immediate >> 3 * lane;
            int a = 16 * lane + 4 * (control >> 2 & 1);
            int b = 16 * lane + 4 * (control & 3);
            for (int n = 0; n < 8; n++) {
                long sum = 0;
                for (int k = 0; k < 4; k++) {
                    sum += Math.abs(Lanes.get(x.a, a + n + k, 8) - Lanes.get(x.b, b + k, 8));
                }
                Lanes.put(x.r, 8 * lane + n, 16, sum);
            }
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void minimum(Execution x, Instruction i) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.b);
        int place = 0;
        for (int n = 1; n < 8; n++) {
            if (Lanes.get(x.b, n, 16) < Lanes.get(x.b, place, 16)) {
                place = n;
            }
        }
        x.r[0] = Lanes.get(x.b, place, 16) | (long) place << 16;
        x.r[1] = 0;
        VectorUnit.store(x, i, 0, x.r);
    }
}
