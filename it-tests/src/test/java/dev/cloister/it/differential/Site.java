package dev.cloister.it.differential;

import dev.cloister.emulator.cpu.CpuFeature;
import dev.cloister.emulator.decode.FeatureTable;
import dev.cloister.emulator.decode.Form;
import dev.cloister.emulator.decode.FormTable;
import dev.cloister.emulator.decode.OperandPlace;
import dev.cloister.emulator.decode.OperandSpec;
import dev.cloister.emulator.model.CpuModel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** A form with the places of the opcode maps at which it stands. */
record Site(Form form, int map, List<Integer> opcodes) {
    private static final String[] MAPS = {"", "0f.", "0f38.", "0f3a.", "v1.", "v2.", "v3."};

    /**
     * Every form that code of this width has, in the order of the table.
     *
     * @param bits 16, 32 or 64
     */
    static List<Site> all(int bits) {
        FormTable table = FormTable.instance();
        Map<Form, Site> sites = new IdentityHashMap<>();
        for (int map = 0; map < FormTable.MAPS; map++) {
            for (int opcode = 0; opcode < 256; opcode++) {
                for (Form form : table.slot(map, opcode)) {
                    int at = map;
                    sites.computeIfAbsent(form, f -> new Site(f, at, new ArrayList<>()))
                            .opcodes()
                            .add(opcode);
                }
            }
        }
        return table.forms().stream()
                .filter(sites::containsKey)
                .map(sites::get)
                .filter(site -> site.is(bits == 64 ? 1 : 0))
                .filter(site -> !site.isTwin(table, bits == 64 ? 1 : 0))
                .toList();
    }

    private boolean is(int wide) {
        if (wide == 0 && isOfRexW()) {
            return false;
        }
        return (form.keyMask >>> Form.KEY_LONG & 1) == 0 || (form.keyValue >>> Form.KEY_LONG & 1) == wide;
    }

    /** Whether only a REX prefix leads to the form. */
    private boolean isOfRexW() {
        int key = form.keyMask & form.keyValue;
        return !isVex() && ((key >>> Form.KEY_W & 1) != 0 || (key >>> Form.KEY_SIZE & 3) == 2);
    }

    /** Whether another form takes all its encodings in code of this width: it is the other half of a pair. */
    private boolean isTwin(FormTable table, int wide) {
        int isLong = 1 << Form.KEY_LONG;
        for (Form other : table.slot(map, opcodes.getFirst())) {
            int mask = other.keyMask & ~isLong;
            if (other != form
                    && (other.keyMask & isLong) != 0
                    && (other.keyValue >>> Form.KEY_LONG & 1) == wide
                    && (mask & form.keyMask) == mask
                    && (form.keyValue & mask) == (other.keyValue & mask)) {
                return true;
            }
        }
        return false;
    }

    /** Whether an emulated processor can offer the instruction; if not, it raises #UD. */
    boolean isImplemented() {
        return CpuModel.implemented()
                .containsAll(FeatureTable.instance().of(form).always());
    }

    /** What the form is of: the feature of CPUID that it needs, or the part of the processor that works on it. */
    String group() {
        Set<CpuFeature> needed = FeatureTable.instance().of(form).always();
        if (!needed.isEmpty()) {
            return needed.iterator().next().name();
        }
        if (map == 0 && (opcodes.getFirst() & 0xF8) == 0xD8 || form.mnemonic.equals("fwait")) {
            return "x87";
        }
        return isExtended() ? "MMX, SSE" : "integer";
    }

    boolean isVex() {
        return map > FormTable.MAP_VEX;
    }

    /** A name that finds the line in the table: opcode, conditions, mnemonic, operands. */
    String name() {
        String operands = List.of(form.operands).stream().map(Site::operand).collect(Collectors.joining(","));
        return MAPS[map] + String.format("%02x", Collections.min(opcodes)) + (opcodes.size() > 1 ? "+" : "")
                + conditions() + " " + form.mnemonic + (operands.isEmpty() ? "" : " " + operands);
    }

    private static String operand(OperandSpec spec) {
        return spec.place().name() + spec.width().toString().toLowerCase(java.util.Locale.ROOT);
    }

    private String conditions() {
        StringBuilder text = new StringBuilder();
        condition(text, Form.KEY_REGISTER - 1, 1, "mem", "reg");
        condition(text, Form.KEY_REG, 7, "/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7");
        condition(text, Form.KEY_RM, 7, "rm0", "rm1", "rm2", "rm3", "rm4", "rm5", "rm6", "rm7");
        condition(text, Form.KEY_PP, 3, "np", "66", "f3", "f2");
        condition(text, Form.KEY_W, 1, "w0", "w1");
        condition(text, Form.KEY_L, 1, "l0", "l1");
        condition(text, Form.KEY_SIZE, 3, "os16", "os32", "os64", "");
        return text.toString();
    }

    private void condition(StringBuilder text, int shift, int mask, String... names) {
        if ((form.keyMask >>> shift & mask) != 0) {
            text.append(' ').append(names[form.keyValue >>> shift & mask]);
        }
    }

    /** Whether the form reads or writes x87, MMX or vector registers. */
    boolean isExtended() {
        for (OperandSpec spec : form.operands) {
            OperandPlace.Group group = spec.place().group;
            if (group == OperandPlace.Group.VECTOR || group == OperandPlace.Group.MMX) {
                return true;
            }
        }
        return isVex()
                || map == 0 && (opcodes.getFirst() & 0xF8) == 0xD8
                || form.mnemonic.contains("save")
                || form.mnemonic.contains("rstor")
                || form.mnemonic.contains("mxcsr")
                || form.mnemonic.endsWith("emms")
                || form.mnemonic.equals("fwait");
    }
}
