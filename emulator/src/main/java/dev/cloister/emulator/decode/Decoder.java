package dev.cloister.emulator.decode;

import dev.cloister.emulator.Executor;

/**
 * Decodes instructions for all modes by tables: prefixes, REX, VEX, the one-byte, 0F, 0F38 and 0F3A maps, x87, MMX, SSE to
 * AVX2. Of EVEX only the length is decoded. Length, operands and text are right also for instructions that {@link
 * Executor} doesn't implement. One thread at a time; decoding allocates nothing.
 */
public final class Decoder {
    private static final int PREFIX_NONE = 0;
    private static final byte[] PREFIX = new byte[256];

    static {
        byte number = 1;
        for (int b : new int[] {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3}) {
            PREFIX[b] = number++;
        }
    }

    private final FormTable table = FormTable.instance();
    private final OperandDecoder operands = new OperandDecoder(this);

    private byte[] code = new byte[0];
    private int start;
    private int position;
    private int end;
    private boolean truncated;
    private int pendingRex;

    /** Makes a decoder; the tables are shared and read at first use. */
    public Decoder() {}

    /**
     * Decodes one instruction.
     *
     * @param code holds the bytes
     * @param offset of the first
     * @param available how many may be looked at
     * @param bits default width of code: 16, 32 or 64
     * @param address RIP of the first byte
     * @param into receives the result
     * @return whether it is whole
     */
    public DecodeResult decode(byte[] code, int offset, int available, int bits, long address, Instruction into) {
        this.code = code;
        start = offset;
        position = offset;
        end = offset + Math.min(available, Instruction.MAX_LENGTH);
        truncated = false;
        into.clear();
        into.bits = bits;
        into.address = address;
        boolean known = decodeBody(into);
        into.length = position - start;
        for (int i = 0; i < into.length; i++) {
            into.bytes[i] = code[start + i];
        }
        if (truncated) {
            into.form = Form.NONE;
            return available >= Instruction.MAX_LENGTH ? DecodeResult.TOO_LONG : DecodeResult.TRUNCATED;
        }
        return known ? DecodeResult.OK : DecodeResult.INVALID;
    }

    private boolean decodeBody(Instruction i) {
        int opcode = prefixes(i);
        i.rex = pendingRex;
        i.wide = i.rexW();
        sizes(i);
        if (isVector(i, opcode)) {
            return vector(i, opcode);
        }
        i.pp = i.repeatNot ? 3 : i.repeat ? 2 : i.operandPrefix ? 1 : 0;
        int map = 0;
        if (opcode == 0x0F) {
            map = 1;
            opcode = next();
            if (opcode == 0x38 || opcode == 0x3A) {
                map = opcode == 0x38 ? 2 : 3;
                opcode = next();
            }
        }
        return form(i, map, opcode);
    }

    private void sizes(Instruction i) {
        boolean narrow = i.bits == 16 != i.operandPrefix;
        if (i.bits == 64) {
            i.operandSize = i.wide ? 8 : i.operandPrefix ? 2 : 4;
            i.addressSize = i.addressPrefix ? 4 : 8;
        } else {
            i.operandSize = narrow ? 2 : 4;
            i.addressSize = i.bits == 16 != i.addressPrefix ? 2 : 4;
        }
    }

    /** Consumes prefixes and returns the first opcode byte; a REX that another prefix follows is dropped. */
    private int prefixes(Instruction i) {
        pendingRex = 0;
        while (true) {
            int b = next();
            if (truncated) {
                return 0;
            }
            int prefix = PREFIX[b];
            if (prefix != PREFIX_NONE) {
                pendingRex = 0;
                prefix(i, prefix);
            } else if (i.bits == 64 && (b & 0xF0) == 0x40) {
                pendingRex = b;
            } else {
                return b;
            }
        }
    }

    private static void prefix(Instruction i, int prefix) {
        switch (prefix) {
            case 7 -> i.operandPrefix = true;
            case 8 -> i.addressPrefix = true;
            case 9 -> i.lock = true;
            case 10 -> {
                i.repeatNot = true;
                i.repeat = false;
            }
            case 11 -> {
                i.repeat = true;
                i.repeatNot = false;
            }
            default -> {
                // ES, CS, SS and DS overrides are ignored in 64-bit mode, also where they follow FS or GS.
                if (i.bits != 64 || prefix > 4) {
                    i.segmentPrefix = prefix - 1;
                } else {
                    i.ignoredSegment = prefix - 1;
                }
            }
        }
    }

    /** C4, C5 and 62 are VEX and EVEX in 64-bit mode, and elsewhere where the next byte would be a register ModRM. */
    private boolean isVector(Instruction i, int opcode) {
        if (opcode != 0xC4 && opcode != 0xC5 && opcode != 0x62) {
            return false;
        }
        return i.bits == 64 || peek() >= 0xC0;
    }

    private boolean vector(Instruction i, int opcode) {
        boolean refused = i.rex != 0 || i.lock || i.operandPrefix || i.repeat || i.repeatNot;
        if (opcode == 0x62) {
            return evex(i) && !refused;
        }
        i.vex = true;
        int map = 1;
        int first = next();
        int last = first;
        i.rex = 0x40 | (first & 0x80) >> 5 ^ 4;
        if (opcode == 0xC4) {
            map = first & 0x1F;
            i.rex = 0x40 | ~first >> 5 & 7;
            last = next();
            i.rex |= (last & 0x80) >> 4;
        }
        if (i.bits != 64) {
            i.rex = 0x40 | i.rex & 8;
        }
        i.wide = i.rexW();
        i.operandSize = i.wide && i.bits == 64 ? 8 : 4;
        i.vvvv = ~last >> 3 & (i.bits == 64 ? 15 : 7);
        i.vectorLength = last >> 2 & 1;
        i.pp = last & 3;
        int code = next();
        if (map < 1 || map > 3) {
            return false;
        }
        return form(i, FormTable.MAP_VEX + map, code)
                && !refused
                && (i.form.has(Form.USES_VVVV) || i.vvvv == 0 && (last & 0x78) == 0x78);
    }

    /** The four-byte EVEX prefix: map 1 has the immediates of the 0F map, map 3 always one, the others none. */
    private boolean evex(Instruction i) {
        i.evex = true;
        int first = next();
        int second = next();
        next();
        int map = first & 7;
        i.rex = 0x40 | ~first >> 5 & 7 | (second & 0x80) >> 4;
        int opcode = next();
        i.opcode = opcode;
        modrm(i);
        if (map == 3 || map == 1 && (opcode >= 0x70 && opcode <= 0x73 || opcode == 0xC2 || isInsert(opcode))) {
            i.immediate = next();
        }
        i.form = Form.EVEX;
        return map != 0 && map != 4 && map != 7 && (second & 4) != 0;
    }

    private static boolean isInsert(int opcode) {
        return opcode >= 0xC4 && opcode <= 0xC6;
    }

    private boolean form(Instruction i, int map, int opcode) {
        i.opcode = opcode;
        if (table.needsModrm(map, opcode)) {
            modrmOf(i, map, opcode);
        }
        int key = key(i);
        for (Form form : table.slot(map, opcode)) {
            if (form.matches(key)) {
                return accept(i, form);
            }
        }
        return false;
    }

    private void modrmOf(Instruction i, int map, int opcode) {
        if (map == 1 && opcode >= 0x20 && opcode <= 0x23) {
            // MOV to and from control and debug registers ignores ModRM.mod (SDM vol. 2, MOV CR).
            i.hasModrm = true;
            i.modrm = next() | 0xC0;
        } else {
            modrm(i);
        }
    }

    private static int key(Instruction i) {
        int size = i.operandSize == 2 ? 0 : i.operandSize == 4 ? 1 : 2;
        return (i.isRegisterForm() ? Form.KEY_REGISTER : 0)
                | i.modrmReg() << Form.KEY_REG
                | (i.modrm & 7) << Form.KEY_RM
                | i.pp << Form.KEY_PP
                | (i.wide ? 1 << Form.KEY_W : 0)
                | i.vectorLength << Form.KEY_L
                | (i.bits == 64 ? 1 << Form.KEY_LONG : 0)
                | size << Form.KEY_SIZE;
    }

    private boolean accept(Instruction i, Form form) {
        i.form = form;
        if (i.bits == 64 && form.has(Form.FORCE_64 | Form.DEFAULT_64)) {
            i.operandSize = i.operandPrefix && !form.has(Form.FORCE_64) && !i.wide ? 2 : 8;
        }
        boolean good = true;
        for (OperandSpec spec : form.operands) {
            good &= operands.fill(i, spec);
        }
        return good;
    }

    private void modrm(Instruction i) {
        i.hasModrm = true;
        i.modrm = next();
        if (i.isRegisterForm()) {
            return;
        }
        if (i.addressSize == 2) {
            memory16(i);
        } else {
            memory(i);
        }
    }

    private static final int[] BASE_16 = {3, 3, 5, 5, 6, 7, 5, 3};
    private static final int[] INDEX_16 = {6, 7, 6, 7, -1, -1, -1, -1};

    private void memory16(Instruction i) {
        int mod = i.modrm >> 6;
        int rm = i.modrm & 7;
        if (mod == 0 && rm == 6) {
            displacement(i, 2);
            return;
        }
        i.base = BASE_16[rm];
        i.index = INDEX_16[rm];
        displacement(i, mod);
    }

    private void memory(Instruction i) {
        int mod = i.modrm >> 6;
        int rm = i.modrm & 7;
        if (rm == 4) {
            sib(i, mod);
        } else if (mod == 0 && rm == 5) {
            i.base = i.bits == 64 ? Instruction.RIP_BASE : Instruction.NO_REGISTER;
            displacement(i, 4);
        } else {
            i.base = rm | (i.rex & 1) << 3;
            displacement(i, mod == 2 ? 4 : mod);
        }
    }

    private void sib(Instruction i, int mod) {
        int sib = next();
        i.hasSib = true;
        i.scale = sib >> 6;
        i.index = sib >> 3 & 7 | (i.rex & 2) << 2;
        int base = sib & 7;
        if (base == 5 && mod == 0) {
            displacement(i, 4);
        } else {
            i.base = base | (i.rex & 1) << 3;
            displacement(i, mod == 2 ? 4 : mod);
        }
    }

    private void displacement(Instruction i, int size) {
        i.displacementSize = size;
        if (size != 0) {
            i.displacement = signed(size);
        }
    }

    private int peek() {
        return position < end ? code[position] & 0xFF : 0;
    }

    /** The next byte, or 0 with {@code truncated} set. */
    public int next() {
        if (position >= end) {
            truncated = true;
            return 0;
        }
        return code[position++] & 0xFF;
    }

    /** The next little-endian number, zero-extended. */
    public long unsigned(int size) {
        long value = 0;
        for (int n = 0; n < size; n++) {
            value |= (long) next() << 8 * n;
        }
        return value;
    }

    /** The next little-endian number, sign-extended. */
    public long signed(int size) {
        int shift = 64 - 8 * size;
        return unsigned(size) << shift >> shift;
    }
}
