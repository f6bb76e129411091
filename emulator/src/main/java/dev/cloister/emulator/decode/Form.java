package dev.cloister.emulator.decode;

/** One row of the form tables: which encodings it covers, its mnemonic and its operands. Immutable. */
public final class Form {
    /** What an instruction has before its first decode, or after a failed one. */
    public static final Form NONE = new Form(0, "", 0, 0, new OperandSpec[0], 0);
    /** Every EVEX encoding: only the length is decoded. */
    public static final Form EVEX = new Form(1, "(evex)", 0, 0, new OperandSpec[0], 0);

    /** Flag: a LOCK prefix is allowed with a memory destination. */
    public static final int LOCK = 1;
    /** Flag: the operand size defaults to 64 in 64-bit mode. */
    public static final int DEFAULT_64 = 2;
    /** Flag: the operand size is always 64 in 64-bit mode. */
    public static final int FORCE_64 = 4;
    /** Flag: ModRM is present although no operand needs it. */
    public static final int MODRM = 8;
    /** Flag: the index register is a vector register. */
    public static final int VSIB = 16;
    /** Flag: VEX.vvvv names an operand. */
    public static final int USES_VVVV = 32;
    /** Flag: the encoding has a VEX prefix. */
    public static final int VEX = 64;

    /** Flag: an operand may be an MMX register. */
    public static final int MMX = 128;
    /** Flag: an operand is an XMM or YMM register. */
    public static final int VECTOR = 256;
    /** Flag: a memory operand of 16 bytes or more must be aligned (all but the unaligned moves, and few with VEX). */
    public static final int ALIGNED = 512;
    /** Flag: the opposite of the rule for {@link #ALIGNED}. */
    static final int ALIGNMENT_EXCEPTION = 1024;

    public static final int KEY_REGISTER = 1;
    public static final int KEY_REG = 1;
    public static final int KEY_RM = 4;
    public static final int KEY_PP = 7;
    public static final int KEY_W = 9;
    public static final int KEY_L = 10;
    public static final int KEY_LONG = 11;
    public static final int KEY_SIZE = 12;

    public final int id;
    public final String mnemonic;
    public final int keyMask;
    public final int keyValue;
    public final OperandSpec[] operands;
    public final int flags;

    public Form(int id, String mnemonic, int keyMask, int keyValue, OperandSpec[] operands, int flags) {
        this.id = id;
        this.mnemonic = mnemonic;
        this.keyMask = keyMask;
        this.keyValue = keyValue;
        this.operands = operands;
        this.flags = flags;
    }

    public boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /** Whether an encoding with this key belongs to this form; the key's fields are described by the KEY constants. */
    public boolean matches(int key) {
        return (key & keyMask) == keyValue;
    }

    public boolean needsModrm() {
        int modrmKeys = KEY_REGISTER | 7 << KEY_REG | 7 << KEY_RM;
        if (has(MODRM) || (keyMask & modrmKeys) != 0) {
            return true;
        }
        for (OperandSpec operand : operands) {
            if (operand.place().modrm) {
                return true;
            }
        }
        return false;
    }
}
