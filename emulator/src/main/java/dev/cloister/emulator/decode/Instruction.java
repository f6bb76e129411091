package dev.cloister.emulator.decode;

/**
 * A decoded instruction: a reusable, mutable object that {@link Decoder} fills. It is meaningful after {@link
 * DecodeResult#OK} only, until the next decode. One thread at a time.
 */
public final class Instruction {
    /** The longest instruction. */
    public static final int MAX_LENGTH = 15;
    /** More operands than any instruction has. */
    public static final int MAX_OPERANDS = 5;
    /** Base or index that is absent. */
    public static final int NO_REGISTER = -1;
    /** Base register number that stands for RIP. */
    public static final int RIP_BASE = 16;

    public final byte[] bytes = new byte[MAX_LENGTH];
    public int length;
    public long address;
    public int bits;
    public Form form = Form.NONE;
    public int opcode;
    public int operandSize;
    public int addressSize;
    public boolean lock;
    public boolean repeat;
    public boolean repeatNot;
    public boolean operandPrefix;
    public boolean addressPrefix;
    /** Explicit segment override, or -1. */
    public int segmentPrefix;

    /** ES, CS, SS or DS override that 64-bit mode ignores, for the text only; or -1. */
    public int ignoredSegment;

    public int rex;
    public int modrm;
    public boolean hasModrm;
    public int vectorLength;
    public int vvvv;
    public boolean vex;
    public boolean evex;
    public int pp;
    public boolean wide;

    public int base;
    public int index;
    public int scale;
    public boolean hasSib;
    public int displacementSize;
    public long displacement;
    public long immediate;
    public long immediate2;
    public int operandCount;
    public final OperandKind[] kinds = new OperandKind[MAX_OPERANDS];
    public final int[] registers = new int[MAX_OPERANDS];
    public final int[] sizes = new int[MAX_OPERANDS];

    /** Makes an empty instruction. */
    public Instruction() {
        clear();
    }

    public void clear() {
        length = 0;
        form = Form.NONE;
        lock = false;
        repeat = false;
        repeatNot = false;
        operandPrefix = false;
        addressPrefix = false;
        segmentPrefix = -1;
        ignoredSegment = -1;
        rex = 0;
        modrm = 0;
        hasModrm = false;
        vectorLength = 0;
        vvvv = 0;
        vex = false;
        evex = false;
        pp = 0;
        wide = false;
        base = NO_REGISTER;
        index = NO_REGISTER;
        scale = 0;
        hasSib = false;
        displacementSize = 0;
        displacement = 0;
        immediate = 0;
        immediate2 = 0;
        operandCount = 0;
    }

    /**
     * Bytes that the instruction occupies.
     *
     * @return 1 to 15
     */
    public int length() {
        return length;
    }

    /**
     * One byte of the encoding.
     *
     * @param index 0 to length - 1
     * @return 0 to 255
     */
    public int byteAt(int index) {
        return bytes[index] & 0xFF;
    }

    /**
     * The offset in CS that the instruction was decoded for.
     *
     * @return RIP of its first byte
     */
    public long address() {
        return address;
    }

    /**
     * The mnemonic without prefixes.
     *
     * @return lower case, empty before the first decode
     */
    public String mnemonic() {
        return form.mnemonic;
    }

    /**
     * How many explicit operands there are.
     *
     * @return 0 to 5
     */
    public int operandCount() {
        return operandCount;
    }

    /**
     * What an operand names.
     *
     * @param index 0 to operandCount - 1
     * @return its kind
     */
    public OperandKind operandKind(int index) {
        return kinds[index];
    }

    /**
     * The register number of an operand.
     *
     * @param index 0 to operandCount - 1
     * @return meaningful for register kinds only
     */
    public int operandRegister(int index) {
        return registers[index];
    }

    /**
     * The size of an operand.
     *
     * @param index 0 to operandCount - 1
     * @return bytes; 0 where the size has no meaning (LEA, INVLPG)
     */
    public int operandSize(int index) {
        return sizes[index];
    }

    /**
     * The immediate operand.
     *
     * @return sign-extended as the instruction uses it
     */
    public long immediate() {
        return immediate;
    }

    /**
     * The displacement of the memory operand.
     *
     * @return sign-extended
     */
    public long displacement() {
        return displacement;
    }

    public boolean rexW() {
        return (rex & 8) != 0;
    }

    public int modrmReg() {
        return modrm >> 3 & 7;
    }

    public boolean isRegisterForm() {
        return modrm >= 0xC0;
    }

    /** Adds an operand; called by the decoder in order. */
    public void add(OperandKind kind, int register, int size) {
        kinds[operandCount] = kind;
        registers[operandCount] = register;
        sizes[operandCount] = size;
        operandCount++;
    }
}
