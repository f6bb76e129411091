package dev.cloister.emulator.assembler;

import java.util.List;
import java.util.stream.Collectors;

/** Finds the first table row that takes the operands, or says why there is none. */
final class FormChooser {
    private static final int SHOWN = 12;

    private FormChooser() {}

    static Form choose(InstructionStatement instruction, MatchContext context) {
        int bits = context.bits();
        checkRegisters(instruction, bits);
        List<Form> forms = InstructionTable.forms(instruction.mnemonic());
        for (Form form : forms) {
            if (form.exists(bits) && form.accepts(instruction.operands(), context)) {
                return form;
            }
        }
        throw complaint(instruction, forms, bits);
    }

    private static void checkRegisters(InstructionStatement instruction, int bits) {
        if (bits == 64) {
            return;
        }
        for (Operand operand : instruction.operands()) {
            if (operand instanceof Operand.Reg(Register register, int column)) {
                checkRegister(register, column);
            } else if (operand instanceof Operand.Mem mem) {
                checkRegister(mem.base(), mem.column());
                checkRegister(mem.index(), mem.column());
            }
        }
    }

    private static void checkRegister(Register register, int column) {
        if (register == null) {
            return;
        }
        boolean extended = register.kind() == Register.Kind.GENERAL && register.bits() == 64
                || register.number() > 7
                || register.rex() == Register.Rex.NEEDED;
        if (extended) {
            throw new LineError(column, "register '" + register.name() + "' exists in 'bits 64' only");
        }
    }

    private static LineError complaint(InstructionStatement instruction, List<Form> forms, int bits) {
        String name = "'" + instruction.mnemonic() + "'";
        List<Form> here = forms.stream().filter(form -> form.exists(bits)).toList();
        if (here.isEmpty()) {
            return new LineError(instruction.column(), name + " does not exist in 'bits " + bits + "'");
        }
        List<Operand> operands = instruction.operands();
        List<Form> counted = here.stream()
                .filter(form -> form.patterns().size() == operands.size())
                .toList();
        if (counted.isEmpty()) {
            return new LineError(
                    instruction.column(),
                    name + " does not take " + operands.size() + " operands; it takes: " + list(here));
        }
        for (Operand operand : operands) {
            if (operand instanceof Operand.Mem mem && mem.size() == 0) {
                return new LineError(
                        mem.column(),
                        "no form of " + name
                                + " fits memory of unstated size here; write byte, word, dword or qword before [,"
                                + " or see whether it takes: " + list(counted));
            }
        }
        String shapes = operands.stream().map(Operand::shape).collect(Collectors.joining(", "));
        return new LineError(
                instruction.column(),
                name + " does not take (" + shapes + ") in 'bits " + bits + "'; it takes: " + list(counted));
    }

    private static String list(List<Form> forms) {
        List<String> shown = forms.stream().map(Form::shown).distinct().toList();
        String text = shown.stream()
                .limit(SHOWN)
                .map(form -> form.isEmpty() ? "nothing" : form)
                .collect(Collectors.joining(" | "));
        return shown.size() > SHOWN ? text + " | …" : text;
    }
}
