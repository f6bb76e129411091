package dev.cloister.it.differential;

import java.util.Random;

/** The modes in which the test kernel of IA-32e mode runs cases. */
enum LongMode {
    SUPERVISOR_64("64-bit, CPL 0", 64, LongPlace.CODE_64, LongPlace.DATA_32),
    USER_64("64-bit, CPL 3", 64, LongPlace.USER_CODE_64, LongPlace.USER_DATA),
    SUPERVISOR_32("compatibility, CPL 0", 32, LongPlace.CODE_32, LongPlace.DATA_32),
    USER_32("compatibility, CPL 3", 32, LongPlace.USER_CODE_32, LongPlace.USER_DATA);

    final String title;
    final int bits;
    private final int code;
    private final int stack;

    LongMode(String title, int bits, int code, int stack) {
        this.title = title;
        this.bits = bits;
        this.code = code;
        this.stack = stack;
    }

    /** Chooses segments, stack, flags and control registers. */
    void enter(LongCase c, Random random) {
        c.isUser = (code & 3) == 3;
        c.base = c.isUser ? LongPlace.USER_WORLD : SystemPlace.WORLD;
        for (int place = LongPlace.ES; place <= LongPlace.GS; place += 2) {
            boolean isNull = bits == 64 && random.nextInt(4) == 0;
            c.setShort(place, isNull ? 0 : c.isUser ? LongPlace.USER_DATA : LongPlace.DATA_32);
        }
        int based = bits == 64 ? random.nextInt(64) * 8 : 0;
        c.setLong(LongPlace.FS_BASE, based);
        c.setLong(LongPlace.GS_BASE, based);
        c.setLong(LongPlace.KERNEL_BASE, 0x1234L * random.nextInt(1000));
        int flags = 2 | random.nextInt() & 0x8D5 | random.nextInt(4) << 12 | (random.nextInt(3) == 0 ? 0x200 : 0);
        flags |= (random.nextInt(8) == 0 ? 0x400 : 0) | (random.nextInt(8) == 0 ? 0x40000 : 0);
        c.setLong(LongPlace.FRAME, c.base + SystemPlace.CODE + c.codeOffset);
        c.setLong(LongPlace.FRAME + 8, code);
        c.setLong(LongPlace.FRAME + 16, flags);
        int off = random.nextInt(0x40) * (random.nextInt(4) == 0 ? 1 : 4);
        c.setLong(LongPlace.FRAME + 24, c.base + SystemPlace.STACK + SystemPlace.STACK_BYTES - 0x100 - off);
        c.setLong(LongPlace.FRAME + 32, bits == 64 && !c.isUser && random.nextInt(4) == 0 ? 0 : stack);
        int[] features = {0x10000, 0x800, 0x100000, 0x200000, 4};
        long cr4 = LongPlace.HOME_CR4;
        for (int feature : features) {
            cr4 |= random.nextInt(3) == 0 ? feature : 0;
        }
        c.setLong(LongPlace.CR4, cr4);
        c.setLong(LongPlace.CR0, random.nextInt(4) == 0 ? 0x80000011L : 0x80010011L);
    }
}
