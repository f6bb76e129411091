package dev.cloister.emulator.decode;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The opcode maps, read once from the {@code forms-*.txt} resources beside this class. A slot is a map and an opcode
 * byte; its forms are tried in the order of the file.
 */
public final class FormTable {
    /** Map numbers: one-byte, 0F, 0F38, 0F3A, then VEX maps 1 to 3. */
    public static final int MAPS = 7;

    public static final int MAP_VEX = 3;

    private static final Map<String, Integer> MAP_NAMES =
            Map.of("", 0, "0f", 1, "0f38", 2, "0f3a", 3, "v1", 4, "v2", 5, "v3", 6);
    private static final Map<String, Integer> FLAG_NAMES = Map.of(
            "lock",
            Form.LOCK,
            "d64",
            Form.DEFAULT_64,
            "f64",
            Form.FORCE_64,
            "modrm",
            Form.MODRM,
            "vsib",
            Form.VSIB,
            "unaligned",
            Form.ALIGNMENT_EXCEPTION,
            "aligned",
            Form.ALIGNMENT_EXCEPTION);
    /** Conditions as mask and value of the key. */
    private static final Map<String, int[]> CONDITIONS = Map.ofEntries(
            condition("mem", 1, 0, 0),
            condition("reg", 1, 1, 0),
            condition("np", 3, 0, Form.KEY_PP),
            condition("66", 3, 1, Form.KEY_PP),
            condition("f3", 3, 2, Form.KEY_PP),
            condition("f2", 3, 3, Form.KEY_PP),
            condition("w0", 1, 0, Form.KEY_W),
            condition("w1", 1, 1, Form.KEY_W),
            condition("l0", 1, 0, Form.KEY_L),
            condition("l1", 1, 1, Form.KEY_L),
            condition("o64", 1, 1, Form.KEY_LONG),
            condition("i64", 1, 0, Form.KEY_LONG),
            condition("os16", 3, 0, Form.KEY_SIZE),
            condition("os32", 3, 1, Form.KEY_SIZE),
            condition("os64", 3, 2, Form.KEY_SIZE));

    private static final FormTable INSTANCE = new FormTable();

    private final Form[][] slots = new Form[MAPS * 256][];
    private final boolean[] modrm = new boolean[MAPS * 256];
    private final List<Form> forms = new ArrayList<>();

    private FormTable() {
        forms.add(Form.NONE);
        forms.add(Form.EVEX);
        java.util.Arrays.fill(slots, new Form[0]);
        try {
            for (InputStream table : InstructionTables.all().values()) {
                load(table);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        for (int i = 0; i < slots.length; i++) {
            for (Form form : slots[i]) {
                modrm[i] |= form.needsModrm();
            }
        }
    }

    public static FormTable instance() {
        return INSTANCE;
    }

    public Form[] slot(int map, int opcode) {
        return slots[map << 8 | opcode];
    }

    public boolean needsModrm(int map, int opcode) {
        return modrm[map << 8 | opcode];
    }

    /** Every form, by id. */
    public List<Form> forms() {
        return forms;
    }

    private static Map.Entry<String, int[]> condition(String name, int mask, int value, int shift) {
        return Map.entry(name, new int[] {mask << shift, value << shift});
    }

    private void load(InputStream table) throws IOException {
        BufferedReader reader = new BufferedReader(new InputStreamReader(table, StandardCharsets.US_ASCII));
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            if (!line.isEmpty() && line.charAt(0) != '#') {
                parse(line);
            }
        }
    }

    private void parse(String line) {
        String[] field = line.split(" +");
        int dot = field[0].indexOf('.');
        int map = MAP_NAMES.get(dot < 0 ? "" : field[0].substring(0, dot));
        boolean eight = field[0].endsWith("+");
        int opcode = Integer.parseInt(field[0].substring(dot + 1, field[0].length() - (eight ? 1 : 0)), 16);
        int[] key = conditions(field[1]);
        OperandSpec[] operands = operands(field.length > 3 ? field[3] : "-");
        int flags = flags(field, operands) | (map > MAP_VEX ? Form.VEX : 0);
        if (map > MAP_VEX == ((flags & Form.ALIGNMENT_EXCEPTION) != 0)) {
            flags |= Form.ALIGNED;
        }
        Form form = new Form(forms.size(), field[2], key[0], key[1], operands, flags);
        forms.add(form);
        for (int i = 0; i < (eight ? 8 : 1); i++) {
            append(map << 8 | opcode + i, form);
        }
    }

    private void append(int slot, Form form) {
        Form[] longer = java.util.Arrays.copyOf(slots[slot], slots[slot].length + 1);
        longer[longer.length - 1] = form;
        slots[slot] = longer;
    }

    private static int[] conditions(String text) {
        int[] key = new int[2];
        if (text.equals("-")) {
            return key;
        }
        for (String name : text.split(",")) {
            int[] one = CONDITIONS.get(name);
            if (one == null) {
                one = name.charAt(0) == '/'
                        ? condition("", 7, name.charAt(1) - '0', Form.KEY_REG).getValue()
                        : condition("", 7, name.charAt(2) - '0', Form.KEY_RM).getValue();
            }
            key[0] |= one[0];
            key[1] |= one[1];
        }
        return key;
    }

    private static OperandSpec[] operands(String text) {
        if (text.equals("-")) {
            return new OperandSpec[0];
        }
        String[] names = text.split(",");
        OperandSpec[] specs = new OperandSpec[names.length];
        for (int i = 0; i < names.length; i++) {
            specs[i] = OperandSpec.parse(names[i]);
        }
        return specs;
    }

    private static int flags(String[] field, OperandSpec[] operands) {
        int flags = 0;
        for (int i = 4; i < field.length; i++) {
            flags |= FLAG_NAMES.get(field[i]);
        }
        for (OperandSpec operand : operands) {
            OperandPlace place = operand.place();
            if (place == OperandPlace.B || place == OperandPlace.H || place == OperandPlace.KH) {
                flags |= Form.USES_VVVV;
            }
            flags |= place.group == OperandPlace.Group.MMX ? Form.MMX : 0;
            flags |= place.group == OperandPlace.Group.VECTOR ? Form.VECTOR : 0;
        }
        return flags;
    }
}
