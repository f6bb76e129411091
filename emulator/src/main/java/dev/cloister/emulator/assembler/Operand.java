package dev.cloister.emulator.assembler;

/** One operand of an instruction as written. */
sealed interface Operand {
    /** Column from 1. */
    int column();

    /** How far a jump may reach, as written. */
    enum Reach {
        ANY,
        SHORT,
        NEAR
    }

    /** A register. */
    record Reg(Register register, int column) implements Operand {}

    /** A number or an address; {@code size} is 0 or the bits of a size word before it. */
    record Imm(Expr value, int size, Reach reach, int column) implements Operand {}

    /** {@code segment:offset}. */
    record Far(Expr segment, Expr offset, int size, int column) implements Operand {}

    /**
     * A memory reference.
     *
     * @param base base register or null
     * @param index index register or null
     * @param scale 1, 2, 4 or 8
     * @param displacement constant part
     * @param segment override or null
     * @param size bits of the size word, 0 where there is none
     * @param far true after {@code far}
     * @param relative true for RIP-relative addressing
     * @param column column from 1
     */
    record Mem(
            Register base,
            Register index,
            int scale,
            Expr displacement,
            Register segment,
            int size,
            boolean far,
            boolean relative,
            int column)
            implements Operand {
        /** Bits of the registers in it, 0 where there are none. */
        int addressBits() {
            if (base != null) {
                return base.bits();
            }
            return index == null ? 0 : index.bits();
        }
    }

    /** How messages show an operand's shape. */
    static String shape(Operand operand) {
        return switch (operand) {
            case Reg reg -> reg.register().name();
            case Imm _ -> "immediate";
            case Far _ -> "segment:offset";
            case Mem mem -> mem.size() == 0 ? "memory of unknown size" : mem.size() + "-bit memory";
        };
    }
}
