package dev.cloister.it.differential;

import java.util.Random;

/** Values that system instructions of IA-32e mode decide upon. */
final class LongValues {
    private static final long[] ADDRESSES = {
        0x7FFFFFFFFFFFL,
        0x800000000000L,
        0xFFFF7FFFFFFFFFFFL,
        0xFFFF800000000000L,
        0x8000000000000000L,
        0x0100000000010000L,
        0xFFFFFFFFFFFFFFFFL,
        0x12345678
    };
    private static final int[] MSRS = {
        0x174,
        0x175,
        0x176,
        0x277,
        0xC0000080,
        0xC0000081,
        0xC0000082,
        0xC0000083,
        0xC0000084,
        0xC0000100,
        0xC0000101,
        0xC0000102,
        0xC0000103,
        0x12345678
    };

    private final Random random;

    LongValues(Random random) {
        this.random = random;
    }

    private long pick(long... of) {
        return of[random.nextInt(of.length)];
    }

    /** Mostly not canonical, or not mapped. */
    long address() {
        return pick(ADDRESSES);
    }

    /** A selector of code. */
    int code() {
        return (int) pick(
                LongPlace.CODE_64,
                LongPlace.CODE_32,
                LongPlace.USER_CODE_32,
                LongPlace.USER_CODE_64,
                LongPlace.CONFORMING,
                0xE8,
                0xF8,
                0x103,
                0x88,
                0x9B,
                0xA8,
                0xB8,
                0xC8);
    }

    /** The index of a model-specific register. */
    long msr() {
        return MSRS[random.nextInt(MSRS.length)] & 0xFFFFFFFFL;
    }

    /** What WRMSR shall write there: good, not canonical, with reserved bits. */
    long msrValue(int index) {
        return switch (index) {
            case 0xC0000080 ->
                pick(0xD01, 0xD00, 0x501, 0x901, 0xC01, 0xF01, 0x1D01, 0xFFFFFFFFL, 0x100000D01L, 1, 0x101);
            case 0x277 ->
                pick(0x0007040600070406L, 0x0106000701050400L, 2, 0x300, 0x0807040600070406L, -1, 0x0505050505050505L);
            case 0xC0000084 -> pick(0x47700, 0x1_0000_0000L, -1, 0);
            default -> random.nextInt(3) == 0 ? random.nextLong() : pick(0, 8, 0x10000, pick(ADDRESSES));
        };
    }

    /** What XSETBV shall write. */
    long components() {
        return pick(1, 3, 7, 0, 2, 5, 6, 0x400, 0x200, 0x203, 0x207, 0x8000000000000001L, 0x100000001L, 0xE7);
    }

    /**
     * What shall be moved into a control register; the kernel's tables stay in force.
     *
     * @param register its number
     * @param cr4 what CR4 holds
     */
    long control(int register, long cr4) {
        long high = random.nextInt(8) == 0 ? 1L << 32 + random.nextInt(32) : 0;
        return high
                | switch (register) {
                    case 0 ->
                        pick(
                                0x80000011L,
                                0x80010011L,
                                0x8005003FL,
                                0x80000001L,
                                0xE0000011L,
                                0xC0000011L,
                                0xA0000011L,
                                0x9FFEFF91L);
                    case 3 -> LongPlace.TABLES | pick(0, 0, 8, 0x10, 1, 0xFFF, 0x7E0);
                    case 4 ->
                        pick(cr4, LongPlace.HOME_CR4)
                                ^ pick(
                                        0, 0x1000, 0x80, 0x10, 0x40000, 0x100000, 0x200000, 0x800, 0x10000, 0x20000,
                                        0x2000, 0x4000, 0x8000, 0x80000, 0x400000, 4, 8, 0x600, 0x100);
                    case 8 -> pick(0, 1, 15, 16, 0xFF, 7);
                    default -> random.nextLong();
                };
    }
}
