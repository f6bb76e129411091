package dev.cloister.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.mmu.shadow.DomainFrames;
import dev.cloister.mmu.shadow.ShadowInvariant;
import dev.cloister.mmu.shadow.ShadowLayout;
import dev.cloister.mmu.shadow.ShadowTables;
import dev.cloister.mmu.shadow.ShadowTables.Fill;
import dev.cloister.mmu.shadow.TableChanges;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Shadow tables of a guest that tries everything: entries that lead to the shadow tables, to nowhere, to ROM; changes with and without
 * flags; address spaces with and without PCIDs. A processor with a TLB of its own walks the real tables by {@link ReferenceWalker}, and what
 * it may do is compared with what the same literal walker says of the guest's tables.
 */
class ShadowTablesPropertyTest {
    private static final int STEPS = 12_000;
    private static final int SPACES = 3;
    private static final int FAN_OUT = 2;
    private static final long TABLES = 0x4000_0000L;
    private static final long ROM = 0x8000_0000L;
    private static final long WINDOW = 0x9000_0000L;
    private static final long POOL = 1L << 40;
    private static final long MONITOR = 0xABC_D000L | 0x23;
    private static final int POOL_TABLES = 12;
    private static final int DATA_PAGES = 1024;
    private static final long[] PLACES = {
        0, 0x1000, 0x20_0000, 0x20_1000, 0x4000_0000L, 0x4000_1000L, 0x4020_0000L, 0x80_0000_0000L, 0x80_0000_1000L
    };

    /** An entry of the guest's tables: its place and level, and the first address that it maps. */
    private record Slot(long gpa, int level, long linear, long child, int space) {}

    private final GuestMemory memory = GuestMemory.builder()
            .ram("data", 0, pages(DATA_PAGES))
            .ram("tables", TABLES, pages(64))
            .rom("rom", ROM, pages(1))
            .build();
    private final GuestMemory monitor =
            GuestMemory.builder().ram("pool", POOL, pages(POOL_TABLES)).build();
    private final ReferenceWalker guestWalker = new ReferenceWalker(memory);
    private final ReferenceWalker processorWalker = new ReferenceWalker(monitor);
    private final PageWalker walker = new PageWalker(memory);
    private final WalkContext context = new WalkContext(46, true);
    private final Processor processor = new Processor();
    private final WriteWatch.Observer observer = memory.watch().observe(CodeWatcher.NONE);
    private final ShadowTables shadow = new ShadowTables(
            new ShadowLayout(POOL, POOL_TABLES, 4, 511, MONITOR), new DomainFrames(memory), walker, processor, 2, true);
    private final List<Slot> slots = new ArrayList<>();
    private final boolean[] stale = new boolean[SPACES];
    private final Map<Fill, Integer> fills = new EnumMap<>(Fill.class);
    private Random random;
    private int space;
    private int pkru;
    private boolean windowMapped;
    private int nextTable = SPACES;
    private int direct;

    private static MemorySegment pages(int count) {
        return Arena.ofAuto().allocate((long) count * 4096, 4096);
    }

    /** The real processor: its tables, and a TLB that forgets only what it is told to. */
    private final class Processor implements TableChanges {
        private final Map<Long, ReferenceWalker.Answer> cached = new HashMap<>();
        private long root = -1;

        @Override
        public void clear(long tableGpa) {
            assertThat(root >= 0 && isReachable(root, 4, tableGpa))
                    .as("the processor can still walk what is cleared")
                    .isFalse();
            monitor.write(tableGpa, new byte[4096], 0, 4096);
        }

        @Override
        public void write(long entryGpa, long before, long value) {
            assertThat(monitor.readLong(entryGpa)).isEqualTo(before);
            monitor.writeLong(entryGpa, value);
        }

        @Override
        public void invalidate(long linear) {
            cached.keySet().removeIf(key -> key >>> 3 == linear >>> 12);
        }

        @Override
        public void invalidateAll() {
            cached.clear();
        }

        private boolean isReachable(long table, int level, long wanted) {
            if (table == wanted) {
                return true;
            }
            boolean found = false;
            for (int index = 0; level > 1 && index < 511; index++) {
                long entry = monitor.readLong(table + 8 * index);
                found |= (entry & 1) != 0 && isReachable(entry & 0xF_FFFF_FFFF_F000L, level - 1, wanted);
            }
            return found;
        }

        /** Guest code is about to run. */
        void run() {
            if (shadow.root() != root) {
                root = shadow.root();
                cached.clear();
            }
            shadow.applied();
        }

        /** The guest-physical address of an access, or -1 for a page fault. */
        long access(long linear, AccessKind kind) {
            run();
            long key = linear >>> 12 << 3 | kind.ordinal();
            ReferenceWalker.Answer answer = cached.get(key);
            if (answer == null) {
                answer = processorWalker.ask(question(linear, kind, root, true));
                if (!answer.fault) {
                    cached.put(key, answer);
                }
            }
            return answer.fault ? -1 : answer.physical & -4096L | linear & 4095;
        }
    }

    private ReferenceWalker.Question question(long linear, AccessKind kind, long cr3, boolean real) {
        ReferenceWalker.Question q = new ReferenceWalker.Question();
        q.cr0 = 0x8001_0001L;
        q.cr3 = cr3;
        q.cr4 = real ? 0x20 : 0x20 | 1 << 22;
        q.efer = 0x900;
        q.cpl = 3;
        q.pkru = real ? 0 : pkru;
        q.maxPhyAddr = 46;
        q.page1GB = true;
        q.linear = linear;
        q.write = kind == AccessKind.WRITE;
        q.fetch = kind == AccessKind.EXECUTE;
        return q;
    }

    private long cr3() {
        return TABLES + space * 4096L;
    }

    private void makeTables() {
        for (int each = 0; each < SPACES; each++) {
            addLevel(TABLES + each * 4096L, 4, 0, each);
        }
        slots.forEach(this::randomize);
        setContext();
    }

    private void setContext() {
        context.set(0x8001_0001L, cr3(), 0x20 | 1 << 22, 0x900, 3, 0).protectionKeys(pkru, 0);
    }

    private void addLevel(long table, int level, long base, int owner) {
        int fanOut = level <= 2 || level == 4 ? FAN_OUT : 1;
        for (int index = 0; index < fanOut; index++) {
            long child = level == 1 ? 0 : TABLES + 4096L * nextTable++;
            long linear = base + ((long) index << 12 + 9 * (level - 1));
            slots.add(new Slot(table + 8 * index, level, linear, child, owner));
            if (level > 1) {
                addLevel(child, level - 1, linear, owner);
            }
        }
    }

    private void randomize(Slot slot) {
        int rarely = slot.level == 1 ? 8 : 40;
        long entry = random.nextInt(rarely) == 0 ? 0 : 1;
        entry |= random.nextInt(rarely) == 0 ? 0 : 2;
        entry |= random.nextInt(rarely) == 0 ? 0 : 4;
        entry |= random.nextInt(4) << 5 | (random.nextInt(rarely) == 0 ? 1L << 63 : 0);
        boolean large = (slot.level == 2 || slot.level == 3) && random.nextInt(4) == 0;
        if (slot.level == 1) {
            entry |= frame() | (random.nextInt(6) == 0 ? (long) random.nextInt(16) << 59 : 0);
        } else if (large) {
            entry |= 0x80 | (slot.level == 2 ? random.nextInt(4) * 0x20_0000L : random.nextInt(2) * POOL);
        } else {
            entry |= slot.child;
        }
        memory.writeLong(slot.gpa, entry);
    }

    private long frame() {
        return switch (random.nextInt(14)) {
            case 0 -> ROM;
            case 1 -> WINDOW;
            case 2 -> POOL + random.nextInt(POOL_TABLES) * 4096L;
            case 3 -> 0xF_0000_0000L;
            default -> random.nextInt(DATA_PAGES) * 4096L;
        };
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void grantsWhatTheGuestGrantsWithinTheDomainAndNoMore(long seed) {
        random = new Random(seed);
        makeTables();
        for (int step = 0; step < STEPS; step++) {
            String what = "seed " + seed + " step " + step;
            processor.run();
            switch (random.nextInt(40)) {
                case 0 -> changeTables();
                case 1 -> switchSpace();
                case 2 -> changeRights();
                case 3 -> changeMemory();
                case 4 -> shadow.prefill(context, linear(), 1 << random.nextInt(4));
                case 5 -> {
                    shadow.flushAll();
                    shadow.prefill(context, linear(), 8);
                }
                default -> access(what);
            }
            if (step % 16 == 0) {
                ShadowInvariant.checkAgainstGuest(shadow, context, walker);
            }
        }
        assertThat(direct).isGreaterThan(STEPS / 12);
        assertThat(fills.keySet()).contains(Fill.MAPPED, Fill.EMULATE, Fill.GUEST_REFUSES, Fill.DROPPED);
    }

    private long linear() {
        return PLACES[random.nextInt(PLACES.length)] + random.nextInt(4096);
    }

    private void access(String what) {
        long linear = linear();
        AccessKind kind = AccessKind.values()[random.nextInt(3)];
        ReferenceWalker.Answer guest = guestWalker.ask(question(linear, kind, cr3(), false));
        long gpa = processor.access(linear, kind);
        if (gpa >= 0) {
            direct++;
            assertThat(guest.fault)
                    .as("%s: %s of 0x%x granted", what, kind, linear)
                    .isFalse();
            assertThat(gpa).as("%s: %s of 0x%x", what, kind, linear).isEqualTo(guest.physical);
            assertThat(memory.contains(gpa, 1, kind == AccessKind.WRITE)).isTrue();
            for (long entry : guest.entryAddresses) {
                assertThat(memory.readByte(entry) & 0x20)
                        .as("%s: accessed flag", what)
                        .isNotZero();
            }
            return;
        }
        Fill fill = shadow.fill(context, linear, kind);
        fills.merge(fill, 1, Integer::sum);
        switch (fill) {
            case MAPPED -> assertThat(processor.access(linear, kind)).as(what).isEqualTo(guest.physical);
            case GUEST_REFUSES -> {
                assertThat(guest.fault)
                        .as("%s: %s of 0x%x refused", what, kind, linear)
                        .isTrue();
                assertThat(shadow.translation().errorCode()).as(what).isEqualTo(guest.errorCode);
            }
            case EMULATE -> {
                assertThat(guest.fault).as(what).isFalse();
                assertThat(processor.access(linear, kind)).as(what).isEqualTo(-1);
            }
            case DROPPED -> {
                assertThat(processor.access(linear, kind)).as(what).isEqualTo(-1);
                assertThat(shadow.fill(context, linear, kind)).as(what).isNotEqualTo(Fill.DROPPED);
            }
        }
    }

    private void changeTables() {
        Slot slot = slots.get(random.nextInt(slots.size()));
        boolean wasPresent = (memory.readLong(slot.gpa) & 1) != 0;
        boolean wasLarge = slot.level > 1 && (memory.readLong(slot.gpa) & 0x80) != 0;
        randomize(slot);
        if (!wasPresent && random.nextBoolean()) {
            return;
        }
        switch (random.nextInt(3)) {
            case 0 -> shadow.flushAll();
            case 1 -> shadow.flush(slot.space);
            default -> {
                if (slot.space != space && random.nextBoolean()) {
                    stale[slot.space] = true;
                } else if (wasLarge) {
                    // Any address of a large page stands for all of it.
                    shadow.invalidatePage(slot.linear + random.nextInt(0x20_0000));
                } else {
                    invalidatePages(slot);
                }
            }
        }
    }

    private void invalidatePages(Slot changed) {
        int shift = 12 + 9 * (changed.level - 1);
        for (long place : PLACES) {
            if (place >>> shift == changed.linear >>> shift) {
                shadow.invalidatePage(place + random.nextInt(4096));
            }
        }
    }

    private void switchSpace() {
        space = random.nextInt(SPACES);
        shadow.loadedCr3(space, !stale[space] && random.nextInt(4) != 0);
        stale[space] = false;
        setContext();
    }

    private void changeRights() {
        pkru = random.nextInt(2) == 0 ? 0 : random.nextInt() & ~3;
        shadow.protectionKeysChanged();
        setContext();
    }

    private void changeMemory() {
        if (random.nextBoolean()) {
            if (windowMapped) {
                memory.unmap("window");
            } else {
                memory.map(new Region("window", Region.Kind.SHARED, WINDOW, pages(1)));
            }
            windowMapped = !windowMapped;
        } else {
            long gpa = random.nextInt(DATA_PAGES) * 4096L;
            if (random.nextBoolean()) {
                observer.markCode(gpa, 64);
            } else {
                memory.writeByte(gpa, (byte) 1);
            }
        }
        shadow.reconsider();
    }
}
