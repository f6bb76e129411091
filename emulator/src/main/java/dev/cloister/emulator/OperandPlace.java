package dev.cloister.emulator;

/** Where an encoding keeps an operand: the upper-case letters of the SDM's opcode maps (vol. 2, A.2.1). */
enum OperandPlace {
    /** Far pointer immediate. */
    A(false),
    /** General register in VEX.vvvv. */
    B(false),
    /** Control register in ModRM.reg. */
    C(true),
    /** Debug register in ModRM.reg. */
    D(true),
    /** General register or memory by ModRM.rm. */
    E(true),
    /** General register in ModRM.reg. */
    G(true),
    /** Vector register in VEX.vvvv. */
    H(false),
    /** Immediate, sign-extended to its own width. */
    I(false),
    /** Immediate byte, sign-extended to the operand size. */
    SI(false),
    /** Immediate, zero-extended. */
    UI(false),
    /** Relative target. */
    J(false),
    /** Mask register in ModRM.reg. */
    K(true),
    /** Mask register in VEX.vvvv. */
    KH(false),
    /** Mask register in ModRM.rm. */
    KR(true),
    /** Vector register in the top of an immediate byte. */
    L(false),
    /** Memory only. */
    M(true),
    /** MMX register in ModRM.rm. */
    N(true),
    /** Offset in the instruction. */
    O(false),
    /** MMX register in ModRM.reg. */
    P(true),
    /** MMX register or memory by ModRM.rm. */
    Q(true),
    /** General register in ModRM.rm. */
    R(true),
    /** Segment register in ModRM.reg. */
    S(true),
    /** Vector register in ModRM.rm. */
    U(true),
    /** Vector register in ModRM.reg. */
    V(true),
    /** Vector register or memory by ModRM.rm. */
    W(true),
    /** String source. */
    X(false),
    /** The byte table of XLAT. */
    XL(false),
    /** String destination. */
    Y(false),
    /** General register in the opcode's low bits. */
    Z(false),
    /** x87 register in ModRM.rm. */
    ST(true),
    /** A general register that the opcode implies. */
    FIXED_GENERAL(false),
    /** A segment register that the opcode implies. */
    FIXED_SEGMENT(false),
    /** XMM0. */
    FIXED_XMM(false),
    /** The top of the x87 stack. */
    FIXED_X87(false),
    /** The constant 1. */
    FIXED_ONE(false);

    final boolean modrm;

    OperandPlace(boolean modrm) {
        this.modrm = modrm;
    }
}
