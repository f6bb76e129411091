package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.cloister.emulator.cpu.SegmentRegister;
import java.lang.foreign.MemorySegment;

/**
 * The segments that cases of 16- and 32-bit code may use: those of Linux's GDT, and a local descriptor table that a process can give
 * itself (modify_ldt(2)): code and data of both sizes, bounded, expanding down, read-only, execute-only, not present. All have DPL 3.
 */
final class Segments {
    private static final int CODE = 2;
    private static final int DOWN = 1;
    private static final int CONFORMING = 3;
    private static final int BIG = 1;
    private static final int FIXED = 8;
    private static final int PAGES = 16;
    private static final int ABSENT = 32;
    private static final int AVAILABLE = 64;

    /** Base, limit as in the descriptor, and the bits of Linux's struct user_desc, with the contents at bits 1 and 2. */
    private static final long[][] TABLE = {
        {Layout.CODE_LINEAR, 0x1FFF, CODE << 1},
        {Layout.CODE_LINEAR, 0x1FFF, CODE << 1 | BIG},
        {Layout.CODE_LINEAR - 0x10, 0x87F, CODE << 1 | AVAILABLE},
        {Layout.CODE_LINEAR, 1, CODE << 1 | BIG | PAGES | FIXED},
        {Layout.CODE_LINEAR, 0x83F, CODE << 1 | BIG | FIXED},
        {Layout.DATA_LINEAR, 0x1FFF, 0},
        {Layout.DATA_LINEAR, 0x1FFF, BIG},
        {Layout.DATA_LINEAR, 0xFFFF, 0},
        {Layout.DATA_LINEAR, 0x17FB, BIG | AVAILABLE},
        {Layout.DATA_LINEAR + 0x2000 - 0x10000, 0xE7FF, DOWN << 1},
        {Layout.DATA_LINEAR + 0x2000, 0xFFFFE, DOWN << 1 | BIG | PAGES},
        {Layout.DATA_LINEAR, 0x1FFF, FIXED},
        {Layout.DATA_LINEAR, 0x1FFF, ABSENT},
        {Layout.CODE_LINEAR, 0x1FFF, CODE << 1 | ABSENT},
        {Layout.CODE_LINEAR, 0x1FFF, CONFORMING << 1 | ABSENT},
        {Layout.DATA_LINEAR, 1, BIG | PAGES},
        {Layout.DATA_LINEAR + 0x800, 0x6FF, 0},
        {Layout.DATA_LINEAR + 0x2000 - 0x10000, 0xEFFF, DOWN << 1 | FIXED},
        {0xFFFFF000L, 0xFFFFF, BIG | PAGES},
    };

    static final int LIMIT = TABLE.length * 8 - 1;

    static final int[] CODE_16 = {local(0), local(2)};
    static final int[] CODE_32 = {Layout.FLAT_CODE, Layout.FLAT_CODE, local(1), local(3), local(4)};
    static final int[] DATA = {
        Layout.USER_DATA,
        Layout.USER_DATA,
        local(5),
        local(6),
        local(7),
        local(8),
        local(9),
        local(10),
        local(11),
        local(15),
        local(16),
        local(17),
        local(18)
    };
    static final int[] STACK = {
        Layout.USER_DATA,
        Layout.USER_DATA,
        local(5),
        local(6),
        local(7),
        local(8),
        local(9),
        local(10),
        local(15),
        local(16)
    };

    private Segments() {}

    private static int local(int index) {
        return index << 3 | 7;
    }

    /** A hidden part of a segment register. */
    record Segment(int selector, long base, long limit, int attributes) {
        void load(SegmentRegister register) {
            register.set(selector, base, (int) limit, attributes);
        }

        boolean isBig() {
            return (attributes & SegmentRegister.DEFAULT_BIG) != 0;
        }

        boolean isDown() {
            return (attributes & 0x1C) == 0x14;
        }
    }

    private static final Segment NULL = new Segment(0, 0, 0, SegmentRegister.UNUSABLE);
    private static final Segment[] LOCAL = new Segment[TABLE.length];

    static {
        for (int n = 0; n < TABLE.length; n++) {
            long limit = (TABLE[n][2] & PAGES) != 0 ? TABLE[n][1] << 12 | 0xFFF : TABLE[n][1];
            LOCAL[n] = new Segment(local(n), TABLE[n][0], limit, attributes(n));
        }
    }

    private static int attributes(int n) {
        long bits = TABLE[n][2];
        int type = 1 | ((bits & FIXED) == 0 ? 2 : 0) | (int) (bits >> 1 & 3) << 2;
        return type
                | 0x70
                | ((bits & ABSENT) == 0 ? 0x80 : 0)
                | ((bits & AVAILABLE) != 0 ? 0x1000 : 0)
                | ((bits & BIG) != 0 ? 0x4000 : 0)
                | ((bits & PAGES) != 0 ? 0x8000 : 0);
    }

    /** What a selector loads; a null one where the tables have no such segment. */
    static Segment of(int selector) {
        if ((selector & 4) != 0) {
            return selector >> 3 < LOCAL.length ? LOCAL[selector >> 3] : NULL;
        }
        return switch (selector) {
            case Layout.FLAT_CODE -> new Segment(selector, 0, 0xFFFFFFFFL, 0xC0FB);
            case Layout.USER_DATA -> new Segment(selector, 0, 0xFFFFFFFFL, 0xC0F3);
            case Layout.USER_CODE -> new Segment(selector, 0, 0xFFFFFFFFL, 0xA0FB);
            default -> NULL;
        };
    }

    /** Any selector of the local table, of Linux's segments for user code, a null one, or one beyond the tables. */
    static int any(java.util.Random random) {
        return switch (random.nextInt(12)) {
            case 0 -> random.nextInt(4);
            case 1 -> Layout.USER_DATA & ~3 | random.nextInt(4);
            case 2 -> Layout.FLAT_CODE & ~3 | random.nextInt(4);
            case 3 -> Layout.USER_CODE & ~3 | random.nextInt(4);
            case 4 -> LIMIT + 1 | 4 | random.nextInt(4);
            case 5 -> random.nextBoolean() ? 0xFFF8 | random.nextInt(4) : 0x10 | random.nextInt(4);
            default -> random.nextInt(TABLE.length) << 3 | 4 | (random.nextInt(4) == 0 ? random.nextInt(4) : 3);
        };
    }

    /** Writes the local table into the emulator's memory. */
    static void fill(MemorySegment ram) {
        for (int n = 0; n < TABLE.length; n++) {
            long base = TABLE[n][0];
            long descriptor = TABLE[n][1] & 0xFFFF
                    | (base & 0xFFFFFF) << 16
                    | (attributes(n) & 0xFFL) << 40
                    | (TABLE[n][1] >> 16 & 15) << 48
                    | (attributes(n) & 0xF000L) << 40
                    | (base >>> 24 & 0xFF) << 56;
            ram.set(JAVA_LONG_UNALIGNED, Layout.LDT + 8L * n, descriptor);
        }
    }

    /**
     * The same for modify_ldt, as lines of assembly.
     *
     * @param filled whether there are any
     */
    static String source(boolean filled) {
        StringBuilder text = new StringBuilder("align 8\nlocal_table:\n");
        for (int n = 0; n < TABLE.length && filled; n++) {
            text.append("dd ")
                    .append(n)
                    .append(", ")
                    .append(TABLE[n][0])
                    .append(", ")
                    .append(TABLE[n][1])
                    .append(", ")
                    .append(TABLE[n][2])
                    .append('\n');
        }
        return text.append("local_table_end:\n").toString();
    }
}
