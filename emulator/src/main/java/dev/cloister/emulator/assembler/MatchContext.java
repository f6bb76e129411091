package dev.cloister.emulator.assembler;

/**
 * What the choice of a table row may depend on besides the operands' shapes.
 *
 * @param bits 16, 32 or 64
 * @param symbols values of this pass
 * @param wide true once the short form of this jump was found not to reach
 */
record MatchContext(int bits, Symbols symbols, boolean wide) {
    boolean isOne(Operand.Imm imm) {
        return imm.size() == 0 && symbols.isFixed(imm.value()) && symbols.evaluate(imm.value()) == 1;
    }

    boolean isBare(Operand.Mem mem) {
        return bits != 64 && mem.base() == null && mem.index() == null;
    }

    boolean mayBeShort(Operand.Imm imm) {
        return imm.reach() != Operand.Reach.NEAR && imm.size() == 0 && !wide;
    }

    /** A value that may move is accepted here and checked when it is written. */
    boolean fits(Operand.Imm imm, int width) {
        if (imm.size() != 0 && imm.size() != width) {
            return false;
        }
        return !symbols.isFixed(imm.value()) || inRange(symbols.evaluate(imm.value()), width);
    }

    boolean fitsSignedByte(Operand.Imm imm, int width) {
        boolean allowed = imm.size() == 8 || imm.size() == 0 && symbols.isFixed(imm.value());
        if (!allowed) {
            return false;
        }
        long value = symbols.evaluate(imm.value());
        long extended = width == 64 || !inRange(value, width) ? value : value << 64 - width >> 64 - width;
        return extended >= Byte.MIN_VALUE && extended <= Byte.MAX_VALUE;
    }

    boolean fitsSigned32(Operand.Imm imm, boolean onlyFixed) {
        boolean fixed = symbols.isFixed(imm.value());
        if (imm.size() == 64 && onlyFixed || imm.size() != 0 && imm.size() < 32 || onlyFixed && !fixed) {
            return false;
        }
        return !fixed || symbols.evaluate(imm.value()) == (int) symbols.evaluate(imm.value());
    }

    /** Whether the value fits the width read as signed or as unsigned. */
    static boolean inRange(long value, int width) {
        return width == 64 || value >= -(1L << width - 1) && value < 1L << width;
    }
}
