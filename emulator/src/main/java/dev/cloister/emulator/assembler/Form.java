package dev.cloister.emulator.assembler;

import java.util.List;

/**
 * One row of the instruction table.
 *
 * @param patterns what the operands must be
 * @param shown the operand column, for messages
 * @param width operand size attribute that the row needs: 0 (the mode's own), 16, 32 or 64
 * @param addressWidth address size attribute that the row needs, 0 for any
 * @param mandatory mandatory prefix 0x66, 0xF2 or 0xF3, or 0
 * @param modes where it exists
 * @param opcode opcode bytes
 * @param modRm {@link #NONE}, {@link #REGISTER} or the digit for ModRM.reg
 * @param tail what follows, in order
 */
record Form(
        List<Pattern> patterns,
        String shown,
        int width,
        int addressWidth,
        int mandatory,
        Modes modes,
        List<Integer> opcode,
        int modRm,
        List<Tail> tail) {
    /** No ModRM byte. */
    static final int NONE = -2;
    /** ModRM.reg comes from an operand. */
    static final int REGISTER = -1;

    /** Modes that know a row. */
    enum Modes {
        ANY,
        ONLY_16,
        ONLY_32,
        ONLY_64,
        NOT_64;

        boolean include(int bits) {
            return switch (this) {
                case ANY -> true;
                case ONLY_16 -> bits == 16;
                case ONLY_32 -> bits == 32;
                case ONLY_64 -> bits == 64;
                case NOT_64 -> bits != 64;
            };
        }
    }

    /** A field after ModRM. */
    enum Tail {
        IB,
        IW,
        ID,
        IDS,
        IQ,
        CB,
        CZ,
        MOFFS,
        PTR
    }

    boolean exists(int bits) {
        return modes.include(bits) && (width != 64 || bits == 64);
    }

    boolean accepts(List<Operand> operands, MatchContext context) {
        if (operands.size() != patterns.size()) {
            return false;
        }
        for (int i = 0; i < operands.size(); i++) {
            if (!patterns.get(i).test().accepts(operands.get(i), sizedBesides(i), context)) {
                return false;
            }
        }
        return true;
    }

    /** True where another operand fixes the size of unsized memory at this place. */
    private boolean sizedBesides(int place) {
        for (int i = 0; i < patterns.size(); i++) {
            Pattern other = patterns.get(i);
            if (i != place
                    && other.sizesMemory()
                    && other.bits() == patterns.get(place).bits()) {
                return true;
            }
        }
        return false;
    }
}
