package dev.cloister.emulator.vector;

import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.HandlerRegistry;

/** Instructions that move elements between places: shuffles, unpacks, packs, byte shifts, insertion and extraction. */
public final class VectorShuffleOps {
    private VectorShuffleOps() {}

    public static void register(HandlerRegistry table) {
        int bits = 8;
        for (String suffix : new String[] {"bw", "wd", "dq", "qdq"}) {
            int width = bits;
            table.put((x, i) -> unpack(x, i, width, false), "punpckl" + suffix, "vpunpckl" + suffix);
            table.put((x, i) -> unpack(x, i, width, true), "punpckh" + suffix, "vpunpckh" + suffix);
            bits *= 2;
        }
        table.put((x, i) -> unpack(x, i, 32, false), "unpcklps", "vunpcklps");
        table.put((x, i) -> unpack(x, i, 32, true), "unpckhps", "vunpckhps");
        table.put((x, i) -> unpack(x, i, 64, false), "unpcklpd", "vunpcklpd");
        table.put((x, i) -> unpack(x, i, 64, true), "unpckhpd", "vunpckhpd");
        table.put((x, i) -> pack(x, i, 16, -128, 127), "packsswb", "vpacksswb");
        table.put((x, i) -> pack(x, i, 16, 0, 255), "packuswb", "vpackuswb");
        table.put((x, i) -> pack(x, i, 32, -32768, 32767), "packssdw", "vpackssdw");
        table.put((x, i) -> pack(x, i, 32, 0, 65535), "packusdw", "vpackusdw");
        table.put((x, i) -> select(x, i, 32, 0, 4), "pshufd", "vpshufd");
        table.put((x, i) -> select(x, i, 16, 0, 4), "pshuflw", "vpshuflw", "pshufw");
        table.put((x, i) -> select(x, i, 16, 4, 4), "pshufhw", "vpshufhw");
        table.put(VectorShuffleOps::shuffleBytes, "pshufb", "vpshufb");
        table.put((x, i) -> shuffleFloats(x, i, 32), "shufps", "vshufps");
        table.put((x, i) -> shuffleFloats(x, i, 64), "shufpd", "vshufpd");
        table.put((x, i) -> shiftBytes(x, i, true), "psrldq", "vpsrldq");
        table.put((x, i) -> shiftBytes(x, i, false), "pslldq", "vpslldq");
        table.put(VectorShuffleOps::align, "palignr", "vpalignr");
        insertions(table);
    }

    private static void insertions(HandlerRegistry table) {
        int bits = 8;
        for (String suffix : new String[] {"b", "w", "d", "q"}) {
            int width = bits;
            table.put((x, i) -> insert(x, i, width), "pinsr" + suffix, "vpinsr" + suffix);
            table.put((x, i) -> extract(x, i, width), "pextr" + suffix, "vpextr" + suffix);
            bits *= 2;
        }
        table.put((x, i) -> extract(x, i, 32), "extractps", "vextractps");
    }

    /** Bits of one group that the operation stays within: an MMX register or a 128-bit lane. */
    private static int group(Instruction i) {
        return i.kinds[0] == OperandKind.MMX ? 64 : 128;
    }

    private static void unpack(Execution x, Instruction i, int bits, boolean high) {
        VectorIntegerOps.loadSources(x, i);
        int elements = group(i) / bits;
        int half = elements / 2;
        for (int lane = 0; lane < 2; lane++) {
            int base = lane * elements;
            if (base * bits >= 256) {
                break;
            }
            for (int n = 0; n < half; n++) {
                int from = base + n + (high ? half : 0);
                Lanes.put(x.r, base + 2 * n, bits, Lanes.get(x.a, from, bits));
                Lanes.put(x.r, base + 2 * n + 1, bits, Lanes.get(x.b, from, bits));
            }
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void pack(Execution x, Instruction i, int bits, long low, long high) {
        VectorIntegerOps.loadSources(x, i);
        int elements = group(i) / bits;
        for (int lane = 0; lane < 2; lane++) {
            for (int n = 0; n < elements; n++) {
                int from = lane * elements + n;
                long a = Lanes.signed(Lanes.get(x.a, from, bits), 0, bits);
                long b = Lanes.signed(Lanes.get(x.b, from, bits), 0, bits);
                int to = 2 * lane * elements + n;
                Lanes.put(x.r, to, bits / 2, Lanes.saturate(a, low, high));
                Lanes.put(x.r, to + elements, bits / 2, Lanes.saturate(b, low, high));
            }
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    /** Four elements from {@code first} on are chosen by two bits each; the others of the lane are copied. */
    private static void select(Execution x, Instruction i, int bits, int first, int count) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.b);
        System.arraycopy(x.b, 0, x.r, 0, 4);
        int elements = group(i) / bits;
        for (int lane = 0; lane < 2; lane++) {
            int base = lane * elements + first;
            for (int n = 0; n < count; n++) {
                int from = base + (int) (i.immediate >> 2 * n & 3);
                Lanes.put(x.r, base + n, bits, Lanes.get(x.b, from, bits));
            }
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void shuffleBytes(Execution x, Instruction i) {
        VectorIntegerOps.loadSources(x, i);
        int elements = group(i) / 8;
        for (int n = 0; n < 32; n++) {
            int control = (int) Lanes.get(x.b, n, 8);
            int from = n / elements * elements + (control & elements - 1);
            Lanes.put(x.r, n, 8, control < 128 ? Lanes.get(x.a, from, 8) : 0);
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    /** First source of three-operand-with-immediate forms: the destination itself where there is no other. */
    private static void loadBeforeImmediate(Execution x, Instruction i) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, i.operandCount == 3 ? 0 : 1, x.a);
        VectorUnit.load(x, i, i.operandCount - 2, x.b);
    }

    private static void shuffleFloats(Execution x, Instruction i, int bits) {
        loadBeforeImmediate(x, i);
        int elements = 128 / bits;
        int width = elements / 2;
        for (int n = 0; n < 256 / bits; n++) {
            int within = n % elements;
            // PS uses the same two-bit fields in both lanes, PD one bit for each element.
            int field = width == 2 ? (int) (i.immediate >> 2 * within & 3) : (int) (i.immediate >> n & 1);
            long[] source = within < width ? x.a : x.b;
            Lanes.put(x.r, n, bits, Lanes.get(source, n - within + field, bits));
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void shiftBytes(Execution x, Instruction i, boolean right) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, i.operandCount - 2, x.a);
        int count = Math.min((int) i.immediate & 0xFF, 16) * (right ? 1 : -1);
        for (int n = 0; n < 32; n++) {
            int from = (n & 15) + count;
            Lanes.put(x.r, n, 8, from >= 0 && from < 16 ? Lanes.get(x.a, (n & 16) + from, 8) : 0);
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void align(Execution x, Instruction i) {
        loadBeforeImmediate(x, i);
        int elements = group(i) / 8;
        int count = (int) i.immediate & 0xFF;
        for (int n = 0; n < 32; n++) {
            int base = n / elements * elements;
            int from = n - base + count;
            long value = 0;
            if (from < elements) {
                value = Lanes.get(x.b, base + from, 8);
            } else if (from < 2 * elements) {
                value = Lanes.get(x.a, base + from - elements, 8);
            }
            Lanes.put(x.r, n, 8, value);
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void insert(Execution x, Instruction i, int bits) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, i.operandCount == 3 ? 0 : 1, x.r);
        long value = x.get(i, i.operandCount - 2);
        Lanes.put(x.r, (int) i.immediate & group(i) / bits - 1, bits, value);
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void extract(Execution x, Instruction i, int bits) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.a);
        int elements = i.kinds[1] == OperandKind.MMX ? 64 / bits : 128 / bits;
        x.set(i, 0, Lanes.get(x.a, (int) i.immediate & elements - 1, bits));
    }
}
