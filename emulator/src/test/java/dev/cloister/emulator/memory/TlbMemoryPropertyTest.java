package dev.cloister.emulator.memory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.mmu.WalkContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The software TLB against a walk for every access. Tables change at random, and what the manual demands is invalidated, no more (Intel
 * SDM volume 3, 4.10.4): each value, fault, error code, accessed and dirty flag, and device access must be the same.
 */
class TlbMemoryPropertyTest {
    private static final int STEPS = 30_000;
    private static final int ENTRIES = 64;
    private static final long CR4_PCIDE = 1L << 17;

    private final PagedWorld with = new PagedWorld();
    private final PagedWorld without = new PagedWorld();
    private final WalkContext literalContext = new WalkContext(40, true);
    private final PagedMemory literal = new PagedMemory(without.state, without.bus(), literalContext);
    private final TlbMemory tlb = new TlbMemory(with.state, with.memory, with, new WalkContext(40, true), ENTRIES);
    /** Whether a space has changed while another was in use, so that the switch to it must flush. */
    private final boolean[] stale = new boolean[RandomTables.SPACES];

    private Random random;
    private RandomTables tables;
    private int space;
    private int hits;
    private int faults;

    @ParameterizedTest
    @CsvSource({"LEGACY, 1", "LEGACY, 2", "PAE, 3", "PAE, 4", "FOUR, 5", "FOUR, 6", "FOUR, 7", "FIVE, 8", "FIVE, 9"})
    void agreesWithAWalkForEveryAccess(RandomTables.Mode mode, long seed) {
        random = new Random(seed);
        tables = new RandomTables(mode, random, with, without);
        registers(mode);
        for (int step = 0; step < STEPS; step++) {
            String what = "seed " + seed + " step " + step;
            switch (random.nextInt(20)) {
                case 0 -> changeTables();
                case 1 -> switchSpace();
                case 2 -> changeRegisters();
                default -> access(what);
            }
            if (step % 64 == 0) {
                assertThat(with.tables.mismatch(without.tables))
                        .as("tables, %s", what)
                        .isEqualTo(-1);
                assertThat(with.data.mismatch(without.data))
                        .as("data, %s", what)
                        .isEqualTo(-1);
                assertThat(with.deviceLog).as("device accesses, %s", what).isEqualTo(without.deviceLog);
            }
        }
        assertThat(hits).isGreaterThan(STEPS / 8);
        assertThat(faults).isGreaterThan(STEPS / 50);
    }

    private void registers(RandomTables.Mode mode) {
        long cr4 = switch (mode) {
            case LEGACY -> 1 << 4;
            case PAE -> 1 << 5;
            case FOUR -> 1 << 5 | CR4_PCIDE;
            case FIVE -> 1 << 5 | 1 << 12;
        };
        boolean isLong = mode.compareTo(RandomTables.Mode.FOUR) >= 0;
        for (PagedWorld world : List.of(with, without)) {
            world.state.setCr0(0x8001_0011L);
            world.state.setCr4(cr4 | 1 << 7);
            world.state.setEfer(isLong ? 0xD00 : 0x800);
            world.state.setCr3(cr3());
            world.setCpl(0);
        }
        tlb.refresh();
    }

    private boolean hasPcids() {
        return (with.state.cr4() & CR4_PCIDE) != 0;
    }

    private long cr3() {
        return tables.root(space) | (hasPcids() ? space : 0);
    }

    private void switchSpace() {
        space = random.nextInt(RandomTables.SPACES);
        with.state.setCr3(cr3());
        without.state.setCr3(cr3());
        boolean keep = hasPcids() && !stale[space] && random.nextInt(4) != 0;
        tlb.loadedCr3(keep);
        stale[space] = false;
    }

    /** Replaces an entry, and invalidates as an operating system must: by page, by PCID, or everything. */
    private void changeTables() {
        RandomTables.Slot slot = tables.slots.get(random.nextInt(tables.slots.size()));
        boolean wasPresent = tables.isPresent(slot);
        tables.randomize(slot);
        if (!wasPresent && random.nextBoolean()) {
            // What was not present is not in any TLB.
            return;
        }
        boolean shared = slot.space() < 0;
        int how = random.nextInt(4);
        if (how == 0) {
            tlb.invalidatePcid(2, 0, 0);
        } else if (how == 1 && !shared && hasPcids()) {
            tlb.invalidatePcid(1, slot.space(), 0);
        } else if (how == 2 && !shared && !hasPcids()) {
            tlb.loadedCr3(false);
        } else {
            invalidatePages(slot);
        }
    }

    private void invalidatePages(RandomTables.Slot changed) {
        for (int each = 0; each < RandomTables.SPACES; each++) {
            for (RandomTables.Slot slot : tables.slots) {
                if (tables.maps(changed, slot.linear(), each)) {
                    invalidatePage(slot, each);
                }
            }
        }
    }

    private void invalidatePage(RandomTables.Slot slot, int each) {
        // A slot's first two pages are all that the test touches of it.
        for (long linear : new long[] {slot.linear(), slot.linear() + 4096, slot.linear() + 8192}) {
            if (each == space) {
                tlb.invalidateTranslation(linear + random.nextInt(4096));
            } else if (!hasPcids() || random.nextInt(4) == 0) {
                stale[each] = true;
            } else {
                tlb.invalidatePcid(0, each, linear);
            }
        }
    }

    private void changeRegisters() {
        int which = random.nextInt(8);
        int pkru = random.nextInt(3) == 0 ? 0 : random.nextInt();
        int cpl = random.nextBoolean() ? 3 : 0;
        for (PagedWorld world : List.of(with, without)) {
            switch (which) {
                case 0 -> world.state.setCr0(world.state.cr0() ^ 1 << 16);
                case 1 -> world.state.setCr4(world.state.cr4() ^ 1 << 20);
                case 2 -> world.state.setCr4(world.state.cr4() ^ 1 << 21);
                case 3 -> world.state.setCr4(world.state.cr4() ^ 1 << 7);
                case 4 -> world.state.setCr4(world.state.cr4() ^ 1 << 22);
                case 5 -> world.state.setEfer(world.state.efer() ^ 1 << 11);
                case 6 -> world.state.setRflags(world.state.rflags() ^ 1 << 18);
                default -> world.setCpl(cpl);
            }
        }
        if (random.nextInt(4) == 0) {
            without.state.extended().setPkru(pkru);
            tlb.setPkru(pkru);
        }
        tlb.refresh();
    }

    private void access(String what) {
        long linear = tables.linear();
        int size = 1 << random.nextInt(4);
        boolean user = with.state.cpl() == 3;
        int access = user ? LinearMemory.USER : 0;
        long value = random.nextLong();
        int kind = random.nextInt(9);
        List<Object> actual;
        List<Object> expected;
        if (kind == 6) {
            int implicit = LinearMemory.IMPLICIT;
            actual = result(() -> tlb.read(linear, size, implicit));
            expected = result(() -> literal.read(linear, size, implicit));
        } else if (kind < 3) {
            actual = result(() -> load(linear, size));
            expected = result(() -> literal.read(linear, size, access));
        } else if (kind < 6) {
            actual = result(() -> store(linear, size, value));
            expected = result(() -> {
                literal.write(linear, size, value, access);
                return 0;
            });
        } else if (kind == 7) {
            actual = fetched(tlb, linear, access);
            expected = fetched(literal, linear, access);
        } else {
            long guess = random.nextBoolean() ? value : 0;
            actual = result(() -> tlb.compareAndExchange(linear, size, guess, value, access));
            expected = result(
                    () -> literal.compareAndExchange(linear, size, guess & -1L >>> 64 - 8 * size, value, access));
        }
        assertThat(actual)
                .as("%s: access %d of %d bytes at 0x%x, cpl %d", what, kind, size, linear, with.state.cpl())
                .isEqualTo(expected);
        if (actual.size() == 1) {
            hits++;
        } else {
            faults++;
        }
    }

    private List<Object> fetched(LinearMemory memory, long linear, int access) {
        byte[] bytes = new byte[16];
        List<Object> result = new ArrayList<>(result(() -> memory.fetch(linear, bytes, 1, 15, access)));
        if (result.size() == 1) {
            // From a device a fetch gets ones, without asking it; the literal one asks.
            with.deviceLog.clear();
            without.deviceLog.clear();
        }
        return result;
    }

    private long load(long linear, int size) {
        return switch (size) {
            case 1 -> tlb.load8(linear);
            case 2 -> tlb.load16(linear);
            case 4 -> tlb.load32(linear);
            default -> tlb.load64(linear);
        };
    }

    private long store(long linear, int size, long value) {
        switch (size) {
            case 1 -> tlb.store8(linear, value);
            case 2 -> tlb.store16(linear, value);
            case 4 -> tlb.store32(linear, value);
            default -> tlb.store64(linear, value);
        }
        return 0;
    }

    /** The value, or vector, error code and address. */
    private static List<Object> result(java.util.function.LongSupplier access) {
        try {
            return List.of(access.getAsLong());
        } catch (CpuException e) {
            return List.of(e.vector(), e.errorCode(), e.faultAddress());
        }
    }
}
