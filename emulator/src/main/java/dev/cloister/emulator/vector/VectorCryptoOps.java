package dev.cloister.emulator.vector;

import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.HandlerRegistry;

/** AES, carry-less multiplication, GFNI and SHA. */
final class VectorCryptoOps {
    /** Computes both lanes of a 128-bit result from two sources. */
    @FunctionalInterface
    private interface Step {
        void apply(long[] a, long[] b, long[] result);
    }

    private VectorCryptoOps() {}

    static void register(HandlerRegistry table) {
        table.put((x, i) -> round(x, i, false, false), "aesenc", "vaesenc");
        table.put((x, i) -> round(x, i, false, true), "aesenclast", "vaesenclast");
        table.put((x, i) -> round(x, i, true, false), "aesdec", "vaesdec");
        table.put((x, i) -> round(x, i, true, true), "aesdeclast", "vaesdeclast");
        table.put(VectorCryptoOps::inverseMix, "aesimc", "vaesimc");
        table.put(VectorCryptoOps::keyAssist, "aeskeygenassist", "vaeskeygenassist");
        table.put(VectorCryptoOps::multiplyCarryless, "pclmulqdq", "vpclmulqdq");
        table.put(VectorCryptoOps::multiplyBytes, "gf2p8mulb", "vgf2p8mulb");
        table.put((x, i) -> affine(x, i, false), "gf2p8affineqb", "vgf2p8affineqb");
        table.put((x, i) -> affine(x, i, true), "gf2p8affineinvqb", "vgf2p8affineinvqb");
        table.put((x, i) -> step(x, i, Sha::nextE), "sha1nexte");
        table.put((x, i) -> step(x, i, Sha::message1), "sha1msg1");
        table.put((x, i) -> step(x, i, Sha::message2), "sha1msg2");
        table.put((x, i) -> step(x, i, Sha::message256First), "sha256msg1");
        table.put((x, i) -> step(x, i, Sha::message256Second), "sha256msg2");
        table.put(VectorCryptoOps::shaRounds1, "sha1rnds4");
        table.put(VectorCryptoOps::shaRounds256, "sha256rnds2");
    }

    private static void round(Execution x, Instruction i, boolean decrypt, boolean last) {
        VectorUnit.loadSources(x, i);
        for (int base = 0; base < VectorUnit.lanes(i); base += 2) {
            Aes.round(x.a, x.b, x.r, base, decrypt, last);
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void inverseMix(Execution x, Instruction i) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.b);
        x.r[0] = Aes.inverseMix(x.b[0]);
        x.r[1] = Aes.inverseMix(x.b[1]);
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void keyAssist(Execution x, Instruction i) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.b);
        x.r[0] = Aes.keyWords((int) (x.b[0] >>> 32), (int) i.immediate & 0xFF);
        x.r[1] = Aes.keyWords((int) (x.b[1] >>> 32), (int) i.immediate & 0xFF);
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void multiplyCarryless(Execution x, Instruction i) {
        VectorUnit.loadSourcesBeforeLast(x, i);
        for (int base = 0; base < VectorUnit.lanes(i); base += 2) {
            long a = x.a[base + (int) (i.immediate & 1)];
            long b = x.b[base + (int) (i.immediate >> 4 & 1)];
            Galois.multiplyCarryless(a, b, x.r, base);
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void multiplyBytes(Execution x, Instruction i) {
        VectorUnit.loadSources(x, i);
        for (int n = 0; n < 8 * VectorUnit.lanes(i); n++) {
            Lanes.put(x.r, n, 8, Galois.multiply((int) Lanes.get(x.a, n, 8), (int) Lanes.get(x.b, n, 8)));
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void affine(Execution x, Instruction i, boolean inverse) {
        VectorUnit.loadSourcesBeforeLast(x, i);
        for (int n = 0; n < 8 * VectorUnit.lanes(i); n++) {
            int value = (int) Lanes.get(x.a, n, 8);
            int mapped = Galois.affine(x.b[n >> 3], inverse ? Galois.inverse(value) : value, (int) i.immediate & 0xFF);
            Lanes.put(x.r, n, 8, mapped);
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void step(Execution x, Instruction i, Step step) {
        VectorUnit.loadSources(x, i);
        step.apply(x.a, x.b, x.r);
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void shaRounds1(Execution x, Instruction i) {
        VectorUnit.loadSourcesBeforeLast(x, i);
        Sha.rounds1(x.a, x.b, (int) i.immediate & 3, x.r);
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void shaRounds256(Execution x, Instruction i) {
        VectorUnit.loadSourcesBeforeLast(x, i);
        VectorUnit.load(x, i, 2, x.r);
        Sha.rounds256(x.a, x.b, x.r, x.r);
        VectorUnit.store(x, i, 0, x.r);
    }
}
