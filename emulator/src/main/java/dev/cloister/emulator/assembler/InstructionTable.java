package dev.cloister.emulator.assembler;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Reads {@code instructions.txt}, whose head explains its notation, into rows by mnemonic. */
final class InstructionTable {
    private static final String[] CONDITIONS = {
        "o",
        "no",
        "b c nae",
        "ae nb nc",
        "e z",
        "ne nz",
        "be na",
        "a nbe",
        "s",
        "ns",
        "p pe",
        "np po",
        "l nge",
        "ge nl",
        "le ng",
        "g nle"
    };
    private static final Map<Integer, String> ACCUMULATOR = Map.of(16, "ax", 32, "eax", 64, "rax");
    private static final Map<Integer, String> FULL_IMMEDIATE = Map.of(16, "iw", 32, "id", 64, "ids");
    private static final Map<String, Form.Modes> MODES = Map.of(
            "only16", Form.Modes.ONLY_16,
            "only32", Form.Modes.ONLY_32,
            "only64", Form.Modes.ONLY_64,
            "no64", Form.Modes.NOT_64);

    private static final Map<String, List<Form>> FORMS = load();

    private InstructionTable() {}

    /** Returns the rows of a lower-case mnemonic in order of preference; empty where there is none. */
    static List<Form> forms(String mnemonic) {
        return FORMS.getOrDefault(mnemonic, List.of());
    }

    static boolean isMnemonic(String name) {
        return FORMS.containsKey(name);
    }

    static Set<String> mnemonics() {
        return FORMS.keySet();
    }

    private static Map<String, List<Form>> load() {
        Map<String, List<Form>> forms = new HashMap<>();
        try (InputStream in = InstructionTable.class.getResourceAsStream("instructions.txt")) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            text.lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .forEach(line -> row(forms, line));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return forms;
    }

    private static void row(Map<String, List<Form>> forms, String line) {
        String[] columns = line.split(";", -1);
        String operands = columns[1].strip();
        String encoding = columns[2].strip();
        String[] names = columns[0].strip().split(" +");
        for (int i = 0; i < names.length; i++) {
            if (names[i].endsWith("CC")) {
                conditions(forms, names[i].substring(0, names[i].length() - 2), operands, encoding);
            } else if (!names[i].equals("-")) {
                widths(forms, names[i], operands, encoding, i);
            }
        }
    }

    private static void conditions(Map<String, List<Form>> forms, String stem, String operands, String encoding) {
        for (int code = 0; code < CONDITIONS.length; code++) {
            for (String name : CONDITIONS[code].split(" ")) {
                widths(forms, stem + name, operands, encoding, code);
            }
        }
    }

    private static void widths(Map<String, List<Form>> forms, String name, String operands, String encoding, int n) {
        if (!operands.matches(".*\\b(r|rm|a|n|o|m)v\\b.*")) {
            add(forms, name, operands, encoding, n);
            return;
        }
        for (int bits : new int[] {16, 32, 64}) {
            String full = FULL_IMMEDIATE.get(bits);
            String sized = operands.replaceAll("\\bav\\b", ACCUMULATOR.get(bits))
                    .replaceAll("\\b(r|rm|n|o|m)v\\b", "$1" + bits)
                    .replaceAll("\\biz\\b", full)
                    .replaceAll("\\bibs\\b", "ibs" + bits);
            add(forms, name, sized, "w" + bits + " " + encoding.replaceAll("\\biz\\b", full), n);
        }
    }

    private static void add(Map<String, List<Form>> forms, String name, String operands, String encoding, int n) {
        List<Pattern> patterns = new ArrayList<>();
        for (String operand : operands.isEmpty() ? new String[0] : operands.split(",")) {
            Pattern pattern = Pattern.find(operand.strip());
            if (pattern == null) {
                throw new IllegalStateException("instructions.txt: no operand pattern '" + operand + "' for " + name);
            }
            patterns.add(pattern);
        }
        FormBuilder builder = new FormBuilder(n);
        for (String token : encoding.split(" +")) {
            builder.token(token);
        }
        forms.computeIfAbsent(name, _ -> new ArrayList<>()).add(builder.build(patterns, operands));
    }

    /** Gathers one row's encoding column. */
    private static final class FormBuilder {
        private final int n;
        private final List<Integer> opcode = new ArrayList<>();
        private final List<Form.Tail> tail = new ArrayList<>();
        private Form.Modes modes = Form.Modes.ANY;
        private int width;
        private int addressWidth;
        private int mandatory;
        private int modRm = Form.NONE;

        FormBuilder(int n) {
            this.n = n;
        }

        void token(String token) {
            if (token.matches("[0-9A-F]{2}(\\+.+)?")) {
                opcode.add(Integer.parseInt(token.substring(0, 2), 16) + added(token.substring(2)));
            } else if (token.startsWith("/")) {
                modRm = digit(token.substring(1));
            } else if (MODES.containsKey(token)) {
                modes = MODES.get(token);
            } else if (token.matches("w\\d+")) {
                width = Integer.parseInt(token.substring(1));
            } else if (token.matches("adr\\d+")) {
                addressWidth = Integer.parseInt(token.substring(3));
            } else if (token.matches("p(66|f2|f3)")) {
                mandatory = Integer.parseInt(token.substring(1), 16);
            } else {
                tail.add(Form.Tail.valueOf(token.toUpperCase(Locale.ROOT)));
            }
        }

        /** {@code +n}, {@code +8n}: the name's place times a step; {@code +r} is the encoder's. */
        private int added(String suffix) {
            int sum = 0;
            for (String part : suffix.split("\\+")) {
                if (part.endsWith("n")) {
                    sum += n * (part.length() == 1 ? 1 : Integer.parseInt(part.substring(0, part.length() - 1)));
                }
            }
            return sum;
        }

        private int digit(String text) {
            if (text.equals("r")) {
                return Form.REGISTER;
            }
            return text.equals("n") ? n : Integer.parseInt(text.substring(0, 1)) + added(text.substring(1));
        }

        Form build(List<Pattern> patterns, String shown) {
            return new Form(
                    List.copyOf(patterns),
                    shown,
                    width,
                    addressWidth,
                    mandatory,
                    modes,
                    List.copyOf(opcode),
                    modRm,
                    List.copyOf(tail));
        }
    }
}
