package dev.cloister.vmm;

/**
 * Tells from an instruction's bytes whether it may touch x87, SSE or AVX state, so that the 4 KiB image is fetched from KVM only then.
 * Errs on the side of yes (Intel SDM vol. 2, appendix A).
 */
final class OpcodeClass {
    private static final int REX_FIRST = 0x40;
    private static final int REX_LAST = 0x4f;
    private static final int ESCAPE = 0x0f;
    private static final int FWAIT = 0x9b;
    private static final int X87_FIRST = 0xd8;
    private static final int X87_LAST = 0xdf;

    private static final int XGETBV = 0xd0;
    private static final int XSETBV = 0xd1;
    private static final int XSAVEC = 0x20;

    private OpcodeClass() {}

    /** Whether the instruction may use extended state; REX bytes also count as prefixes in 32-bit code, where they are INC and DEC. */
    static boolean mayUseExtendedState(byte[] code, int length) {
        int i = 0;
        while (i < length && isPrefix(code[i] & 0xff)) {
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

    private static boolean isPrefix(int b) {
        return switch (b) {
            case 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3 -> true;
            default -> b >= REX_FIRST && b <= REX_LAST;
        };
    }

    private static boolean isTwoByte(int b, int modRm) {
        int row = b & 0xf0;
        return switch (row) {
            case 0x10, 0x50, 0x60, 0x70, 0xd0, 0xe0, 0xf0 -> true;
            case 0x00 -> b == 0x01 && (modRm == XGETBV || modRm == XSETBV) || b == 0x0e || b == 0x0f;
            case 0x20 -> b >= 0x28;
            case 0x30 -> b == 0x38 || b == 0x3a;
            case 0xa0 -> b == 0xae;
            case 0xc0 -> b == 0xc2 || b >= 0xc4 && b <= 0xc6 || b == 0xc7 && usesXsave(modRm >> 3 & 7);
            default -> false;
        };
    }

    /** Group 9: XRSTORS, XSAVEC and XSAVES are /3 to /5; CMPXCHG16B and RDRAND are others. */
    private static boolean usesXsave(int group) {
        return group >= 3 && group <= 5;
    }
}
