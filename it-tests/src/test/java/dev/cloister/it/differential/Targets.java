package dev.cloister.it.differential;

import java.util.Random;

/** Addresses for memory operands: mostly in the patch, also where pages end, and where nothing may be touched. */
final class Targets {
    private final Random random;

    Targets(Random random) {
        this.random = random;
    }

    /** Within the patch of the case, mostly aligned to the size. */
    long inPatch(TestCase c, int size) {
        int room = Math.max(1, Layout.PATCH_BYTES - size);
        long target = Layout.DATA_LINEAR + c.patchOffset + random.nextInt(room);
        int alignment = size >= 512 ? 64 : Integer.highestOneBit(Math.clamp(size, 1, 64));
        return random.nextInt(5) == 0 ? target : target & -(long) alignment;
    }

    /** For a stack pointer. */
    long stack(TestCase c) {
        return switch (random.nextInt(16)) {
            case 0 -> Layout.DATA_LINEAR + random.nextInt(24);
            case 1 -> Layout.DATA_LINEAR + Layout.DATA_BYTES - random.nextInt(24);
            case 2 -> Layout.DATA_LINEAR + Layout.PAGE + random.nextInt(24) - 12;
            case 3 -> random.nextInt(4) == 0 ? 0x800000000000L + random.nextInt(9) : inPatch(c, 1);
            default -> inPatch(c, 64) & -8L;
        };
    }

    /**
     * Anywhere.
     *
     * @param size of the operand
     * @param far whether addresses beyond 2 GiB can be reached
     */
    long any(TestCase c, int size, boolean far) {
        int some = random.nextInt(Math.clamp(size, 1, 64));
        return switch (random.nextInt(32)) {
            case 0, 1 -> Layout.DATA_LINEAR + Layout.PAGE - some;
            case 2 -> Layout.DATA_LINEAR + Layout.DATA_BYTES - some;
            case 3 -> Layout.DATA_LINEAR + Layout.DATA_BYTES - size;
            case 4 -> Layout.DATA_LINEAR - some;
            case 5 -> Layout.READ_ONLY_LINEAR + random.nextInt(64) * 64;
            case 6 -> Layout.SUPERVISOR_LINEAR - some;
            case 7 -> 0x30000000L + random.nextInt(1 << 20);
            case 8 -> far ? 0x800000000000L - some : inPatch(c, size);
            case 9 -> far ? random.nextLong() | 1L << 62 : inPatch(c, size);
            case 10 -> Layout.CODE_LINEAR + random.nextInt(Layout.CODE_BYTES);
            default -> inPatch(c, size);
        };
    }
}
