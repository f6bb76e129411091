package dev.cloister.emulator.vector;

import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.Handler;
import dev.cloister.emulator.execute.HandlerRegistry;

/** Blends, broadcasts, permutations across lanes, 128-bit halves, and widening moves. */
final class VectorPermuteOps {
    private VectorPermuteOps() {}

    static void register(HandlerRegistry table) {
        blends(table);
        broadcasts(table);
        table.put((x, i) -> permuteWithin(x, i, 32), "vpermilps");
        table.put((x, i) -> permuteWithin(x, i, 64), "vpermilpd");
        table.put(VectorPermuteOps::permuteDwords, "vpermd", "vpermps");
        table.put(VectorPermuteOps::permuteQuads, "vpermq", "vpermpd");
        table.put(VectorPermuteOps::permuteHalves, "vperm2f128", "vperm2i128");
        table.put(VectorPermuteOps::insertHalf, "vinsertf128", "vinserti128");
        table.put(VectorPermuteOps::extractHalf, "vextractf128", "vextracti128");
        String[] letters = {"b", "w", "d", "q"};
        for (int from = 0; from < 3; from++) {
            for (int to = from + 1; to < 4; to++) {
                String suffix = letters[from] + letters[to];
                int narrow = 8 << from;
                int wide = 8 << to;
                table.put((x, i) -> extend(x, i, narrow, wide, true), "pmovsx" + suffix, "vpmovsx" + suffix);
                table.put((x, i) -> extend(x, i, narrow, wide, false), "pmovzx" + suffix, "vpmovzx" + suffix);
            }
        }
    }

    private static void blends(HandlerRegistry table) {
        table.put((x, i) -> blend(x, i, 32), "blendps", "vblendps", "vpblendd");
        table.put((x, i) -> blend(x, i, 64), "blendpd", "vblendpd");
        table.put((x, i) -> blend(x, i, 16), "pblendw", "vpblendw");
        table.put((x, i) -> blendBySigns(x, i, 8), "pblendvb", "vpblendvb");
        table.put((x, i) -> blendBySigns(x, i, 32), "blendvps", "vblendvps");
        table.put((x, i) -> blendBySigns(x, i, 64), "blendvpd", "vblendvpd");
    }

    private static void broadcasts(HandlerRegistry table) {
        table.put(broadcast(8), "vpbroadcastb");
        table.put(broadcast(16), "vpbroadcastw");
        table.put(broadcast(32), "vpbroadcastd", "vbroadcastss");
        table.put(broadcast(64), "vpbroadcastq", "vbroadcastsd");
        table.put(
                (x, i) -> {
                    VectorUnit.check(x, i);
                    VectorUnit.load(x, i, 1, x.r);
                    x.r[2] = x.r[0];
                    x.r[3] = x.r[1];
                    VectorUnit.store(x, i, 0, x.r);
                },
                "vbroadcastf128",
                "vbroadcasti128");
    }

    private static Handler broadcast(int bits) {
        return (x, i) -> {
            VectorUnit.check(x, i);
            VectorUnit.load(x, i, 1, x.b);
            long lane = x.b[0];
            for (int width = bits; width < 64; width *= 2) {
                lane = lane & Lanes.mask(width) | lane << width;
            }
            java.util.Arrays.fill(x.r, lane);
            VectorUnit.store(x, i, 0, x.r);
        };
    }

    /** By the bits of the immediate; PBLENDW uses its eight bits again for the upper lane. */
    private static void blend(Execution x, Instruction i, int bits) {
        VectorUnit.loadSourcesBeforeLast(x, i);
        for (int n = 0; n < 64 / bits * VectorUnit.lanes(i); n++) {
            long[] source = (i.immediate >> (n & 7) & 1) != 0 ? x.b : x.a;
            Lanes.put(x.r, n, bits, Lanes.get(source, n, bits));
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void blendBySigns(Execution x, Instruction i, int bits) {
        VectorUnit.loadSourcesBeforeLast(x, i);
        VectorUnit.load(x, i, i.operandCount - 1, x.r);
        for (int k = 0; k < VectorUnit.lanes(i); k++) {
            long mask = Lanes.spread(x.r[k], bits);
            x.r[k] = x.a[k] & ~mask | x.b[k] & mask;
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    /** Within 128-bit lanes, by an immediate or by the last source. */
    private static void permuteWithin(Execution x, Instruction i, int bits) {
        boolean immediate = i.kinds[2] == OperandKind.IMMEDIATE;
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.a);
        VectorUnit.load(x, i, 2, x.b);
        int within = 128 / bits - 1;
        for (int n = 0; n < 64 / bits * VectorUnit.lanes(i); n++) {
            long control;
            if (bits == 32) {
                control = immediate ? i.immediate >> 2 * (n & 3) : Lanes.get(x.b, n, 32);
            } else {
                control = immediate ? i.immediate >> n : x.b[n] >> 1;
            }
            Lanes.put(x.r, n, bits, Lanes.get(x.a, n & ~within | (int) control & within, bits));
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void permuteDwords(Execution x, Instruction i) {
        VectorUnit.loadSources(x, i);
        for (int n = 0; n < 8; n++) {
            Lanes.put(x.r, n, 32, Lanes.get(x.b, (int) Lanes.get(x.a, n, 32) & 7, 32));
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void permuteQuads(Execution x, Instruction i) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.b);
        for (int n = 0; n < 4; n++) {
            x.r[n] = x.b[(int) (i.immediate >> 2 * n & 3)];
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void permuteHalves(Execution x, Instruction i) {
        VectorUnit.loadSourcesBeforeLast(x, i);
        for (int half = 0; half < 2; half++) {
            int control = (int) (i.immediate >> 4 * half);
            long[] source = (control & 2) != 0 ? x.b : x.a;
            for (int k = 0; k < 2; k++) {
                x.r[2 * half + k] = (control & 8) != 0 ? 0 : source[2 * (control & 1) + k];
            }
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void insertHalf(Execution x, Instruction i) {
        VectorUnit.loadSourcesBeforeLast(x, i);
        System.arraycopy(x.a, 0, x.r, 0, 4);
        System.arraycopy(x.b, 0, x.r, 2 * ((int) i.immediate & 1), 2);
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void extractHalf(Execution x, Instruction i) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.a);
        System.arraycopy(x.a, 2 * ((int) i.immediate & 1), x.r, 0, 2);
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void extend(Execution x, Instruction i, int from, int to, boolean signed) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.b);
        for (int n = 0; n < 64 / to * VectorUnit.lanes(i); n++) {
            Lanes.put(x.r, n, to, signed ? Lanes.getSigned(x.b, n, from) : Lanes.get(x.b, n, from));
        }
        VectorUnit.store(x, i, 0, x.r);
    }
}
