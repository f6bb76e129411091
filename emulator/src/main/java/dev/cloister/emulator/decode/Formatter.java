package dev.cloister.emulator.decode;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.execute.Execution;

/** Writes instructions in Intel syntax, in the manner of GNU objdump's. Stateless and thread-safe. */
public final class Formatter {
    private static final String[] FLOAT_COMPARISONS = {"eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord"};

    private Formatter() {}

    /**
     * The text of an instruction.
     *
     * @param instruction decoded with {@link DecodeResult#OK}
     * @return for example {@code mov rax,QWORD PTR [rbx+0x8]}
     */
    public static String format(Instruction instruction) {
        StringBuilder out = new StringBuilder(48);
        prefixes(out, instruction);
        int hidden = mnemonic(out, instruction);
        for (int n = 0; n < instruction.operandCount - hidden; n++) {
            out.append(n == 0 ? ' ' : ',');
            operand(out, instruction, n);
        }
        return out.toString();
    }

    /**
     * The encoding as hexadecimal digits.
     *
     * @param instruction decoded
     * @return for example {@code 48 8b 43 08}
     */
    public static String bytes(Instruction instruction) {
        StringBuilder text = new StringBuilder(3 * Instruction.MAX_LENGTH);
        for (int i = 0; i < instruction.length(); i++) {
            text.append(i == 0 ? "" : " ");
            text.append(Character.forDigit(instruction.byteAt(i) >> 4, 16));
            text.append(Character.forDigit(instruction.byteAt(i) & 15, 16));
        }
        return text.toString();
    }

    private static void prefixes(StringBuilder out, Instruction i) {
        if (i.ignoredSegment >= 0 && i.segmentPrefix < 0) {
            out.append(RegisterNames.segment(i.ignoredSegment)).append(' ');
        }
        if (i.lock) {
            out.append("lock ");
        }
        if (i.pp >= 2 && !i.vex && (i.form.keyMask & 3 << Form.KEY_PP) == 0) {
            out.append(repeatName(i)).append(' ');
        }
    }

    private static String repeatName(Instruction i) {
        String name = i.form.mnemonic;
        boolean compares = name.equals("cmps") || name.equals("scas");
        if (i.pp == 3) {
            return isBranch(i) ? "bnd" : i.lock ? "xacquire" : "repnz";
        }
        if (compares) {
            return "repz";
        }
        return i.lock ? "xrelease" : isString(i) ? "rep" : "repz";
    }

    private static boolean isBranch(Instruction i) {
        return i.form.has(Form.FORCE_64) && !i.form.mnemonic.startsWith("loop");
    }

    private static boolean isString(Instruction i) {
        for (int n = 0; n < i.operandCount; n++) {
            if (i.kinds[n] == OperandKind.STRING_SOURCE || i.kinds[n] == OperandKind.STRING_DESTINATION) {
                return true;
            }
        }
        return false;
    }

    /** Appends the mnemonic; returns how many trailing operands it has swallowed (a comparison's predicate). */
    private static int mnemonic(StringBuilder out, Instruction i) {
        String name = i.form.mnemonic;
        if (i.opcode == 0xC2 && name.contains("cmp") && i.immediate < 8) {
            int at = name.indexOf("cmp") + 3;
            out.append(name, 0, at).append(FLOAT_COMPARISONS[(int) i.immediate]).append(name, at, name.length());
            return 1;
        }
        if (name.equals("xchg") && i.length == 1 && i.opcode == 0x90) {
            out.append("nop");
            return 2;
        }
        out.append(name.equals("jrcxz") ? counterJump(i) : name);
        return 0;
    }

    private static String counterJump(Instruction i) {
        return switch (i.addressSize) {
            case 2 -> "jcxz";
            case 4 -> "jecxz";
            default -> "jrcxz";
        };
    }

    private static void operand(StringBuilder out, Instruction i, int n) {
        int register = i.registers[n];
        switch (i.kinds[n]) {
            case GENERAL -> out.append(RegisterNames.general(register, i.sizes[n]));
            case GENERAL_HIGH -> out.append(RegisterNames.high(register));
            case MEMORY, MEMORY_OFFSET, STRING_SOURCE, STRING_DESTINATION -> memory(out, i, n);
            case IMMEDIATE -> hex(out, (register == 0 ? i.immediate : i.immediate2) & Execution.mask(i.sizes[n]));
            case RELATIVE -> hex(out, i.address + i.length + i.immediate & Execution.mask(i.operandSize));
            default -> special(out, i, n);
        }
    }

    private static void special(StringBuilder out, Instruction i, int n) {
        int register = i.registers[n];
        switch (i.kinds[n]) {
            case FAR_POINTER -> farPointer(out, i);
            case X87 -> x87(out, i, n);
            case SEGMENT -> out.append(RegisterNames.segment(register));
            case CONTROL -> out.append("cr").append(register);
            case DEBUG -> out.append("dr").append(register);
            case MMX -> out.append("mm").append(register);
            case XMM -> out.append("xmm").append(register);
            case YMM -> out.append("ymm").append(register);
            case MASK -> out.append('k').append(register);
            default -> out.append('1');
        }
    }

    private static void farPointer(StringBuilder out, Instruction i) {
        hex(out, i.immediate2);
        out.append(':');
        hex(out, i.immediate);
    }

    private static void x87(StringBuilder out, Instruction i, int n) {
        boolean implied = i.form.operands[n].place() == OperandPlace.FIXED_X87;
        out.append(implied ? "st" : "st(" + i.registers[n] + ")");
    }

    private static void hex(StringBuilder out, long value) {
        out.append("0x").append(Long.toHexString(value));
    }

    private static String sizeName(int size) {
        return switch (size) {
            case 1 -> "BYTE PTR ";
            case 2 -> "WORD PTR ";
            case 4 -> "DWORD PTR ";
            case 6 -> "FWORD PTR ";
            case 8 -> "QWORD PTR ";
            case 10 -> "TBYTE PTR ";
            case 16 -> "XMMWORD PTR ";
            case 32 -> "YMMWORD PTR ";
            default -> "";
        };
    }

    private static void memory(StringBuilder out, Instruction i, int n) {
        boolean tableRegister = i.opcode == 1 && i.sizes[n] == (i.bits == 64 ? 10 : 6);
        out.append(tableRegister ? "" : sizeName(i.sizes[n]));
        switch (i.kinds[n]) {
            case STRING_SOURCE -> {
                out.append(RegisterNames.segment(i.segmentPrefix >= 0 ? i.segmentPrefix : CpuState.DS));
                string(out, i, CpuState.RSI);
            }
            case STRING_DESTINATION -> {
                out.append("es");
                string(out, i, CpuState.RDI);
            }
            case MEMORY_OFFSET -> {
                out.setLength(out.length() - sizeName(i.sizes[n]).length());
                out.append(RegisterNames.segment(i.segmentPrefix >= 0 ? i.segmentPrefix : CpuState.DS))
                        .append(':');
                hex(out, i.displacement);
            }
            default -> address(out, i);
        }
    }

    private static void string(StringBuilder out, Instruction i, int register) {
        out.append(":[").append(RegisterNames.general(register, i.addressSize)).append(']');
    }

    private static boolean hasIndex(Instruction i) {
        return i.index >= 0 && (i.index != 4 || i.addressSize == 2 || i.form.has(Form.VSIB));
    }

    private static void address(StringBuilder out, Instruction i) {
        boolean index = hasIndex(i);
        boolean pseudo = hasPseudoIndex(i, index);
        boolean absolute = i.base < 0 && !index && !pseudo;
        if (i.segmentPrefix >= 0) {
            out.append(RegisterNames.segment(i.segmentPrefix)).append(':');
        } else if (absolute) {
            out.append("ds:");
        }
        if (absolute) {
            hex(out, i.displacement & Execution.mask(i.addressSize));
            return;
        }
        out.append('[');
        if (i.base >= 0) {
            out.append(RegisterNames.general(i.base, i.addressSize));
        }
        if (index || pseudo) {
            out.append(i.base >= 0 ? "+" : "").append(indexName(i, index));
            if (i.addressSize != 2) {
                out.append('*').append(1 << i.scale);
            }
        }
        displacement(out, i);
        out.append(']');
    }

    /** objdump shows a SIB byte that names no index, but wasn't needed for the base, as index riz. */
    private static boolean hasPseudoIndex(Instruction i, boolean index) {
        if (!i.hasSib || index) {
            return false;
        }
        boolean needed = i.base >= 0 ? (i.base & 7) == 4 : i.bits == 16 || i.bits == 64 && i.addressSize == 8;
        return !needed || i.scale != 0;
    }

    private static String indexName(Instruction i, boolean real) {
        if (!real) {
            return i.addressSize == 8 ? "riz" : "eiz";
        }
        if (i.form.has(Form.VSIB)) {
            return (i.vectorLength == 0 ? "xmm" : "ymm") + i.index;
        }
        return RegisterNames.general(i.index, i.addressSize);
    }

    private static void displacement(StringBuilder out, Instruction i) {
        if (i.displacementSize == 0) {
            return;
        }
        if (i.base < 0 && !hasIndex(i) && i.bits == 64 && i.addressSize == 4) {
            out.append('+');
            hex(out, i.displacement & 0xFFFFFFFFL);
            return;
        }
        out.append(i.displacement < 0 ? '-' : '+');
        hex(out, Math.abs(i.displacement));
    }
}
