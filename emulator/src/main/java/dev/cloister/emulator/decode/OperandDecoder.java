package dev.cloister.emulator.decode;

import dev.cloister.emulator.cpu.CpuState;

/** Turns the operand specifications of a form into the operands of an instruction. */
public final class OperandDecoder {
    private final Decoder decoder;

    public OperandDecoder(Decoder decoder) {
        this.decoder = decoder;
    }

    /** Adds one operand; false where the encoding names none (a register where memory must be). */
    public boolean fill(Instruction i, OperandSpec spec) {
        int size = spec.width().bytes(i);
        return switch (spec.place().group) {
            case GENERAL -> general(i, spec, size);
            case VECTOR -> vector(i, spec, size);
            case MMX -> mmx(i, spec, size);
            case MEMORY -> memoryOnly(i, size);
            case INLINE -> inline(i, spec, size);
            case SPECIAL -> special(i, spec, size);
        };
    }

    private boolean general(Instruction i, OperandSpec spec, int size) {
        int low = i.modrm & 7 | (i.rex & 1) << 3;
        switch (spec.place()) {
            case E -> {
                if (!i.isRegisterForm()) {
                    i.add(OperandKind.MEMORY, 0, size);
                    return true;
                }
                byteAware(i, low, size);
            }
            case R -> {
                if (!i.isRegisterForm()) {
                    return false;
                }
                byteAware(i, low, size);
            }
            case G -> byteAware(i, i.modrmReg() | (i.rex & 4) << 1, size);
            case B -> byteAware(i, i.vvvv, size);
            case Z -> byteAware(i, i.opcode & 7 | (i.rex & 1) << 3, size);
            default -> i.add(OperandKind.GENERAL, spec.register(), size);
        }
        return true;
    }

    private static void byteAware(Instruction i, int register, int size) {
        if (size == 1 && i.rex == 0 && register >= 4) {
            i.add(OperandKind.GENERAL_HIGH, register - 4, 1);
        } else {
            i.add(OperandKind.GENERAL, register, size);
        }
    }

    private boolean vector(Instruction i, OperandSpec spec, int size) {
        OperandKind kind = isWide(spec.width()) && size == 32 ? OperandKind.YMM : OperandKind.XMM;
        int low = i.modrm & 7 | (i.rex & 1) << 3;
        switch (spec.place()) {
            case V -> i.add(kind, i.modrmReg() | (i.rex & 4) << 1, size);
            case H -> i.add(kind, i.vvvv, size);
            case L -> i.add(kind, decoder.next() >> 4 & (i.bits == 64 ? 15 : 7), size);
            case U -> {
                i.add(kind, low, size);
                return i.isRegisterForm();
            }
            case W -> {
                if (i.isRegisterForm()) {
                    i.add(kind, low, size);
                } else {
                    i.add(OperandKind.MEMORY, 0, size);
                }
            }
            default -> i.add(kind, spec.register(), size);
        }
        return true;
    }

    private static boolean isWide(OperandWidth width) {
        return width == OperandWidth.X || width == OperandWidth.QQ;
    }

    private static boolean mmx(Instruction i, OperandSpec spec, int size) {
        if (spec.place() == OperandPlace.P) {
            i.add(OperandKind.MMX, i.modrmReg(), size);
        } else if (i.isRegisterForm()) {
            i.add(OperandKind.MMX, i.modrm & 7, size);
        } else {
            i.add(OperandKind.MEMORY, 0, size);
            return spec.place() == OperandPlace.Q;
        }
        return true;
    }

    private static boolean memoryOnly(Instruction i, int size) {
        i.add(OperandKind.MEMORY, 0, size);
        return !i.isRegisterForm();
    }

    private boolean inline(Instruction i, OperandSpec spec, int size) {
        switch (spec.place()) {
            case I -> immediate(i, decoder.signed(size), spec.width() == OperandWidth.Z ? i.operandSize : size);
            case SI -> immediate(i, decoder.signed(1), i.operandSize);
            case UI -> immediate(i, decoder.unsigned(1), 1);
            case J -> {
                i.immediate = decoder.signed(size);
                i.add(OperandKind.RELATIVE, 0, i.operandSize);
            }
            case A -> {
                i.immediate = decoder.unsigned(i.operandSize);
                i.immediate2 = decoder.unsigned(2);
                i.add(OperandKind.FAR_POINTER, 0, size);
            }
            default -> {
                i.displacement = decoder.unsigned(i.addressSize);
                i.displacementSize = i.addressSize;
                i.add(OperandKind.MEMORY_OFFSET, 0, size);
            }
        }
        return true;
    }

    /** The second immediate of ENTER goes to its own field; register 1 says so. */
    private static void immediate(Instruction i, long value, int size) {
        boolean second = i.operandCount > 0 && i.kinds[i.operandCount - 1] == OperandKind.IMMEDIATE;
        if (second) {
            i.immediate2 = value;
        } else {
            i.immediate = value;
        }
        i.add(OperandKind.IMMEDIATE, second ? 1 : 0, size);
    }

    private static boolean special(Instruction i, OperandSpec spec, int size) {
        int reg = i.modrmReg() | (i.rex & 4) << 1;
        switch (spec.place()) {
            case C -> i.add(OperandKind.CONTROL, reg, size);
            case D -> i.add(OperandKind.DEBUG, reg, size);
            case S -> i.add(OperandKind.SEGMENT, i.modrmReg(), 2);
            case X -> i.add(OperandKind.STRING_SOURCE, 0, size);
            case Y -> i.add(OperandKind.STRING_DESTINATION, 0, size);
            case ST -> i.add(OperandKind.X87, i.modrm & 7, 10);
            case FIXED_X87 -> i.add(OperandKind.X87, 0, 10);
            default -> rare(i, spec, size);
        }
        return spec.place() != OperandPlace.S || i.modrmReg() < 6;
    }

    private static void rare(Instruction i, OperandSpec spec, int size) {
        switch (spec.place()) {
            case K -> i.add(OperandKind.MASK, i.modrmReg(), 8);
            case KH -> i.add(OperandKind.MASK, i.vvvv & 7, 8);
            case KR -> i.add(OperandKind.MASK, i.modrm & 7, 8);
            case XL -> {
                i.base = CpuState.RBX;
                i.add(OperandKind.MEMORY, 0, 1);
            }
            case FIXED_SEGMENT -> i.add(OperandKind.SEGMENT, spec.register(), i.operandSize);
            default -> i.add(OperandKind.ONE, 0, size);
        }
    }
}
