package dev.cloister.vmm.engine.direct;

/**
 * Tells from an instruction's bytes whether it may touch x87, SSE or AVX state, so that the 4 KiB image is fetched from KVM only then.
 * Errs on the side of yes (Intel SDM vol. 2, appendix A).
 */
final class OpcodeClass {
    private static final int ESCAPE = 0x0f;
    private static final int FWAIT = 0x9b;
    private static final int X87_FIRST = 0xd8;
    private static final int X87_LAST = 0xdf;

    private static final int XGETBV = 0xd0;
    private static final int XSETBV = 0xd1;
    private static final int RDPKRU = 0xee;
    private static final int WRPKRU = 0xef;
    private static final int XSAVEC = 0x20;

    /** Bytes that may stand before the opcode. */
    private static final boolean[] PREFIX =
            table(0x26, 0x26, 0x2e, 0x2e, 0x36, 0x36, 0x3e, 0x3e, 0x40, 0x4f, 0x64, 0x67, 0xf0, 0xf0, 0xf2, 0xf3);

    /** Second opcode bytes whose instructions, or some of them, use extended state. */
    private static final boolean[] SECOND = table(
            0x0e, 0x0f, 0x10, 0x1f, 0x28, 0x2f, 0x38, 0x38, 0x3a, 0x3a, 0x50, 0x7f, 0xae, 0xae, 0xc2, 0xc2, 0xc4, 0xc6,
            0xd0, 0xff);

    private OpcodeClass() {}

    /** A set of bytes from pairs of first and last. */
    private static boolean[] table(int... ranges) {
        boolean[] set = new boolean[256];
        for (int i = 0; i < ranges.length; i += 2) {
            java.util.Arrays.fill(set, ranges[i], ranges[i + 1] + 1, true);
        }
        return set;
    }

    /** Whether the instruction may use extended state; REX bytes also count as prefixes in 32-bit code, where they are INC and DEC. */
    static boolean mayUseExtendedState(byte[] code, int length) {
        int i = 0;
        while (i < length && PREFIX[code[i] & 0xff]) {
            i++;
        }
        if (i >= length) {
            return true;
        }
        int opcode = code[i] & 0xff;
        if (opcode == ESCAPE) {
            int modRm = i + 2 < length ? code[i + 2] & 0xff : XSAVEC;
            return i + 1 >= length || isTwoByte(code[i + 1] & 0xff, modRm);
        }
        return opcode == FWAIT || opcode >= X87_FIRST && opcode <= X87_LAST || isVector(opcode);
    }

    /** VEX (C4, C5) and EVEX (62) prefixes. */
    private static boolean isVector(int opcode) {
        return opcode == 0xc4 || opcode == 0xc5 || opcode == 0x62;
    }

    private static boolean isTwoByte(int b, int modRm) {
        return switch (b) {
            case 0x01 -> modRm == XGETBV || modRm == XSETBV || modRm == RDPKRU || modRm == WRPKRU;
            case 0xc7 -> usesXsave(modRm >> 3 & 7);
            default -> SECOND[b];
        };
    }

    /** Group 9: XRSTORS, XSAVEC and XSAVES are /3 to /5; CMPXCHG16B and RDRAND are others. */
    private static boolean usesXsave(int group) {
        return group >= 3 && group <= 5;
    }
}
