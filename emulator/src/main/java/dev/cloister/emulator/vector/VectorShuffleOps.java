package dev.cloister.emulator.vector;

import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.HandlerRegistry;

/** Instructions that move elements within 128-bit lanes: shuffles, unpacks, packs, insertion and extraction. */
final class VectorShuffleOps {
    private VectorShuffleOps() {}

    static void register(HandlerRegistry table) {
        int bits = 8;
        for (String suffix : new String[] {"bw", "wd", "dq", "qdq"}) {
            int width = bits;
            table.put((x, i) -> unpack(x, i, width, 0), "punpckl" + suffix, "vpunpckl" + suffix);
            table.put((x, i) -> unpack(x, i, width, 1), "punpckh" + suffix, "vpunpckh" + suffix);
            bits *= 2;
        }
        table.put((x, i) -> unpack(x, i, 32, 0), "unpcklps", "vunpcklps");
        table.put((x, i) -> unpack(x, i, 32, 1), "unpckhps", "vunpckhps");
        table.put((x, i) -> unpack(x, i, 64, 0), "unpcklpd", "vunpcklpd");
        table.put((x, i) -> unpack(x, i, 64, 1), "unpckhpd", "vunpckhpd");
        table.put((x, i) -> pack(x, i, 16, -128, 127), "packsswb", "vpacksswb");
        table.put((x, i) -> pack(x, i, 16, 0, 255), "packuswb", "vpackuswb");
        table.put((x, i) -> pack(x, i, 32, -32768, 32767), "packssdw", "vpackssdw");
        table.put((x, i) -> pack(x, i, 32, 0, 65535), "packusdw", "vpackusdw");
        table.put((x, i) -> select(x, i, 32, 0), "pshufd", "vpshufd");
        table.put((x, i) -> select(x, i, 16, 0), "pshuflw", "vpshuflw", "pshufw");
        table.put((x, i) -> select(x, i, 16, 4), "pshufhw", "vpshufhw");
        table.put(VectorShuffleOps::shuffleBytes, "pshufb", "vpshufb");
        table.put((x, i) -> shuffleFloats(x, i, 32), "shufps", "vshufps");
        table.put((x, i) -> shuffleFloats(x, i, 64), "shufpd", "vshufpd");
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
        table.put(VectorShuffleOps::insertFloat, "insertps", "vinsertps");
    }

    private static void unpack(Execution x, Instruction i, int bits, int high) {
        VectorUnit.loadSources(x, i);
        int lanes = VectorUnit.lanes(i);
        if (lanes == 1) {
            x.r[0] = Lanes.interleave(x.a[0] >>> 32 * high, x.b[0] >>> 32 * high, bits);
        }
        for (int k = 0; k + 1 < lanes; k += 2) {
            long a = x.a[k + high];
            long b = x.b[k + high];
            x.r[k] = bits == 64 ? a : Lanes.interleave(a, b, bits);
            x.r[k + 1] = bits == 64 ? b : Lanes.interleave(a >>> 32, b >>> 32, bits);
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void pack(Execution x, Instruction i, int bits, long low, long high) {
        VectorUnit.loadSources(x, i);
        int elements = VectorUnit.group(i) / bits;
        for (int base = 0; base * bits < 64 * VectorUnit.lanes(i); base += elements) {
            for (int n = 0; n < elements; n++) {
                long a = Lanes.getSigned(x.a, base + n, bits);
                long b = Lanes.getSigned(x.b, base + n, bits);
                int to = 2 * base + n;
                Lanes.put(x.r, to, bits / 2, Lanes.saturate(a, low, high));
                Lanes.put(x.r, to + elements, bits / 2, Lanes.saturate(b, low, high));
            }
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    /** Four elements from {@code first} on are chosen by two bits each; the others of the lane are copied. */
    private static void select(Execution x, Instruction i, int bits, int first) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.b);
        System.arraycopy(x.b, 0, x.r, 0, 4);
        int elements = VectorUnit.group(i) / bits;
        for (int base = first; base * bits < 64 * VectorUnit.lanes(i); base += elements) {
            for (int n = 0; n < 4; n++) {
                int from = base + (int) (i.immediate >> 2 * n & 3);
                Lanes.put(x.r, base + n, bits, Lanes.get(x.b, from, bits));
            }
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void shuffleBytes(Execution x, Instruction i) {
        VectorUnit.loadSources(x, i);
        int within = VectorUnit.group(i) / 8 - 1;
        for (int k = 0; k < VectorUnit.lanes(i); k++) {
            long lane = 0;
            for (int n = 0; n < 8; n++) {
                int control = (int) (x.b[k] >>> 8 * n) & 0xFF;
                int from = 8 * k & ~within | control & within;
                long value = control < 128 ? x.a[from >> 3] >>> 8 * (from & 7) & 0xFF : 0;
                lane |= value << 8 * n;
            }
            x.r[k] = lane;
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void shuffleFloats(Execution x, Instruction i, int bits) {
        VectorUnit.loadSourcesBeforeLast(x, i);
        int elements = 128 / bits;
        int width = elements / 2;
        for (int n = 0; n < 64 / bits * VectorUnit.lanes(i); n++) {
            int within = n % elements;
            // PS uses the same two-bit fields in both lanes, PD one bit for each element.
            int field = width == 2 ? (int) (i.immediate >> 2 * within & 3) : (int) (i.immediate >> n & 1);
            long[] source = within < width ? x.a : x.b;
            Lanes.put(x.r, n, bits, Lanes.get(source, n - within + field, bits));
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void align(Execution x, Instruction i) {
        VectorUnit.loadSourcesBeforeLast(x, i);
        int count = (int) i.immediate & 0xFF;
        int lanes = VectorUnit.lanes(i);
        if (lanes == 1) {
            x.r[0] = VectorShiftOps.window(x.b[0], x.a[0], 0, Math.min(count, 16));
        }
        for (int k = 0; k + 1 < lanes; k += 2) {
            boolean far = count >= 16;
            int from = far ? Math.min(count - 16, 16) : count;
            long low = far ? x.a[k] : x.b[k];
            long high = far ? x.a[k + 1] : x.b[k + 1];
            x.r[k] = VectorShiftOps.window(low, high, far ? 0 : x.a[k], from);
            x.r[k + 1] = VectorShiftOps.window(high, far ? 0 : x.a[k], far ? 0 : x.a[k + 1], from);
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void insert(Execution x, Instruction i, int bits) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, i.operandCount == 3 ? 0 : 1, x.r);
        long value = x.get(i, i.operandCount - 2);
        Lanes.put(x.r, (int) i.immediate & VectorUnit.group(i) / bits - 1, bits, value);
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void extract(Execution x, Instruction i, int bits) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.a);
        int elements = i.kinds[1] == OperandKind.MMX ? 64 / bits : 128 / bits;
        VectorUnit.storeValue(x, i, 0, Lanes.get(x.a, (int) i.immediate & elements - 1, bits));
    }

    /** One element of a register, or memory, to a place; then elements named by the low four bits become zero. */
    private static void insertFloat(Execution x, Instruction i) {
        VectorUnit.loadSourcesBeforeLast(x, i);
        System.arraycopy(x.a, 0, x.r, 0, 4);
        int control = (int) i.immediate;
        boolean memory = i.kinds[i.operandCount - 2] == OperandKind.MEMORY;
        long value = Lanes.get(x.b, memory ? 0 : control >> 6 & 3, 32);
        Lanes.put(x.r, control >> 4 & 3, 32, value);
        for (int n = 0; n < 4; n++) {
            if ((control >> n & 1) != 0) {
                Lanes.put(x.r, n, 32, 0);
            }
        }
        VectorUnit.store(x, i, 0, x.r);
    }
}
