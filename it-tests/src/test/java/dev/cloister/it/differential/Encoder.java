package dev.cloister.it.differential;

import dev.cloister.emulator.decode.DecodeResult;
import dev.cloister.emulator.decode.Decoder;
import dev.cloister.emulator.decode.Form;
import dev.cloister.emulator.decode.Instruction;
import java.util.Arrays;
import java.util.Random;

/** Makes encodings of a form: legacy prefixes, REX or VEX, opcode, ModRM, SIB, displacement and immediates, at random. */
final class Encoder {
    private static final int ATTEMPTS = 40;
    private static final int[] SEGMENTS = {0x64, 0x65, 0x2E, 0x36, 0x3E, 0x26};

    private final Random random;
    private final Decoder decoder = new Decoder();
    private final byte[] bytes = new byte[40];
    private int length;
    private int bits;
    private boolean addressPrefix;
    /** Where a displacement stands that names an absolute or RIP-relative address, or -1. */
    private int addressAt;

    Encoder(Random random) {
        this.random = random;
    }

    /** Whether the displacement alone decides where memory is. */
    boolean isPlaced() {
        return addressAt >= 0;
    }

    int addressAt() {
        return addressAt;
    }

    /** Bytes of an instruction up to its opcode, and that with it. */
    static int opcodeEnd(Instruction i) {
        int n = 0;
        while ((i.bytes[n] & 0xFF) != i.opcode) {
            n++;
        }
        return n + 1;
    }

    private void add(int b) {
        bytes[length++] = (byte) b;
    }

    private boolean one(int in) {
        return random.nextInt(in) == 0;
    }

    /**
     * Encodes the form.
     *
     * @param width of the code: 16, 32 or 64
     * @param into receives the decoded instruction
     * @return the bytes, or null where no attempt decoded as the form
     */
    byte[] encode(Site site, int width, Instruction into) {
        bits = width;
        for (int n = 0; n < ATTEMPTS; n++) {
            length = 0;
            addressAt = -1;
            if (site.isVex()) {
                vex(site);
            } else {
                legacy(site);
            }
            for (int k = 0; k < 12; k++) {
                add(one(4) ? 0xFF * random.nextInt(2) : random.nextInt(256));
            }
            DecodeResult result = decoder.decode(bytes, 0, Math.min(length, 15), bits, Layout.CODE_LINEAR, into);
            if (result == DecodeResult.OK && into.form == site.form()) {
                return Arrays.copyOf(bytes, into.length());
            }
        }
        return null;
    }

    /** A key of the form: what its conditions leave open is random. */
    private int key(Form form) {
        int key = random.nextInt(1 << 11);
        if (one(2)) {
            key &= ~(1 << Form.KEY_W);
        }
        if (!one(5)) {
            key &= ~(3 << Form.KEY_PP);
        } else if (!one(3)) {
            key = key & ~(3 << Form.KEY_PP) | 1 << Form.KEY_PP;
        }
        key = key & ~form.keyMask | form.keyValue;
        if ((form.keyMask >>> Form.KEY_SIZE & 3) != 0) {
            boolean wide = (form.keyValue >>> Form.KEY_SIZE & 3) == 2;
            key = key & ~(1 << Form.KEY_W) | (wide ? 1 << Form.KEY_W : 0);
        }
        return key;
    }

    private void legacy(Site site) {
        Form form = site.form();
        int key = key(form);
        boolean narrow = (form.keyMask >>> Form.KEY_SIZE & 3) != 0 && (form.keyValue >>> Form.KEY_SIZE & 3) == 0;
        int pp = key >>> Form.KEY_PP & 3;
        if (pp == 1 || narrow != (bits == 16 && one(2)) || pp != 0 && form.operands.length > 0 && one(6)) {
            add(0x66);
        }
        addressSize();
        if (one(12)) {
            add(SEGMENTS[random.nextInt(one(2) ? 2 : SEGMENTS.length)]);
        }
        if (form.has(Form.LOCK) ? one(4) : one(60)) {
            add(0xF0);
        }
        if (pp > 1) {
            add(pp == 2 ? 0xF3 : 0xF2);
        } else if (isString(site) && one(2)) {
            add(0xF2 + random.nextInt(2));
        }
        int rex = bits == 64 ? rex(key) : 0;
        int opcode = site.opcodes().get(random.nextInt(site.opcodes().size()));
        switch (site.map()) {
            case 0 -> {}
            case 1 -> add(0x0F);
            default -> {
                add(0x0F);
                add(site.map() == 2 ? 0x38 : 0x3A);
            }
        }
        add(opcode);
        if (form.needsModrm()) {
            modrm(form, key, rex);
        }
    }

    private void addressSize() {
        addressPrefix = one(bits == 64 ? 14 : 3);
        if (addressPrefix) {
            add(0x67);
        }
    }

    /** Adds a REX prefix, or none where nothing needs it. */
    private int rex(int key) {
        int rex = random.nextInt(8) | (key >>> Form.KEY_W & 1) << 3;
        if ((rex & 8) != 0 || one(2)) {
            add(0x40 | rex);
            return rex;
        }
        return 0;
    }

    private static boolean isString(Site site) {
        int opcode = site.opcodes().getFirst();
        return site.map() == 0 && (opcode >= 0xA4 && opcode <= 0xA7 || opcode >= 0xAA && opcode <= 0xAF);
    }

    private void vex(Site site) {
        Form form = site.form();
        int key = random.nextInt(1 << 11) & ~form.keyMask | form.keyValue;
        addressSize();
        if (one(14)) {
            add(SEGMENTS[random.nextInt(SEGMENTS.length)]);
        }
        int wide = key >>> Form.KEY_W & 1;
        int rex = bits == 64 ? random.nextInt(8) : 0;
        int vvvv = form.has(Form.USES_VVVV) ? random.nextInt(16) : one(60) ? random.nextInt(16) : 15;
        vvvv |= bits == 64 ? 0 : 8;
        int tail = vvvv << 3 | (key >>> Form.KEY_L & 1) << 2 | key >>> Form.KEY_PP & 3;
        if (site.map() == 4 && wide == 0 && (rex & 3) == 0 && one(2)) {
            add(0xC5);
            add((~rex & 4) << 5 | tail);
        } else {
            add(0xC4);
            add((~rex & 7) << 5 | site.map() - 3);
            add(wide << 7 | tail);
        }
        add(site.opcodes().get(random.nextInt(site.opcodes().size())));
        if (form.needsModrm()) {
            modrm(form, key, rex);
        }
    }

    private void modrm(Form form, int key, int rex) {
        int reg = key >>> Form.KEY_REG & 7;
        int rm = key >>> Form.KEY_RM & 7;
        boolean register =
                (form.keyMask & Form.KEY_REGISTER) != 0 ? (key & Form.KEY_REGISTER) != 0 : random.nextBoolean();
        if (register) {
            add(0xC0 | reg << 3 | rm);
            return;
        }
        int mod = random.nextInt(3);
        if (addressPrefix ? bits == 32 : bits == 16) {
            narrow(mod, reg, form.has(Form.VSIB) ? 4 : rm);
            return;
        }
        if (form.has(Form.VSIB)) {
            rm = 4;
        }
        add(mod << 6 | reg << 3 | rm);
        int base = rm;
        if (rm == 4) {
            int sib = random.nextInt(256);
            add(sib);
            base = sib & 7;
        }
        if (mod == 0 && base == 5) {
            addressAt = length;
            displacement(4);
        } else {
            displacement(mod == 2 ? 4 : mod);
        }
    }

    /** 16-bit addressing: no SIB, a displacement of 2 bytes. */
    private void narrow(int mod, int reg, int rm) {
        add(mod << 6 | reg << 3 | rm);
        if (mod == 0 && rm == 6) {
            addressAt = length;
            displacement(2);
        } else {
            displacement(mod);
        }
    }

    private void displacement(int size) {
        int value = random.nextInt(1 << 12) - 0x800;
        for (int n = 0; n < size; n++) {
            add(value >> 8 * n);
        }
    }
}
