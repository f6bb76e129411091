package dev.cloister.emulator.block;

import dev.cloister.emulator.cpu.CpuState;
import java.util.Random;

/** Random code that mostly consists of common instructions, with jumps among them, and registers that mostly point somewhere. */
final class RandomProgram {
    private static final int[] PREFIXES = {0x66, 0x67, 0x66, 0xF2, 0xF3, 0xF0, 0x2E, 0x36, 0x26, 0x3E, 0x64, 0x65};
    /** Opcodes with ModRM; 0x1xx are in the 0F map. */
    private static final int[] WITH_MODRM = {
        0x00, 0x01, 0x02, 0x03, 0x09, 0x0B, 0x11, 0x13, 0x19, 0x1B, 0x21, 0x23, 0x28, 0x29, 0x2B, 0x31, 0x33, 0x38,
        0x39, 0x3A, 0x3B, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8B, 0x89, 0x8B, 0x8D, 0x63, 0xD0, 0xD1, 0xD2,
        0xD3, 0xFE, 0xFF, 0xF6, 0xF7, 0x140, 0x141, 0x142, 0x144, 0x145, 0x146, 0x147, 0x148, 0x14A, 0x14C, 0x14D,
        0x14E, 0x14F, 0x190, 0x192, 0x194, 0x195, 0x196, 0x198, 0x19A, 0x19C, 0x19F, 0x1AF, 0x1B6, 0x1B7, 0x1BE, 0x1BF,
        0x1A3, 0x1AB, 0x1B3, 0x1BB, 0x1BC, 0x1BD, 0x1B0, 0x1B1, 0x1C0, 0x1C1, 0x1A5, 0x1AD, 0x16F, 0x17F, 0x1EF, 0x1FE,
        0x1D4, 0x8F, 0x8C
    };

    private static final int[] WITH_IMMEDIATE_8 = {0x80, 0x83, 0xC0, 0xC1, 0xC6, 0x6B, 0x1BA, 0x1A4, 0x1AC, 0x83, 0x80};
    private static final int[] WITH_IMMEDIATE = {0x81, 0xC7, 0x69};
    private static final int[] ALONE = {
        0x50, 0x51, 0x53, 0x55, 0x56, 0x58, 0x59, 0x5A, 0x5B, 0x5D, 0x5F, 0x90, 0x91, 0x93, 0x98, 0x99, 0x9C, 0x9E,
                0x9F,
        0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF, 0xF5, 0xF8, 0xF9, 0xFC, 0xFC, 0xC9, 0xC3, 0xC3,
                0x1C8,
        0x1C9, 0x1CB, 0x40, 0x43, 0x48, 0x4A, 0xFD
    };
    private static final int[] RARE = {
        0x9D, 0xF4, 0xFA, 0xFB, 0xCC, 0xCF, 0x60, 0x61, 0x1A2, 0x131, 0xEC, 0xEE, 0x27, 0x37, 0x8E
    };

    private final Random random;
    private final int bits;
    private final byte[] code;
    private int at;

    RandomProgram(Random random, int bits, int bytes) {
        this.random = random;
        this.bits = bits;
        code = new byte[bytes + 32];
        while (at < bytes) {
            instruction();
        }
    }

    byte[] code() {
        return code;
    }

    private void put(int b) {
        if (at < code.length) {
            code[at++] = (byte) b;
        }
    }

    private int pick(int[] from) {
        return from[random.nextInt(from.length)];
    }

    private void opcode(int opcode) {
        if (opcode >= 0x100) {
            put(0x0F);
        }
        put(opcode);
    }

    private void instruction() {
        while (random.nextInt(6) == 0) {
            put(pick(PREFIXES));
        }
        if (bits == 64 && random.nextInt(5) < 3) {
            put(0x40 | random.nextInt(16) & (random.nextBoolean() ? 15 : 8));
        }
        int kind = random.nextInt(100);
        if (kind < 42) {
            opcode(pick(WITH_MODRM));
            modrm();
        } else if (kind < 55) {
            opcode(pick(WITH_IMMEDIATE_8));
            modrm();
            put(random.nextInt(256));
        } else if (kind < 60) {
            opcode(pick(WITH_IMMEDIATE));
            modrm();
            immediate();
        } else if (kind < 76) {
            opcode(pick(ALONE));
        } else if (kind < 80) {
            put(0xB0 | random.nextInt(16));
            immediate();
        } else if (kind < 83) {
            put(random.nextInt(8) << 3 | 4 | random.nextInt(2));
            immediate();
        } else {
            branch(kind);
        }
    }

    private void branch(int kind) {
        if (kind < 92) {
            put(0x70 | random.nextInt(16));
            put(random.nextInt(100) - 50);
        } else if (kind < 94) {
            put(random.nextBoolean() ? 0xEB : 0xE0 + random.nextInt(4));
            put(random.nextInt(100) - 40);
        } else if (kind < 96) {
            put(random.nextBoolean() ? 0xE8 : 0xE9);
            offset(random.nextInt(600) - 300);
        } else if (kind < 97) {
            put(random.nextBoolean() ? 0x68 : 0x6A);
            immediate();
        } else if (kind < 98) {
            opcode(pick(RARE));
            put(random.nextInt(256));
        } else if (kind < 99) {
            put(0xF3);
            put(pick(new int[] {0xA4, 0xA5, 0xAA, 0xAB, 0xAE, 0xA6, 0xAD}));
        } else {
            for (int n = random.nextInt(6); n >= 0; n--) {
                put(random.nextInt(256));
            }
        }
    }

    private void offset(int value) {
        for (int n = 0; n < (bits == 16 ? 2 : 4); n++) {
            put(value >> 8 * n);
        }
    }

    private void immediate() {
        int value = random.nextBoolean() ? random.nextInt() : random.nextInt(300) - 150;
        offset(value);
    }

    private void modrm() {
        int mod = random.nextInt(5) < 2 ? 3 : random.nextInt(3);
        int modrm = mod << 6 | random.nextInt(64);
        put(modrm);
        int rm = modrm & 7;
        if (mod == 3) {
            return;
        }
        if (bits == 16) {
            if (mod == 2 || mod == 0 && rm == 6) {
                put(random.nextInt(256));
            }
        } else if (rm == 4) {
            put(random.nextInt(4) << 6 | 0x20 | random.nextInt(8));
        }
        if (mod == 1) {
            put(random.nextInt(256));
        } else if (bits != 16 && (mod == 2 || rm == 5)) {
            offset(bits == 64 && mod == 0 ? random.nextInt(1000) : random.nextInt(64));
        }
        if (bits == 16 && mod == 2) {
            put(random.nextInt(2));
        }
    }

    /** Random registers for a setting. */
    static void registers(Random random, CpuState state, RandomMachine.Setting setting) {
        boolean offsets = setting == RandomMachine.Setting.SEGMENTED || setting == RandomMachine.Setting.REAL;
        for (int r = 0; r < 16; r++) {
            state.setGpr(r, offsets ? random.nextInt(0x7000) : pointer(random, setting));
        }
        int rcx = random.nextInt(4);
        state.setGpr(CpuState.RCX, rcx == 0 ? random.nextInt(9000) : random.nextInt(40));
        state.setGpr(
                CpuState.RSP,
                (setting == RandomMachine.Setting.REAL ? 0 : RandomMachine.STACK) + 0x1000 + random.nextInt(64));
        boolean based = offsets;
        state.setRip((based ? 0 : RandomMachine.CODE) + random.nextInt(200));
        state.setRflags(2 | random.nextInt() & 0x8D5);
    }

    private static long pointer(Random random, RandomMachine.Setting setting) {
        return switch (random.nextInt(16)) {
            case 0 -> RandomMachine.CODE + random.nextInt(RandomMachine.CODE_BYTES);
            case 1 -> RandomMachine.ABSENT + random.nextInt(4096);
            case 2 -> RandomMachine.READ_ONLY + random.nextInt(4096);
            case 3 -> random.nextLong();
            case 4 -> random.nextInt(300);
            case 5 -> RandomMachine.DATA + 4096 * random.nextInt(8) + 4090 + random.nextInt(6);
            case 6 -> RandomMachine.bits(setting) == 64 ? RandomMachine.ALIAS + random.nextInt(512) : random.nextInt();
            default -> RandomMachine.DATA + random.nextInt(0x7000) & -8;
        };
    }
}
