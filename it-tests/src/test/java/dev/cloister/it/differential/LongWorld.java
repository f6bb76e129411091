package dev.cloister.it.differential;

import static dev.cloister.it.differential.SystemPlace.TSS_A;
import static dev.cloister.it.differential.SystemPlace.TSS_B;
import static dev.cloister.it.differential.SystemPlace.WORLD;

import java.util.Random;

/** Fills the world of a case of IA-32e mode: descriptors of 8 and of 16 bytes, a task, data. */
final class LongWorld {
    private static final int FIRST_RANDOM = 0x148;
    private static final int LONG = 0xA;
    private static final int FLAT = 0xC;

    private final Random random;

    LongWorld(Random random) {
        this.random = random;
    }

    private static void put(SystemCase c, int selector, int access, int flags) {
        c.pokeLong(selector & ~7, SystemWorld.descriptor(0, 0xFFFFF, access, flags));
    }

    private static void wide(SystemCase c, int selector, long low, long high) {
        c.pokeLong(selector & ~7, low);
        c.pokeLong((selector & ~7) + 8, high);
    }

    private static void system(SystemCase c, int selector, int base, int limit, int access) {
        wide(c, selector, SystemWorld.descriptor(WORLD + base, limit, access, 0), 0);
    }

    private static void gate(SystemCase c, int selector, int target, int access) {
        wide(c, selector, SystemWorld.gate(target, LongPlace.target(), access, 0), 0);
    }

    void fill(SystemCase c) {
        put(c, LongPlace.CODE_64, 0x9B, LONG);
        put(c, LongPlace.DATA_32, 0x93, FLAT);
        put(c, LongPlace.CODE_32, 0x9B, FLAT);
        put(c, 0x20, 0x93, FLAT);
        put(c, LongPlace.USER_CODE_32, 0xFB, FLAT);
        put(c, LongPlace.USER_DATA, 0xF3, FLAT);
        put(c, LongPlace.USER_CODE_64, 0xFB, LONG);
        put(c, LongPlace.CONFORMING, 0x9F, LONG);
        system(c, LongPlace.TASK_A, TSS_A, 0xC7, 0x89);
        system(c, LongPlace.LOCAL, SystemPlace.LDT, 0x7F, 0x82);
        system(c, 0x68, TSS_B, 0x67, 0xE9);
        system(c, 0x78, TSS_B, 0x67, 0x8B);
        gate(c, 0x88, LongPlace.CODE_64, 0xEC);
        gate(c, 0x98, LongPlace.CONFORMING, 0xEC);
        gate(c, 0xA8, LongPlace.CODE_32, 0xEC);
        gate(c, 0xB8, LongPlace.CODE_64, 0xEC);
        c.pokeLong(0xC0, 0x8000);
        gate(c, 0xC8, LongPlace.CODE_64, 0xEC);
        c.pokeLong(0xD0, 0x0100_0000_0000L);
        system(c, 0xD8, SystemPlace.LDT, 0x7F, 0x02);
        put(c, 0xE8, 0x9B, 0xE);
        put(c, 0xF0, 0x72, FLAT);
        put(c, 0xF8, 0x7B, LONG);
        put(c, 0x100, 0xFF, LONG);
        put(c, 0x108, 0x97, FLAT);
        system(c, 0x110, TSS_B, 0x67, 0x89);
        c.pokeLong(0x118, 0x8000);
        gate(c, 0x120, LongPlace.CODE_64, 0x8C);
        system(c, 0x130, SystemPlace.LDT, 0x7F, 0x82);
        c.pokeLong(0x138, 0x8000);
        put(c, 0x140, 0xF2, FLAT);
        for (int s = FIRST_RANDOM; s < 8 * SystemPlace.GDT_ENTRIES; s += 8) {
            c.pokeLong(s, any());
        }
        for (int n = 0; n < 16; n++) {
            c.pokeLong(SystemPlace.LDT + 8 * n, any());
        }
        for (int n = SystemPlace.DATA; n < SystemPlace.DATA + SystemPlace.DATA_BYTES; n += 4) {
            c.poke(n, random.nextInt());
        }
        task(c);
        header(c);
    }

    private static void header(SystemCase c) {
        c.setShort(LongPlace.GDTR, 8 * SystemPlace.GDT_ENTRIES - 1);
        c.setLong(LongPlace.GDTR + 2, WORLD);
        c.setShort(LongPlace.IDTR, 16 * SystemPlace.VECTORS - 1);
        c.setLong(LongPlace.IDTR + 2, SystemPlace.IDT);
        c.setShort(LongPlace.TR, LongPlace.TASK_A);
        c.setShort(LongPlace.LDT, LongPlace.LOCAL);
        c.setLong(LongPlace.CR0, 0x80010011L);
    }

    /** RSP0 to RSP2, and IST 1 to 4, of which the last isn't canonical. */
    private static void task(SystemCase c) {
        for (int n = 0; n < 3; n++) {
            c.pokeLong(TSS_A + 4 + 8 * n, WORLD + SystemPlace.INNER_STACK - 0x40L * n);
        }
        c.pokeLong(TSS_A + 0x24, WORLD + LongPlace.FAULT_STACK);
        c.pokeLong(TSS_A + 0x2C, WORLD + LongPlace.OTHER_STACK);
        c.pokeLong(TSS_A + 0x34, WORLD + LongPlace.OTHER_STACK - 0x37);
        c.pokeLong(TSS_A + 0x3C, 0x800000000000L);
        c.poke(TSS_A + 100, 0x680000);
        for (int n = 0x68; n < 0xC8; n++) {
            c.world[TSS_A + n] = (byte) (n < 0x88 ? 0x5A : n == 0xC7 ? 0xFF : 0x0F);
        }
    }

    private long any() {
        int access = random.nextInt(256) | (random.nextInt(4) == 0 ? 0 : 0x80) | (random.nextInt(3) == 0 ? 0 : 0x10);
        return SystemWorld.descriptor(WORLD, 0xFFF | random.nextInt(0x10000), access, random.nextInt(16));
    }

    /** Any selector: of the tables mostly, with any RPL; null and beyond their limits too. */
    int selector() {
        return switch (random.nextInt(16)) {
            case 0 -> random.nextInt(4);
            case 1 -> 8 * SystemPlace.GDT_ENTRIES + random.nextInt(16);
            case 2, 3 -> 4 | random.nextInt(17) << 3 | random.nextInt(4);
            case 4, 5, 6 -> random.nextInt(9) << 3 | random.nextInt(2) * 3;
            default ->
                random.nextInt(SystemPlace.GDT_ENTRIES) << 3
                        | (random.nextInt(3) == 0 ? random.nextInt(4) : random.nextBoolean() ? 3 : 0);
        };
    }
}
