package dev.cloister.emulator.decode;

/** What an operand of an {@link Instruction} names. */
public enum OperandKind {
    /** No operand. */
    NONE,
    /** A general register, low part of the operand's size. */
    GENERAL,
    /** AH, CH, DH or BH (register 0 to 3). */
    GENERAL_HIGH,
    /** Memory by base, index, scale and displacement. */
    MEMORY,
    /** Memory at a full-width offset in the instruction. */
    MEMORY_OFFSET,
    /** Memory at DS:rSI of a string instruction. */
    STRING_SOURCE,
    /** Memory at ES:rDI of a string instruction. */
    STRING_DESTINATION,
    /** An immediate, already extended to the operand's size. */
    IMMEDIATE,
    /** A branch target relative to the next instruction. */
    RELATIVE,
    /** A selector and offset in the instruction. */
    FAR_POINTER,
    /** A segment register. */
    SEGMENT,
    /** A control register. */
    CONTROL,
    /** A debug register. */
    DEBUG,
    /** An x87 register by place in the stack. */
    X87,
    /** An MMX register. */
    MMX,
    /** An XMM register. */
    XMM,
    /** A YMM register. */
    YMM,
    /** An AVX-512 mask register. */
    MASK,
    /** The constant one of the short shift forms. */
    ONE
}
