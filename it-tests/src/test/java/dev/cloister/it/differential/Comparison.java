package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.cloister.emulator.decode.Decoder;
import dev.cloister.emulator.decode.Instruction;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Compares the outcomes of both sides, apart from what is {@link Permitted}. One thread. */
final class Comparison {
    private static final String[] REGISTERS = {
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"
    };
    private static final String[] SEGMENTS = {"ds", "es", "fs", "gs"};

    private final Decoder decoder = new Decoder();
    private final Instruction instruction = new Instruction();
    private final List<String> found = new ArrayList<>();

    static String register(int index) {
        return REGISTERS[index];
    }

    /** What differs, a line each; empty where all agrees. */
    List<String> differences(TestCase c, Outcome real, Outcome emulated) {
        found.clear();
        decoder.decode(c.code, 0, c.code.length, c.bits, c.rip(), instruction);
        boolean completed = real.rip != c.rip() || real.vector == 1;
        long mask = Permitted.visible() & ~(completed ? Permitted.undefined(instruction, c) : 0);
        if (Permitted.isAnyOrder(instruction)
                && Permitted.isAnyOrderFault(real.vector)
                && Permitted.isAnyOrderFault(emulated.vector)) {
            return List.of();
        }
        if (Permitted.isForeign(c, emulated)
                || Permitted.isAcross4GiB(c, real, emulated)
                || Permitted.isCallToLongMode(instruction, c, real, emulated)) {
            return List.of();
        }
        check("vector", real.vector, emulated.vector);
        check("error code", real.errorCode, emulated.errorCode);
        check("rip", real.rip, emulated.rip);
        check("cs", real.cs, emulated.cs);
        check("ss", real.ss, emulated.ss);
        check("rflags", real.rflags & mask, emulated.rflags & mask);
        if (real.vector == 14 && emulated.vector == 14 && !Permitted.isFrame(instruction)) {
            check("cr2", real.cr2, emulated.cr2);
        }
        boolean undefined = completed && Permitted.isResultUndefined(instruction, c);
        boolean narrow = Permitted.isNarrowRepetition(instruction, c, completed);
        for (int r = 0; r < 16; r++) {
            long part = c.bits < 64 || narrow && (r == 1 || r == 6 || r == 7) ? 0xFFFFFFFFL : -1;
            if (!undefined && !Permitted.isPoppedInParts(instruction, completed) || r == 4) {
                check(REGISTERS[r], real.gpr[r] & part, emulated.gpr[r] & part);
            }
        }
        if (c.bits == 64 || real.selectors[2] > 3) {
            check("fs base", real.fsBase, emulated.fsBase);
        }
        if (c.bits == 64 || real.selectors[3] > 3) {
            check("gs base", real.gsBase, emulated.gsBase);
        }
        for (int n = 0; n < 4; n++) {
            check(SEGMENTS[n], selector(real.selectors[n]), selector(emulated.selectors[n]));
        }
        byte[] mine = Permitted.isTranscendental(instruction)
                ? Transcendental.nearly(real.xsave, emulated.xsave)
                : emulated.xsave;
        extended(real.xsave, mine);
        boolean partly = Permitted.isPartlyWritten(instruction, real) || Permitted.isPushedInParts(instruction, real);
        if (!undefined && !partly) {
            data(real.data, emulated.data);
        }
        return List.copyOf(found);
    }

    /** Null selectors are one: the host's kernel doesn't keep their RPL over an exception. */
    private static int selector(int value) {
        return (value & ~3) == 0 ? 0 : value;
    }

    private void check(String what, long real, long emulated) {
        if (real != emulated) {
            found.add(String.format("%s: real %x, emulated %x (bits %x)", what, real, emulated, real ^ emulated));
        }
    }

    private void extended(byte[] real, byte[] emulated) {
        MemorySegment a = MemorySegment.ofArray(real);
        MemorySegment b = MemorySegment.ofArray(emulated);
        check("x87 control", a.get(JAVA_SHORT_UNALIGNED, 0) & 0xFFFF, b.get(JAVA_SHORT_UNALIGNED, 0) & 0xFFFF);
        check("x87 status", a.get(JAVA_SHORT_UNALIGNED, 2) & 0xFFFF, b.get(JAVA_SHORT_UNALIGNED, 2) & 0xFFFF);
        check("x87 tags", real[4] & 0xFF, emulated[4] & 0xFF);
        check("mxcsr", a.get(JAVA_INT_UNALIGNED, 24), b.get(JAVA_INT_UNALIGNED, 24));
        for (int n = 0; n < 8; n++) {
            check(
                    "st" + n + " significand",
                    a.get(JAVA_LONG_UNALIGNED, 32 + 16L * n),
                    b.get(JAVA_LONG_UNALIGNED, 32 + 16L * n));
            check(
                    "st" + n + " exponent",
                    a.get(JAVA_SHORT_UNALIGNED, 40 + 16L * n) & 0xFFFF,
                    b.get(JAVA_SHORT_UNALIGNED, 40 + 16L * n) & 0xFFFF);
        }
        for (int n = 0; n < 64; n++) {
            long at = ((n & 3) < 2 ? 160 : 576) + (n >> 2) * 16L + (n & 1) * 8;
            if (a.get(JAVA_LONG_UNALIGNED, at) != b.get(JAVA_LONG_UNALIGNED, at)) {
                check(
                        "ymm" + (n >> 2) + " lane " + (n & 3),
                        a.get(JAVA_LONG_UNALIGNED, at),
                        b.get(JAVA_LONG_UNALIGNED, at));
            }
        }
    }

    private void data(byte[] real, byte[] emulated) {
        int at = Arrays.mismatch(real, emulated);
        if (at >= 0) {
            int from = at & ~7;
            check(
                    "memory at " + Long.toHexString(Layout.DATA_LINEAR + from),
                    MemorySegment.ofArray(real).get(JAVA_LONG_UNALIGNED, from),
                    MemorySegment.ofArray(emulated).get(JAVA_LONG_UNALIGNED, from));
        }
    }
}
