package dev.cloister.emulator.assembler;

import java.util.List;

/** ModRM, SIB and displacement of one instruction (SDM vol. 2A, 2.1.3 to 2.1.5). */
final class ModRm {
    private final Form form;
    private final Symbols symbols;
    private final int bits;
    private final Register reg;
    private final Register rmRegister;
    private final Operand.Mem memory;
    private int relativeAt = -1;

    ModRm(Form form, List<Operand> operands, Symbols symbols, int bits) {
        this.form = form;
        this.symbols = symbols;
        this.bits = bits;
        this.reg = registerIn(form, operands, Pattern.Role.REG);
        this.rmRegister = registerIn(form, operands, Pattern.Role.RM);
        this.memory = memoryIn(operands);
        checkAddressing();
    }

    private void checkAddressing() {
        if (memory == null) {
            return;
        }
        if (memory.relative() && bits != 64) {
            throw new LineError(memory.column(), "RIP-relative addressing exists in 'bits 64' only");
        }
        if (memory.addressBits() == 16 && bits == 64) {
            throw new LineError(memory.column(), "16-bit addresses don't exist in 'bits 64'");
        }
    }

    private static Register registerIn(Form form, List<Operand> operands, Pattern.Role role) {
        for (int i = 0; i < operands.size(); i++) {
            if (form.patterns().get(i).role() == role && operands.get(i) instanceof Operand.Reg operand) {
                return operand.register();
            }
        }
        return null;
    }

    private static Operand.Mem memoryIn(List<Operand> operands) {
        for (Operand operand : operands) {
            if (operand instanceof Operand.Mem mem) {
                return mem;
            }
        }
        return null;
    }

    Register segment() {
        return memory == null ? null : memory.segment();
    }

    int addressBits() {
        return memory == null ? 0 : memory.addressBits();
    }

    /** REX.R, REX.X and REX.B. */
    int rexBits() {
        int b = rmRegister != null ? number(rmRegister) : memory == null ? 0 : number(memory.base());
        int x = memory == null ? 0 : number(memory.index());
        return number(reg) >> 3 << 2 | x >> 3 << 1 | b >> 3;
    }

    private static int number(Register register) {
        return register == null ? 0 : register.number();
    }

    void write(CodeBuffer code) {
        if (form.modRm() == Form.NONE) {
            return;
        }
        int field = (form.modRm() == Form.REGISTER ? number(reg) & 7 : form.modRm()) << 3;
        if (rmRegister != null) {
            code.add(0xC0 | field | rmRegister.number() & 7);
        } else if (memory.relative()) {
            code.add(field | 5);
            relativeAt = code.length();
            code.add(0, 4);
        } else if (memory.base() == null && memory.index() == null) {
            absolute(code, field);
        } else if (memory.addressBits() == 16) {
            sixteen(code, field);
        } else {
            general(code, field);
        }
    }

    /** Once the length is known: the displacement counts from the next instruction. */
    void patchRelative(CodeBuffer code) {
        if (relativeAt < 0) {
            return;
        }
        long target = symbols.evaluate(memory.displacement());
        long distance = target - (symbols.here() + code.length());
        if (distance != (int) distance && !symbols.sawUnknown()) {
            throw new LineError(memory.column(), "the address is more than 2 GiB away");
        }
        code.patch32(relativeAt, (int) distance);
    }

    private void absolute(CodeBuffer code, int field) {
        if (bits == 16) {
            code.add(field | 6);
            code.add(displacement(16), 2);
            return;
        }
        if (bits == 64) {
            code.add(field | 4); // without SIB this ModRM would mean RIP-relative
            code.add(0x25);
        } else {
            code.add(field | 5);
        }
        code.add(displacement(32), 4);
    }

    private void sixteen(CodeBuffer code, int field) {
        int rm = sixteenBitRm();
        int mod = mode(rm == 6, 16);
        code.add(mod << 6 | field | rm);
        code.add(displacement(16), mod);
    }

    /** Displacement mode: 0 none, 1 a byte, 2 full. */
    private int mode(boolean needsOne, int width) {
        if (!symbols.isFixed(memory.displacement())) {
            return 2;
        }
        long value = displacement(width);
        long extended = width == 16 ? (short) value : (int) value;
        if (extended == 0 && !needsOne) {
            return 0;
        }
        return extended == (byte) extended ? 1 : 2;
    }

    private int sixteenBitRm() {
        String names = name(memory.base()) + (memory.index() == null ? "" : "+" + name(memory.index()));
        int rm = List.of("bx+si", "bx+di", "bp+si", "bp+di", "si", "di", "bp", "bx")
                .indexOf(names);
        if (rm < 0 || memory.scale() != 1) {
            throw new LineError(
                    memory.column(),
                    "a 16-bit address is bx or bp + si or di + displacement, or one of the four alone");
        }
        return rm;
    }

    private static String name(Register register) {
        return register == null ? "" : register.name();
    }

    private void general(CodeBuffer code, int field) {
        int width = 32;
        Register base = memory.base();
        Register index = memory.index();
        if (base == null) {
            code.add(field | 4);
            code.add(scaleBits() | (index.number() & 7) << 3 | 5);
            code.add(displacement(width), 4);
            return;
        }
        int low = base.number() & 7;
        int mod = mode(low == 5, width);
        if (index == null && low != 4) {
            code.add(mod << 6 | field | low);
        } else {
            int indexBits = index == null ? 4 << 3 : (index.number() & 7) << 3;
            code.add(mod << 6 | field | 4);
            code.add(scaleBits() | indexBits | low);
        }
        code.add(displacement(width), mod == 2 ? 4 : mod);
    }

    private int scaleBits() {
        return Integer.numberOfTrailingZeros(memory.scale()) << 6;
    }

    private long displacement(int width) {
        long value = symbols.evaluate(memory.displacement());
        boolean extends64 = bits == 64 && width == 32;
        boolean fits = extends64 ? value == (int) value : MatchContext.inRange(value, width);
        if (!fits && !symbols.sawUnknown()) {
            throw new LineError(
                    memory.column(),
                    "displacement 0x" + Long.toHexString(value) + " does not fit in " + width
                            + (extends64 ? " bits that are sign-extended to 64" : " bits"));
        }
        return value;
    }
}
