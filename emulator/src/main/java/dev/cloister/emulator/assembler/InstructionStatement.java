package dev.cloister.emulator.assembler;

import java.util.List;

/** An instruction as written, and what the passes have learnt about it. */
final class InstructionStatement implements Statement {
    private final String mnemonic;
    private final List<Integer> prefixes;
    private final List<Operand> operands;
    private final int column;
    private boolean wide;

    InstructionStatement(String mnemonic, List<Integer> prefixes, List<Operand> operands, int column) {
        this.mnemonic = mnemonic;
        this.prefixes = List.copyOf(prefixes);
        this.operands = List.copyOf(operands);
        this.column = column;
    }

    String mnemonic() {
        return mnemonic;
    }

    List<Integer> prefixes() {
        return prefixes;
    }

    List<Operand> operands() {
        return operands;
    }

    int column() {
        return column;
    }

    @Override
    public void emit(Pass pass) {
        CodeBuffer code = new Encoder(this, pass.bits(), pass.symbols(), wide).encode();
        if (code.missedShort() && hasLongForm(pass.bits())) {
            // Never taken back: a jump that may shrink again could keep the passes going for ever.
            wide = true;
            code = new Encoder(this, pass.bits(), pass.symbols(), true).encode();
        }
        if (code.missedShort() && pass.strict()) {
            throw new LineError(
                    operands.getLast().column(),
                    "the target is " + code.distance() + " bytes away; '" + mnemonic + "' reaches -128 to 127");
        }
        pass.append(code.bytes(), 0, code.length());
    }

    private boolean hasLongForm(int bits) {
        Operand target = operands.getLast();
        boolean asked = target instanceof Operand.Imm imm && imm.reach() == Operand.Reach.SHORT;
        return !asked
                && InstructionTable.forms(mnemonic).stream()
                        .anyMatch(form -> form.exists(bits) && form.tail().contains(Form.Tail.CZ));
    }
}
