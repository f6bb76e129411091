package dev.cloister.it.bench.translate;

import dev.cloister.emulator.assembler.Assembler;
import dev.cloister.emulator.assembler.AssemblyException;
import dev.cloister.emulator.assembler.OutputFormat;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** The hot mix: its code, and what it must compute, by a plain Java loop. */
final class HotMix {
    /** Quadwords of the table. */
    static final int TABLE = 512;
    /** What RAX holds at the start. */
    static final long SEED = 0x9E37_79B9_7F4A_7C15L;

    private static final int RAX = 0;
    private static final int RDX = 2;
    private static final int RBX = 3;
    private static final int RSI = 6;
    private static final int R8 = 8;
    private static final int R9 = 9;

    private HotMix() {}

    /** The machine code; it may lie anywhere. */
    static byte[] code() throws IOException, AssemblyException {
        try (InputStream in = HotMix.class.getResourceAsStream("/dev/cloister/it/bench/hotmix.asm")) {
            String source = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return Assembler.of(OutputFormat.FLAT)
                    .assemble("hotmix.asm", source)
                    .image();
        }
    }

    /**
     * What the code does, and how many instructions it takes.
     *
     * @param gpr general registers, changed as the code changes them; RCX counts the iterations
     * @param table changed as the code changes it
     * @return instructions executed, without the last
     */
    static long reference(long[] gpr, long[] table) {
        long count = 0;
        for (long n = gpr[1]; n != 0; n--) {
            count += iteration(gpr, table);
        }
        gpr[1] = 0;
        return count;
    }

    private static int iteration(long[] gpr, long[] table) {
        long a = gpr[RAX];
        a ^= a << 13;
        a ^= a >>> 7;
        long d = a << 17;
        a ^= d;
        int at = (int) a & TABLE - 1;
        long b = table[at];
        int executed = 17;
        if ((a & 64) != 0) {
            b += a;
            gpr[R8]++;
            executed += 3;
        } else {
            b -= d;
            executed += 3;
            if (b >= gpr[R9]) {
                gpr[R9] ^= b;
                executed++;
            }
        }
        table[at] = b;
        gpr[RAX] = a;
        gpr[RDX] = d;
        gpr[RSI] = at;
        gpr[RBX] = b;
        return executed;
    }
}
