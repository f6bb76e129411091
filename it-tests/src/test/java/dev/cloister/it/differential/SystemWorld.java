package dev.cloister.it.differential;

import static dev.cloister.it.differential.SystemPlace.CODE;
import static dev.cloister.it.differential.SystemPlace.CODE_BYTES;
import static dev.cloister.it.differential.SystemPlace.DATA;
import static dev.cloister.it.differential.SystemPlace.INNER_STACK;
import static dev.cloister.it.differential.SystemPlace.TSS_A;
import static dev.cloister.it.differential.SystemPlace.TSS_B;
import static dev.cloister.it.differential.SystemPlace.WORLD;

import java.util.Random;

/** Fills a case's world: descriptors of every type and privilege, gates, two tasks. */
final class SystemWorld {
    private static final int FLAT = 0xC;
    private static final int NARROW = 0;
    /** Random descriptors stand here in the GDT, and in the whole local table. */
    private static final int FIRST_RANDOM = 0x158;

    private final Random random;

    SystemWorld(Random random) {
        this.random = random;
    }

    static long descriptor(int base, int limit, int access, int flags) {
        return limit & 0xFFFF
                | (base & 0xFFFFFFL) << 16
                | (long) access << 40
                | (long) (limit >> 16 & 15) << 48
                | (long) flags << 52
                | (base >>> 24 & 0xFFL) << 56;
    }

    static long gate(int selector, int offset, int access, int count) {
        return offset & 0xFFFF
                | (long) selector << 16
                | (long) count << 32
                | (long) access << 40
                | (long) (offset >>> 16) << 48;
    }

    private static void put(SystemCase c, int selector, long descriptor) {
        c.pokeLong(SystemPlace.GDT + (selector & ~7), descriptor);
    }

    /** Where gates lead: to code that raises #UD at once. */
    private static int target() {
        return WORLD + CODE + CODE_BYTES - 32;
    }

    void fill(SystemCase c) {
        segments(c);
        gates(c);
        others(c);
        for (int s = FIRST_RANDOM; s < 8 * SystemPlace.GDT_ENTRIES; s += 8) {
            put(c, s, any());
        }
        for (int n = 0; n < 16; n++) {
            c.pokeLong(SystemPlace.LDT + 8 * n, any());
        }
        tasks(c);
        for (int n = DATA; n < DATA + SystemPlace.DATA_BYTES; n += 4) {
            c.poke(n, random.nextInt());
        }
        c.set(SystemPlace.GDTR, 8 * SystemPlace.GDT_ENTRIES - 1 | WORLD << 16);
        c.set(SystemPlace.GDTR + 4, WORLD >> 16);
        boolean real = c.get(0) == SystemPlace.KIND_REAL;
        int idt = real ? 0 : SystemPlace.IDT;
        int limit = real ? 0x3FF : 8 * SystemPlace.VECTORS - 1;
        c.set(SystemPlace.IDTR, limit | idt << 16);
        c.set(SystemPlace.IDTR + 4, idt >> 16);
        c.set(SystemPlace.TR, SystemPlace.TASK_A);
        c.set(SystemPlace.LDTR, SystemPlace.LOCAL);
        c.set(SystemPlace.CR0, 0x11);
    }

    private static void segments(SystemCase c) {
        put(c, SystemPlace.CODE_32, descriptor(0, 0xFFFFF, 0x9B, FLAT));
        put(c, SystemPlace.DATA_32, descriptor(0, 0xFFFFF, 0x93, FLAT));
        put(c, SystemPlace.CODE_16, descriptor(WORLD, 0xFFFF, 0x9B, NARROW));
        put(c, SystemPlace.DATA_16, descriptor(WORLD, 0xFFFF, 0x93, NARROW));
        put(c, SystemPlace.USER_CODE_32, descriptor(0, 0xFFFFF, 0xFB, FLAT));
        put(c, SystemPlace.USER_DATA_32, descriptor(0, 0xFFFFF, 0xF3, FLAT));
        put(c, SystemPlace.USER_CODE_16, descriptor(WORLD, 0xFFFF, 0xFB, NARROW));
        put(c, SystemPlace.USER_DATA_16, descriptor(WORLD, 0xFFFF, 0xF3, NARROW));
        put(c, SystemPlace.TASK_A, descriptor(WORLD + TSS_A, 0xC7, 0x89, NARROW));
        put(c, SystemPlace.TASK_B, descriptor(WORLD + TSS_B, 0x67, 0xE9, NARROW));
        put(c, SystemPlace.LOCAL, descriptor(WORLD + SystemPlace.LDT, 0x7F, 0x82, NARROW));
        put(c, SystemPlace.CODE_REAL, descriptor(SystemPlace.REAL, 0xFFFF, 0x9B, NARROW));
        put(c, SystemPlace.DATA_REAL, descriptor(SystemPlace.VARS, 0xFFFF, 0x93, NARROW));
        put(c, 0x80, descriptor(0, 0xFFFFF, 0x9E, FLAT));
        put(c, 0x88, descriptor(0, 0xFFFFF, 0xBA, FLAT));
        put(c, 0x90, descriptor(0, 0xFFFFF, 0xB2, FLAT));
        put(c, 0x98, descriptor(0, 0xFFFFF, 0xDA, FLAT));
        put(c, 0xA0, descriptor(0, 0xFFFFF, 0xD2, FLAT));
        put(c, 0xA8, descriptor(WORLD, 0x1FF, 0xF6, 4));
        put(c, 0xB0, descriptor(WORLD, 0x1FF, 0x96, NARROW));
        put(c, 0xB8, descriptor(0, 0xFFFFF, 0xF0, FLAT));
        put(c, 0xC0, descriptor(0, 0xFFFFF, 0xF8, FLAT));
        put(c, 0xC8, descriptor(WORLD, 0x7FF, 0xF2, 4));
        put(c, 0xD0, descriptor(WORLD, 0xCFF, 0x9A, 4));
    }

    private static void gates(SystemCase c) {
        put(c, 0x60, gate(SystemPlace.CODE_32, target(), 0xEC, 2));
        put(c, 0x68, gate(SystemPlace.CODE_16, CODE + CODE_BYTES - 32, 0xE4, 3));
        put(c, 0x70, gate(SystemPlace.TASK_B, 0, 0xE5, 0));
        put(c, 0xF8, gate(0xD8, target(), 0xEC, 0));
        put(c, 0x100, gate(SystemPlace.DATA_32, target(), 0xEC, 0));
        put(c, 0x108, gate(SystemPlace.CODE_32, target(), 0x8C, 0));
        put(c, 0x110, gate(0x80, target(), 0xEC, 0));
        put(c, 0x118, gate(0x88, target(), 0xEC, 1));
        put(c, 0x120, gate(SystemPlace.CODE_32, target(), 0x6C, 0));
        put(c, 0x128, gate(0, target(), 0xEC, 0));
    }

    private static void others(SystemCase c) {
        put(c, 0x78, descriptor(0, 0xFFFFF, 0x72, FLAT));
        put(c, 0xD8, descriptor(0, 0xFFFFF, 0x7A, FLAT));
        put(c, 0xE0, descriptor(WORLD + TSS_B, 0x67, 0x69, NARROW));
        put(c, 0xE8, descriptor(WORLD + TSS_B, 0x67, 0xEB, NARROW));
        put(c, 0xF0, descriptor(WORLD + TSS_B, 0x2B, 0x81, NARROW));
        put(c, 0x130, descriptor(WORLD + TSS_B, 0x20, 0x89, NARROW));
        put(c, 0x138, descriptor(WORLD + SystemPlace.LDT, 0x7F, 0x02, NARROW));
        put(c, 0x140, descriptor(WORLD, 0xFFFF, 0xF2, NARROW));
    }

    private long any() {
        int access = random.nextInt(256) | (random.nextInt(4) == 0 ? 0 : 0x80) | (random.nextInt(3) == 0 ? 0 : 0x10);
        return descriptor(WORLD, 0xFFF | random.nextInt(0x10000), access, random.nextInt(2) == 0 ? 4 : 0);
    }

    private static void tasks(SystemCase c) {
        c.poke(TSS_A + 4, WORLD + INNER_STACK);
        c.poke(TSS_A + 8, SystemPlace.DATA_32);
        c.poke(TSS_A + 12, WORLD + INNER_STACK - 0x80);
        c.poke(TSS_A + 16, 0x91);
        c.poke(TSS_A + 20, WORLD + INNER_STACK - 0x80);
        c.poke(TSS_A + 24, 0xA2);
        c.poke(TSS_A + 100, 0x680000);
        for (int n = 0x68; n < 0xC8; n++) {
            c.world[TSS_A + n] = (byte) (n < 0x88 ? 0x5A : n == 0xC7 ? 0xFF : 0x0F);
        }
        c.poke(TSS_B + 4, WORLD + INNER_STACK);
        c.poke(TSS_B + 8, SystemPlace.DATA_32);
        c.poke(TSS_B + 0x20, target());
        c.poke(TSS_B + 0x24, 2);
        for (int n = 0x28; n < 0x48; n += 4) {
            c.poke(TSS_B + n, n * 0x01010101);
        }
        c.poke(TSS_B + 0x38, WORLD + SystemPlace.STACK + 0x80);
        c.poke(TSS_B + 0x48, SystemPlace.DATA_32);
        c.poke(TSS_B + 0x4C, SystemPlace.CODE_32);
        c.poke(TSS_B + 0x50, SystemPlace.DATA_32);
        c.poke(TSS_B + 0x54, SystemPlace.DATA_32);
        c.poke(TSS_B + 0x58, SystemPlace.DATA_32);
        c.poke(TSS_B + 0x5C, SystemPlace.DATA_32);
        c.poke(TSS_B + 0x60, SystemPlace.LOCAL);
        c.poke(TSS_B + 0x64, 0x680000);
    }

    /** Any selector: of the tables mostly, with any RPL; null and beyond their limits too. */
    int selector() {
        return switch (random.nextInt(16)) {
            case 0 -> random.nextInt(4);
            case 1 -> 8 * SystemPlace.GDT_ENTRIES + random.nextInt(16);
            case 2, 3 -> 4 | random.nextInt(17) << 3 | random.nextInt(4);
            default ->
                random.nextInt(SystemPlace.GDT_ENTRIES) << 3
                        | (random.nextInt(3) == 0 ? random.nextInt(4) : random.nextBoolean() ? 3 : 0);
        };
    }
}
