package dev.cloister.emulator.vector;

import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.HandlerRegistry;

/** Moves to, from and between MMX, XMM and YMM registers. */
final class VectorMoveOps {
    private VectorMoveOps() {}

    static void register(HandlerRegistry table) {
        for (String name : new String[] {
            "movdqa",
            "movdqu",
            "movaps",
            "movapd",
            "movups",
            "movupd",
            "movntdq",
            "movntps",
            "movntpd",
            "movntdqa",
            "lddqu",
            "movd"
        }) {
            table.put(VectorMoveOps::whole, name, "v" + name);
        }
        table.put(VectorMoveOps::whole, "movntq", "movq2dq", "movdq2q");
        table.put(VectorMoveOps::quad, "movq", "vmovq");
        table.put((x, i) -> scalar(x, i, 4), "movss", "vmovss");
        table.put((x, i) -> scalar(x, i, 8), "movsd", "vmovsd");
        table.put((x, i) -> half(x, i, 0, 0), "movlps", "movlpd", "vmovlps", "vmovlpd");
        table.put((x, i) -> half(x, i, 1, 0), "movhps", "movhpd", "movlhps", "vmovhps", "vmovhpd", "vmovlhps");
        table.put((x, i) -> half(x, i, 0, 1), "movhlps", "vmovhlps");
        table.put((x, i) -> signs(x, i, 8), "pmovmskb", "vpmovmskb");
        table.put((x, i) -> signs(x, i, 32), "movmskps", "vmovmskps");
        table.put((x, i) -> signs(x, i, 64), "movmskpd", "vmovmskpd");
        table.put((x, i) -> duplicate(x, i, 32, 1, 0), "movsldup", "vmovsldup");
        table.put((x, i) -> duplicate(x, i, 32, 0, 1), "movshdup", "vmovshdup");
        table.put((x, i) -> duplicate(x, i, 64, 1, 0), "movddup", "vmovddup");
        table.put((x, i) -> clearUpper(x, i, 2), "vzeroupper");
        table.put((x, i) -> clearUpper(x, i, 0), "vzeroall");
    }

    private static void whole(Execution x, Instruction i) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.r);
        VectorUnit.store(x, i, 0, x.r);
    }

    /** A register source gives its low half only. */
    private static void quad(Execution x, Instruction i) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.r);
        x.r[1] = 0;
        VectorUnit.store(x, i, 0, x.r);
    }

    /** From memory the rest is cleared; from a register the rest comes from the first source. */
    private static void scalar(Execution x, Instruction i, int size) {
        VectorUnit.check(x, i);
        int last = i.operandCount - 1;
        VectorUnit.load(x, i, last, x.b);
        if (i.kinds[0] == OperandKind.MEMORY) {
            VectorUnit.store(x, i, 0, x.b);
            return;
        }
        if (i.kinds[last] == OperandKind.MEMORY) {
            VectorUnit.store(x, i, 0, x.b);
            return;
        }
        VectorUnit.load(x, i, last - 1, x.r);
        long mask = Execution.mask(size);
        x.r[0] = x.r[0] & ~mask | x.b[0] & mask;
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void half(Execution x, Instruction i, int to, int from) {
        VectorUnit.check(x, i);
        int last = i.operandCount - 1;
        VectorUnit.load(x, i, last, x.b);
        if (i.kinds[0] == OperandKind.MEMORY) {
            x.b[0] = x.b[to];
            VectorUnit.store(x, i, 0, x.b);
            return;
        }
        VectorUnit.load(x, i, last - 1, x.r);
        x.r[to] = x.b[from];
        VectorUnit.store(x, i, 0, x.r);
    }

    /** The highest bits of all elements, gathered. */
    private static void signs(Execution x, Instruction i, int bits) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.b);
        long mask = 0;
        int each = 64 / bits;
        for (int k = 0; k < 4; k++) {
            mask |= (long) Lanes.signs(x.b[k], bits) << k * each;
        }
        VectorUnit.storeValue(x, i, 0, mask);
    }

    /** Each element of the destination comes from the one of the source whose number has the given bits cleared or set. */
    private static void duplicate(Execution x, Instruction i, int bits, int clear, int set) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.b);
        for (int n = 0; n < 64 / bits * VectorUnit.lanes(i); n++) {
            Lanes.put(x.r, n, bits, Lanes.get(x.b, n & ~clear | set, bits));
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void clearUpper(Execution x, Instruction i, int from) {
        VectorUnit.checkSse(x, i);
        for (int register = 0; register < (x.long64 ? 16 : 8); register++) {
            for (int lane = from; lane < 4; lane++) {
                x.state.extended().setLane(register, lane, 0);
            }
        }
    }
}
