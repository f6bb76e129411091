package dev.cloister.emulator;

/** One row of the form tables: which encodings it covers, its mnemonic and its operands. Immutable. */
final class Form {
    /** What an instruction has before its first decode, or after a failed one. */
    static final Form NONE = new Form(0, "", 0, 0, new OperandSpec[0], 0);
    /** Every EVEX encoding: only the length is decoded. */
    static final Form EVEX = new Form(1, "(evex)", 0, 0, new OperandSpec[0], 0);

    /** Flag: a LOCK prefix is allowed with a memory destination. */
    static final int LOCK = 1;
    /** Flag: the operand size defaults to 64 in 64-bit mode. */
    static final int DEFAULT_64 = 2;
    /** Flag: the operand size is always 64 in 64-bit mode. */
    static final int FORCE_64 = 4;
    /** Flag: ModRM is present although no operand needs it. */
    static final int MODRM = 8;
    /** Flag: the index register is a vector register. */
    static final int VSIB = 16;
    /** Flag: VEX.vvvv names an operand. */
    static final int USES_VVVV = 32;

    static final int KEY_REGISTER = 1;
    static final int KEY_REG = 1;
    static final int KEY_RM = 4;
    static final int KEY_PP = 7;
    static final int KEY_W = 9;
    static final int KEY_L = 10;
    static final int KEY_LONG = 11;
    static final int KEY_SIZE = 12;

    final int id;
    final String mnemonic;
    final int keyMask;
    final int keyValue;
    final OperandSpec[] operands;
    final int flags;

    Form(int id, String mnemonic, int keyMask, int keyValue, OperandSpec[] operands, int flags) {
        this.id = id;
        this.mnemonic = mnemonic;
        this.keyMask = keyMask;
        this.keyValue = keyValue;
        this.operands = operands;
        this.flags = flags;
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /** Whether an encoding with this key belongs to this form; the key's fields are described by the KEY constants. */
    boolean matches(int key) {
        return (key & keyMask) == keyValue;
    }

    boolean needsModrm() {
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
