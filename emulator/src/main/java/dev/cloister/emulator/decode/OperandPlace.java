package dev.cloister.emulator.decode;

/** Where an encoding keeps an operand: the upper-case letters of the SDM's opcode maps (vol. 2, A.2.1). */
public enum OperandPlace {
    /** Far pointer immediate. */
    A(false, Group.INLINE),
    /** General register in VEX.vvvv. */
    B(false, Group.GENERAL),
    /** Control register in ModRM.reg. */
    C(true, Group.SPECIAL),
    /** Debug register in ModRM.reg. */
    D(true, Group.SPECIAL),
    /** General register or memory by ModRM.rm. */
    E(true, Group.GENERAL),
    /** General register in ModRM.reg. */
    G(true, Group.GENERAL),
    /** Vector register in VEX.vvvv. */
    H(false, Group.VECTOR),
    /** Immediate, sign-extended to its own width. */
    I(false, Group.INLINE),
    /** Immediate byte, sign-extended to the operand size. */
    SI(false, Group.INLINE),
    /** Immediate, zero-extended. */
    UI(false, Group.INLINE),
    /** Relative target. */
    J(false, Group.INLINE),
    /** Mask register in ModRM.reg. */
    K(true, Group.SPECIAL),
    /** Mask register in VEX.vvvv. */
    KH(false, Group.SPECIAL),
    /** Mask register in ModRM.rm. */
    KR(true, Group.SPECIAL),
    /** Vector register in the top of an immediate byte. */
    L(false, Group.VECTOR),
    /** Memory only. */
    M(true, Group.MEMORY),
    /** MMX register in ModRM.rm. */
    N(true, Group.MMX),
    /** Offset in the instruction. */
    O(false, Group.INLINE),
    /** MMX register in ModRM.reg. */
    P(true, Group.MMX),
    /** MMX register or memory by ModRM.rm. */
    Q(true, Group.MMX),
    /** General register in ModRM.rm. */
    R(true, Group.GENERAL),
    /** Segment register in ModRM.reg. */
    S(true, Group.SPECIAL),
    /** Vector register in ModRM.rm. */
    U(true, Group.VECTOR),
    /** Vector register in ModRM.reg. */
    V(true, Group.VECTOR),
    /** Vector register or memory by ModRM.rm. */
    W(true, Group.VECTOR),
    /** String source. */
    X(false, Group.SPECIAL),
    /** The byte table of XLAT. */
    XL(false, Group.SPECIAL),
    /** String destination. */
    Y(false, Group.SPECIAL),
    /** General register in the opcode's low bits. */
    Z(false, Group.GENERAL),
    /** x87 register in ModRM.rm. */
    ST(true, Group.SPECIAL),
    /** A general register that the opcode implies. */
    FIXED_GENERAL(false, Group.GENERAL),
    /** A segment register that the opcode implies. */
    FIXED_SEGMENT(false, Group.SPECIAL),
    /** XMM0. */
    FIXED_XMM(false, Group.VECTOR),
    /** The top of the x87 stack. */
    FIXED_X87(false, Group.SPECIAL),
    /** The constant 1. */
    FIXED_ONE(false, Group.SPECIAL);

    public final boolean modrm;

    /** Which method of {@link OperandDecoder} fills it. */
    public final Group group;

    OperandPlace(boolean modrm, Group group) {
        this.modrm = modrm;
        this.group = group;
    }

    /** Places that are filled alike. */
    public enum Group {
        GENERAL,
        VECTOR,
        MMX,
        MEMORY,
        INLINE,
        SPECIAL
    }
}
