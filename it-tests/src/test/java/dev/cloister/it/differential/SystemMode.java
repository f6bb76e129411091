package dev.cloister.it.differential;

import static dev.cloister.it.differential.SystemPlace.CODE;
import static dev.cloister.it.differential.SystemPlace.STACK;
import static dev.cloister.it.differential.SystemPlace.STACK_BYTES;
import static dev.cloister.it.differential.SystemPlace.WORLD;

import dev.cloister.emulator.cpu.CpuState;
import java.util.Random;

/** The modes in which the test kernel runs cases, and the segments that they begin with. */
enum SystemMode {
    REAL("real", 16, SystemPlace.KIND_REAL),
    VIRTUAL("virtual-8086", 16, SystemPlace.KIND_VIRTUAL),
    SUPERVISOR_16("16-bit, CPL 0", 16, SystemPlace.KIND_SUPERVISOR),
    SUPERVISOR_32("32-bit, CPL 0", 32, SystemPlace.KIND_SUPERVISOR),
    USER_16("16-bit, CPL 3", 16, SystemPlace.KIND_OUTWARD),
    USER_32("32-bit, CPL 3", 32, SystemPlace.KIND_OUTWARD);

    private static final int[] HEADER_PLACES = {
        SystemPlace.ES, SystemPlace.FRAME + 4, SystemPlace.FRAME + 16, SystemPlace.DS, SystemPlace.FS, SystemPlace.GS
    };

    final String title;
    final int bits;
    final int kind;

    SystemMode(String title, int bits, int kind) {
        this.title = title;
        this.bits = bits;
        this.kind = kind;
    }

    private boolean isSegmented() {
        return kind == SystemPlace.KIND_REAL || kind == SystemPlace.KIND_VIRTUAL;
    }

    /**
     * Chooses segments, stack and flags.
     *
     * @param narrow whether all segments shall be within reach of 16-bit addresses
     */
    void enter(SystemCase c, Random random, boolean narrow) {
        for (int place : new int[] {SystemPlace.ES, SystemPlace.DS, SystemPlace.FS, SystemPlace.GS}) {
            c.set(place, data(random, narrow));
        }
        int cs = isSegmented() ? WORLD >> 4 : code();
        int ss = isSegmented() ? WORLD >> 4 : stack(random, narrow);
        int esp = STACK + STACK_BYTES - 0x100 - random.nextInt(0x40) * (random.nextInt(4) == 0 ? 1 : 4);
        boolean big = !isSegmented() && isBig(c, ss);
        int upper = random.nextBoolean() && kind != SystemPlace.KIND_REAL ? random.nextInt() << 16 : 0;
        c.enter(cs, CODE + c.codeOffset + (bits == 32 ? WORLD : 0), ss, big ? esp + WORLD : esp | upper);
        int flags = c.get(SystemPlace.FLAGS);
        c.set(SystemPlace.FLAGS, kind == SystemPlace.KIND_VIRTUAL ? flags | 0x20000 : flags);
    }

    private int code() {
        return switch (this) {
            case SUPERVISOR_16 -> SystemPlace.CODE_16;
            case SUPERVISOR_32 -> SystemPlace.CODE_32;
            case USER_16 -> SystemPlace.USER_CODE_16;
            default -> SystemPlace.USER_CODE_32;
        };
    }

    private int stack(Random random, boolean only) {
        boolean narrow = only || random.nextBoolean();
        if (kind == SystemPlace.KIND_SUPERVISOR) {
            return narrow ? SystemPlace.DATA_16 : SystemPlace.DATA_32;
        }
        return narrow ? SystemPlace.USER_DATA_16 : SystemPlace.USER_DATA_32;
    }

    private int data(Random random, boolean only) {
        if (isSegmented()) {
            return random.nextInt(4) == 0 ? 0xFF0 : WORLD >> 4;
        }
        boolean narrow = only || random.nextBoolean();
        boolean user = kind == SystemPlace.KIND_OUTWARD || random.nextInt(4) == 0;
        if (user) {
            return narrow ? SystemPlace.USER_DATA_16 : SystemPlace.USER_DATA_32;
        }
        return narrow ? SystemPlace.DATA_16 : SystemPlace.DATA_32;
    }

    /** The selector that a segment register begins with, by {@link CpuState}'s order. */
    static int selector(SystemCase c, int register) {
        return c.get(HEADER_PLACES[register]);
    }

    /** The base of one of the segments that cases begin with. */
    static int base(SystemCase c, int selector) {
        if (c.get(0) == SystemPlace.KIND_REAL || c.get(0) == SystemPlace.KIND_VIRTUAL) {
            return selector << 4;
        }
        return isBig(c, selector) ? 0 : WORLD;
    }

    /** Whether it is one of the flat ones. */
    static boolean isBig(SystemCase c, int selector) {
        boolean segmented = c.get(0) == SystemPlace.KIND_REAL || c.get(0) == SystemPlace.KIND_VIRTUAL;
        return !segmented
                && switch (selector) {
                    case SystemPlace.CODE_32, SystemPlace.DATA_32, SystemPlace.USER_CODE_32, SystemPlace.USER_DATA_32 ->
                        true;
                    default -> false;
                };
    }
}
