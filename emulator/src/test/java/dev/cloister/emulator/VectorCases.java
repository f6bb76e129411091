package dev.cloister.emulator;

import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.decode.Form;
import dev.cloister.emulator.decode.FormTable;
import dev.cloister.emulator.decode.OperandPlace;
import dev.cloister.emulator.decode.OperandSpec;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Makes records of vector.c from the instruction forms: encodings with random operands, and a state that suits them. */
final class VectorCases {
    static final int RECORD = 2048;
    static final int GPR = 64;
    static final int FLAGS = 192;
    static final int RIP = 200;
    static final int TRAP = 208;
    static final int CR2 = 224;
    static final int WINDOW = 232;
    static final int LENGTH = 240;
    static final int SELECTOR = 248;
    static final int MEMORY = 256;
    static final int MEMORY_SIZE = 512;
    static final int IMAGE = 768;
    static final int IMAGE_SIZE = 832;

    /** An instruction form and where it stands. */
    record Target(int map, int opcode, Form form) {
        @Override
        public String toString() {
            return form.mnemonic + " "
                    + List.of("", "0f", "0f38", "0f3a", "v1", "v2", "v3").get(map) + "." + Integer.toHexString(opcode);
        }
    }

    private static final Set<String> EXTRA =
            Set.of("emms", "vzeroupper", "vzeroall", "vldmxcsr", "vstmxcsr", "ldmxcsr", "stmxcsr");
    private static final int[] BASES = {3, 6, 8, 13, 14};
    private static final int SHORT_BASES = 2;
    private static final int[] LEGACY_PREFIX = {0, 0x66, 0xF3, 0xF2};

    private final Random random;
    private final VectorValues values;
    private final boolean wide;
    private ByteBuffer record = ByteBuffer.allocate(0);
    private int length;
    private int memoryBase;
    private int memoryDisplacement;
    private int index;
    private int scale;

    /** For 64-bit code, or 32-bit code. */
    VectorCases(long seed, boolean wide) {
        this.wide = wide;
        random = new Random(seed);
        values = new VectorValues(random);
    }

    /** Every form with an MMX or vector operand, and those that concern the registers as a whole. */
    static List<Target> targets() {
        List<Target> targets = new ArrayList<>();
        for (int map = 1; map < FormTable.MAPS; map++) {
            for (int opcode = 0; opcode < 256; opcode++) {
                for (Form form : FormTable.instance().slot(map, opcode)) {
                    if (isVector(form)) {
                        targets.add(new Target(map, opcode, form));
                    }
                }
            }
        }
        return targets;
    }

    private static boolean isVector(Form form) {
        boolean vector = EXTRA.contains(form.mnemonic);
        for (OperandSpec spec : form.operands) {
            vector |= spec.place().group == OperandPlace.Group.VECTOR || spec.place().group == OperandPlace.Group.MMX;
        }
        return vector;
    }

    /** Fills one record. */
    void fill(ByteBuffer into, Target target) {
        record = into;
        length = 0;
        memoryBase = -1;
        index = -1;
        scale = 0;
        encode(target);
        record.put(length, (byte) 0xCC);
        record.putLong(LENGTH, length);
        long window = TestMachine.BASE + (random.nextInt(8) == 0 ? TestMachine.SIZE - MEMORY_SIZE : 0x2000);
        record.putLong(WINDOW, window);
        record.putLong(SELECTOR, wide ? 0x33 : 0x23);
        state(target.form(), window);
    }

    private int register() {
        return random.nextInt(random.nextBoolean() ? 4 : wide ? 16 : 8);
    }

    private void put(int b) {
        record.put(length++, (byte) b);
    }

    private void encode(Target t) {
        Form form = t.form();
        int pp = form.keyValue >> Form.KEY_PP & 3;
        boolean rexW = bit(form, Form.KEY_W, 4);
        boolean memory = usesMemory(form);
        int reg = (form.keyMask >> Form.KEY_REG & 7) != 0 ? form.keyValue >> Form.KEY_REG & 7 : register();
        int rm = register();
        if (memory) {
            memoryBase = BASES[random.nextInt(wide ? BASES.length : SHORT_BASES)];
            rm = memoryBase;
            index = form.has(Form.VSIB) ? random.nextInt(wide ? 16 : 8) : random.nextInt(4) == 0 ? wide ? 9 : 1 : -1;
            scale = random.nextInt(4);
        }
        int rex = (rexW ? 8 : 0) | reg >> 3 << 2 | (index >= 0 ? index >> 3 << 1 : 0) | rm >> 3;
        oddPrefix(t.map() > FormTable.MAP_VEX);
        if (t.map() > FormTable.MAP_VEX) {
            vex(t, pp, rex);
        } else {
            legacy(t, pp, rex);
        }
        put(t.opcode());
        if (form.needsModrm()) {
            modrm(reg & 7, rm & 7, memory);
        }
        for (OperandSpec spec : form.operands) {
            OperandPlace place = spec.place();
            if (place == OperandPlace.UI || place == OperandPlace.I || place == OperandPlace.L) {
                put(random.nextInt(random.nextBoolean() ? 32 : 256));
            }
        }
    }

    /** Rarely a prefix that changes nothing, chooses another instruction, or is refused. */
    private void oddPrefix(boolean vex) {
        if (random.nextInt(25) == 0) {
            int[] prefixes = {0x67, 0x67, 0x2E, 0x3E, 0x66, 0xF3, 0xF2, 0xF0, wide ? 0x48 : 0x67};
            int prefix = prefixes[random.nextInt(prefixes.length - (vex && random.nextInt(4) != 0 ? 5 : 0))];
            // With 16-bit addresses the ModRM byte would mean something else.
            put(prefix == 0x67 && !wide && memoryBase >= 0 ? 0x3E : prefix);
        }
    }

    private boolean bit(Form form, int shift, int rarity) {
        boolean fixed = (form.keyMask >> shift & 1) != 0;
        boolean flip = random.nextInt(40) == 0;
        return fixed ? (form.keyValue >> shift & 1) != 0 != flip : random.nextInt(rarity) == 0;
    }

    private boolean usesMemory(Form form) {
        if ((form.keyMask & Form.KEY_REGISTER) != 0) {
            return (form.keyValue & Form.KEY_REGISTER) == 0;
        }
        for (OperandSpec spec : form.operands) {
            switch (spec.place()) {
                case E, W, Q -> {
                    return random.nextInt(3) == 0;
                }
                case M -> {
                    return true;
                }
                default -> {}
            }
        }
        return false;
    }

    private void legacy(Target t, int pp, int rex) {
        if (LEGACY_PREFIX[pp] != 0) {
            put(LEGACY_PREFIX[pp]);
        }
        if (rex != 0 && wide) {
            put(0x40 | rex);
        }
        put(0x0F);
        if (t.map() > 1) {
            put(t.map() == 2 ? 0x38 : 0x3A);
        }
    }

    private void vex(Target t, int pp, int rex) {
        boolean named = t.form().has(Form.USES_VVVV) || random.nextInt(50) == 0;
        int vvvv = named ? register() : 0;
        int last = (~vvvv & 15) << 3 | (bit(t.form(), Form.KEY_L, 2) ? 4 : 0) | pp;
        int map = t.map() - FormTable.MAP_VEX;
        if (map == 1 && (rex & 11) == 0 && random.nextBoolean()) {
            put(0xC5);
            put((rex & 4) << 5 ^ 0x80 | last);
        } else {
            put(0xC4);
            // Outside 64-bit mode VEX.B is ignored.
            put((~rex & 7 ^ (wide ? 0 : random.nextInt(2))) << 5 | map);
            put((rex & 8) << 4 | last);
        }
    }

    private void modrm(int reg, int rm, boolean memory) {
        if (!memory) {
            put(0xC0 | reg << 3 | rm);
            return;
        }
        memoryDisplacement = random.nextInt(256) - 128;
        boolean sib = index >= 0 || rm == 4;
        put(0x40 | reg << 3 | (sib ? 4 : rm));
        if (sib) {
            put(scale << 6 | (index >= 0 ? index & 7 : 4) << 3 | rm);
        }
        put(memoryDisplacement);
    }

    private void state(Form form, long window) {
        String name = form.mnemonic;
        for (int r = 0; r < 16; r++) {
            record.putLong(GPR + 8 * r, values.integer() & (wide ? -1 : 0xFFFFFFFFL));
        }
        record.putLong(FLAGS, 0x202 | random.nextLong() & 0xCD5 | (random.nextInt(6) == 0 ? Flags.AC : 0));
        for (int n = 0; n < MEMORY_SIZE; n += 32) {
            values.fill(record, MEMORY + n, 32, name);
        }
        image(name);
        if (name.contains("pcmpestr")) {
            putRegister(0, random.nextInt(48) - 24);
            putRegister(2, random.nextInt(48) - 24);
        }
        // Where MASKMOVQ and MASKMOVDQU write.
        record.putLong(
                GPR + 8 * 7,
                window + (random.nextInt(4) == 0 ? MEMORY_SIZE - random.nextInt(24) : 100 + random.nextInt(64)));
        if (memoryBase >= 0) {
            address(form, window);
        }
        if (name.endsWith("ldmxcsr") && random.nextInt(4) != 0) {
            for (int n = 0; n < MEMORY_SIZE; n += 4) {
                record.putInt(MEMORY + n, random.nextInt(0x10000));
            }
        }
    }

    private void putRegister(int number, long value) {
        record.putLong(GPR + 8 * number, value & (wide ? -1 : 0xFFFFFFFFL));
    }

    private void address(Form form, long window) {
        int offset = 64 + 32 * random.nextInt(12);
        switch (random.nextInt(8)) {
            case 0 -> offset += random.nextInt(32);
            case 1 -> offset += 16;
            case 3 -> {
                // Around the end of the lower canonical half, of 32-bit addresses, or anywhere.
                long[] edges = {0x7FFF_FFFF_FFF0L, 0x8000_0000_0000L, random.nextLong()};
                if (wide && index < 0 && !form.has(Form.VSIB) && random.nextInt(3) == 0) {
                    long edge = edges[random.nextInt(edges.length)];
                    record.putLong(GPR + 8 * memoryBase, edge + random.nextInt(64) - 32 - memoryDisplacement);
                    return;
                }
            }
            case 2 -> offset = MEMORY_SIZE - 1 - random.nextInt(random.nextBoolean() ? 40 : 4);
            default -> {}
        }
        long at = window + offset - memoryDisplacement;
        if (form.has(Form.VSIB)) {
            record.putLong(GPR + 8 * memoryBase, window + 256 - memoryDisplacement);
            indices(form.mnemonic.contains("rd") ? 4 : 8);
            return;
        }
        if (index >= 0) {
            long value = random.nextInt(64) - 32;
            putRegister(index, value);
            at -= value << scale;
        }
        record.putLong(GPR + 8 * memoryBase, at);
    }

    /** Index elements that mostly stay within the window. */
    private void indices(int size) {
        for (int n = 0; n < 32; n += size) {
            int part = n < 16 ? 160 : 576 - 16;
            long value = random.nextInt(40) == 0 ? random.nextLong() : random.nextInt(48) - 24;
            if (size == 4) {
                record.putInt(IMAGE + part + 16 * index + n, (int) value);
            } else {
                record.putLong(IMAGE + part + 16 * index + n, value);
            }
        }
    }

    private void image(String name) {
        for (int n = 0; n < IMAGE_SIZE; n++) {
            record.put(IMAGE + n, (byte) 0);
        }
        record.putShort(IMAGE, (short) 0x37F);
        record.putShort(IMAGE + 2, (short) (random.nextInt(8) << 11));
        record.put(IMAGE + 4, (byte) random.nextInt(256));
        record.putInt(IMAGE + 24, values.mxcsr());
        record.putInt(IMAGE + 28, 0xFFFF);
        record.putLong(IMAGE + 512, 7);
        for (int r = 0; r < 8; r++) {
            values.fill(record, IMAGE + 32 + 16 * r, 8, name);
            record.putShort(IMAGE + 40 + 16 * r, (short) random.nextInt());
        }
        for (int r = 0; r < 16; r++) {
            values.fill(record, IMAGE + 160 + 16 * r, 16, name);
            values.fill(record, IMAGE + 576 + 16 * r, 16, name);
        }
    }
}
