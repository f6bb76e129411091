package dev.cloister.emulator.assembler;

import java.util.List;
import java.util.Map;

/** Turns one instruction into bytes by the table row that fits (SDM vol. 2A, 2.1 and 2.2). */
final class Encoder {
    private static final int[] SEGMENT_PREFIX = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65};
    private static final Map<Form.Tail, Integer> SIZES =
            Map.of(Form.Tail.IB, 1, Form.Tail.IW, 2, Form.Tail.ID, 4, Form.Tail.IDS, 4, Form.Tail.IQ, 8);

    private final InstructionStatement instruction;
    private final int bits;
    private final Symbols symbols;
    private final CodeBuffer code = new CodeBuffer();
    private final Form form;
    private final ModRm modRm;

    Encoder(InstructionStatement instruction, int bits, Symbols symbols, boolean wide) {
        this.instruction = instruction;
        this.bits = bits;
        this.symbols = symbols;
        this.form = FormChooser.choose(instruction, new MatchContext(bits, symbols, wide));
        this.modRm = new ModRm(form, instruction.operands(), symbols, bits);
    }

    CodeBuffer encode() {
        prefixes();
        rex();
        opcode();
        modRm.write(code);
        tail();
        modRm.patchRelative(code);
        return code;
    }

    private void prefixes() {
        Register segment = modRm.segment();
        if (segment != null) {
            code.add(SEGMENT_PREFIX[segment.number()]);
        }
        int addressBits = form.addressWidth() != 0 ? form.addressWidth() : modRm.addressBits();
        if (addressBits != 0 && addressBits != bits) {
            code.add(0x67);
        }
        if (needsOperandPrefix()) {
            code.add(0x66);
        }
        instruction.prefixes().forEach(code::add);
        if (form.mandatory() > 0x66) {
            code.add(form.mandatory());
        }
    }

    private boolean needsOperandPrefix() {
        int width = form.width();
        return form.mandatory() == 0x66 || width == 16 && bits != 16 || width == 32 && bits == 16;
    }

    private void rex() {
        int rex = (form.width() == 64 ? 8 : 0) | modRm.rexBits() | opcodeRegister() >> 3;
        boolean needed = rex != 0;
        Operand forbidding = null;
        for (Operand operand : instruction.operands()) {
            if (operand instanceof Operand.Reg(Register register, int _)) {
                needed |= register.rex() == Register.Rex.NEEDED;
                forbidding = register.rex() == Register.Rex.FORBIDDEN ? operand : forbidding;
            }
        }
        if (needed && forbidding != null) {
            throw new LineError(
                    forbidding.column(), "ah, bh, ch and dh can't stand beside operands that need a REX prefix");
        }
        if (needed) {
            code.add(0x40 | rex);
        }
    }

    private int opcodeRegister() {
        int place = place(Pattern.Role.OPCODE);
        return place >= 0 && instruction.operands().get(place) instanceof Operand.Reg reg
                ? reg.register().number()
                : 0;
    }

    private int place(Pattern.Role role) {
        List<Pattern> patterns = form.patterns();
        for (int i = 0; i < patterns.size(); i++) {
            if (patterns.get(i).role() == role) {
                return i;
            }
        }
        return -1;
    }

    private void opcode() {
        List<Integer> opcode = form.opcode();
        for (int i = 0; i < opcode.size() - 1; i++) {
            code.add(opcode.get(i));
        }
        code.add(opcode.getLast() + (opcodeRegister() & 7));
    }

    private void tail() {
        int next = 0;
        for (Form.Tail field : form.tail()) {
            while (form.patterns().get(next).role() != Pattern.Role.VALUE) {
                next++;
            }
            field(field, instruction.operands().get(next++));
        }
    }

    private void field(Form.Tail field, Operand operand) {
        switch (operand) {
            case Operand.Imm imm when field == Form.Tail.CB || field == Form.Tail.CZ -> target(field, imm);
            case Operand.Imm imm -> immediate(field, imm);
            case Operand.Mem mem -> code.add(address(mem), (mem.addressBits() == 0 ? bits : mem.addressBits()) / 8);
            case Operand.Far far -> farPointer(far);
            case Operand.Reg _ -> throw new IllegalStateException("register as a value");
        }
    }

    private long address(Operand.Mem mem) {
        return checked(mem.displacement(), bits, mem.column());
    }

    private void farPointer(Operand.Far far) {
        int width = form.width() == 0 ? bits : form.width();
        code.add(checked(far.offset(), width, far.column()), width / 8);
        code.add(checked(far.segment(), 16, far.column()), 2);
    }

    private void immediate(Form.Tail field, Operand.Imm imm) {
        int size = SIZES.get(field);
        long value = symbols.evaluate(imm.value());
        boolean signedOnly = field == Form.Tail.IDS;
        if (signedOnly && value != (int) value && !symbols.sawUnknown()) {
            throw new LineError(
                    imm.column(),
                    "0x" + Long.toHexString(value) + " does not fit in 32 bits that are sign-extended to 64");
        }
        // A byte that stands for a wider sign-extended value was checked when the row was chosen.
        if (size > 1 || !isSignedByte()) {
            checked(imm.value(), size * 8, imm.column());
        }
        code.add(value, size);
    }

    private boolean isSignedByte() {
        return form.patterns().stream().anyMatch(pattern -> pattern.name().startsWith("ibs"));
    }

    private long checked(Expr expr, int width, int column) {
        long value = symbols.evaluate(expr);
        if (!symbols.sawUnknown() && !MatchContext.inRange(value, width)) {
            throw new LineError(column, "0x" + Long.toHexString(value) + " does not fit in " + width + " bits");
        }
        return value;
    }

    private void target(Form.Tail field, Operand.Imm imm) {
        int size = field == Form.Tail.CB ? 1 : bits == 16 ? 2 : 4;
        long target = symbols.evaluate(imm.value());
        boolean known = !symbols.sawUnknown();
        long distance = target - (symbols.here() + code.length() + size);
        if (known && size == 1 && distance != (byte) distance) {
            code.missShort(distance);
        }
        if (known && size == 4 && distance != (int) distance) {
            throw new LineError(imm.column(), "the target is more than 2 GiB away");
        }
        code.add(distance, size); // two bytes in 16-bit code: IP wraps at 64 KiB
    }
}
