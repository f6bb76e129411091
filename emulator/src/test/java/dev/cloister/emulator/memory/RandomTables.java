package dev.cloister.emulator.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Random page tables over a few linear addresses: the first top-level slot belongs to each address space alone, the second is shared by
 * all and the only one with global pages. Every table has its frame in {@link PagedWorld#TABLES}, so that any entry can be replaced at
 * any time, and no mapping leads to a table.
 */
final class RandomTables {
    /** Paging modes by the shifts of their levels, root first. */
    enum Mode {
        LEGACY(4, 22, 12),
        PAE(8, 30, 21, 12),
        FOUR(8, 39, 30, 21, 12),
        FIVE(8, 48, 39, 30, 21, 12);

        final int entryBytes;
        final int[] shifts;

        Mode(int entryBytes, int... shifts) {
            this.entryBytes = entryBytes;
            this.shifts = shifts;
        }
    }

    /** One entry of one table: where it lies, its level (0 is the root), the linear address that it begins to map, for one space or all. */
    record Slot(int offset, int level, long linear, int space, int childOffset) {}

    static final int SPACES = 3;
    private static final int FAN_OUT = 2;
    private static final int SHARED = -1;

    final Mode mode;
    final List<Slot> slots = new ArrayList<>();
    private final PagedWorld[] worlds;
    private final Random random;
    private int nextTable = SPACES;

    RandomTables(Mode mode, Random random, PagedWorld... worlds) {
        this.mode = mode;
        this.random = random;
        this.worlds = worlds;
        int sharedTable = mode.shifts.length > 1 ? nextTable++ : 0;
        for (int space = 0; space < SPACES; space++) {
            int own = nextTable++;
            slots.add(new Slot(space * 4096, 0, 0, space, own * 4096));
            // All spaces reach the shared part with the same rights, as global pages demand.
            put(
                    space * 4096 + sharedIndex() * mode.entryBytes,
                    PagedWorld.TABLES + sharedTable * 4096 | (mode == Mode.PAE ? 1 : 7));
            addLevel(own, 1, 0, space);
        }
        addLevel(sharedTable, 1, sharedBase(), SHARED);
        slots.forEach(this::randomize);
    }

    private int sharedIndex() {
        return mode == Mode.PAE ? 3 : mode == Mode.LEGACY ? 512 : 256;
    }

    private long sharedBase() {
        int shift = mode.shifts[0];
        long base = (long) sharedIndex() << shift;
        return mode == Mode.FOUR ? base << 16 >> 16 : mode == Mode.FIVE ? base << 7 >> 7 : base;
    }

    private void addLevel(int table, int level, long base, int space) {
        for (int index = 0; index < FAN_OUT; index++) {
            boolean last = level == mode.shifts.length - 1;
            int child = last ? 0 : nextTable++;
            long linear = base + ((long) index << mode.shifts[level]);
            slots.add(new Slot(table * 4096 + index * mode.entryBytes, level, linear, space, child * 4096));
            if (!last) {
                addLevel(child, level + 1, linear, space);
            }
        }
    }

    long root(int space) {
        return PagedWorld.TABLES + space * 4096L;
    }

    boolean isPresent(Slot slot) {
        return (worlds[0].memory.readByte(PagedWorld.TABLES + slot.offset) & 1) != 0;
    }

    /** Any linear address that some slot of the last level maps, or a little beyond. */
    long linear() {
        Slot slot = slots.get(random.nextInt(slots.size()));
        long offset = random.nextInt(4) == 0 ? 4096 - random.nextInt(9) : random.nextInt(4096 * FAN_OUT);
        return slot.linear + offset;
    }

    /** Whether an address is translated through a slot, in the given space. */
    boolean maps(Slot slot, long linear, int space) {
        if (slot.space != SHARED && slot.space != space) {
            return false;
        }
        int shift = mode.shifts[slot.level];
        return linear >>> shift == slot.linear >>> shift;
    }

    void randomize(Slot slot) {
        long entry = random.nextInt(10) == 0 ? 0 : 1;
        entry |= random.nextInt(5) == 0 ? 0 : 2;
        entry |= random.nextInt(4) == 0 ? 0 : 4;
        entry |= random.nextInt(4) << 5;
        boolean leaf = slot.level == mode.shifts.length - 1;
        boolean root = slot.level == 0;
        int shift = mode.shifts[slot.level];
        boolean large = !leaf && (shift == 21 || shift == 22 || shift == 30 && !root) && random.nextInt(4) == 0;
        if (leaf) {
            entry |= frame() | (slot.space == SHARED ? (long) random.nextInt(2) << 8 : 0);
        } else if (large) {
            entry |= 0x80 | (shift == 21 ? (long) random.nextInt(2) << 21 : 0);
            entry |= slot.space == SHARED ? (long) random.nextInt(2) << 8 : 0;
        } else {
            entry |= PagedWorld.TABLES + slot.childOffset;
        }
        entry |= mode.entryBytes == 8 ? wideBits(root) : 0;
        if (mode == Mode.PAE && root) {
            entry &= ~0x8000_0000_0000_01E6L;
        }
        put(slot.offset, entry);
    }

    private void put(int offset, long entry) {
        for (PagedWorld world : worlds) {
            if (mode.entryBytes == 8) {
                world.memory.writeLong(PagedWorld.TABLES + offset, entry);
            } else {
                world.memory.writeInt(PagedWorld.TABLES + offset, (int) entry);
            }
        }
    }

    private long wideBits(boolean root) {
        long bits = random.nextInt(8) == 0 ? 1L << 63 : 0;
        if (random.nextInt(40) == 0) {
            bits |= 1L << 51;
        }
        if (mode != Mode.PAE && !root && random.nextInt(3) == 0) {
            bits |= (long) random.nextInt(16) << 59;
        }
        return bits;
    }

    private long frame() {
        return switch (random.nextInt(12)) {
            case 0 -> PagedWorld.ROM;
            case 1 -> PagedWorld.WINDOW;
            case 2 -> PagedWorld.HOLE;
            default -> random.nextInt(PagedWorld.DATA_BYTES / 4096) * 4096L;
        };
    }
}
