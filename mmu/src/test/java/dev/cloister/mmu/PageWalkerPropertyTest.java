package dev.cloister.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The walker against {@link ReferenceWalker}, on random tables, registers and accesses with fixed seeds. */
class PageWalkerPropertyTest {
    private static final int TABLES = 32;
    private static final int BYTES = TABLES * 4096;
    private static final int WALKS_PER_MEMORY = 64;
    private static final int[] WIDTHS = {52, 52, 46, 40, 39, 36, 32};

    private final MemorySegment host = Arena.ofAuto().allocate(BYTES, 4096);
    private final MemorySegment expectedTables = Arena.ofAuto().allocate(BYTES, 4096);
    private final GuestMemory memory =
            GuestMemory.builder().ram("tables", 0, host).build();
    private final ReferenceWalker reference = new ReferenceWalker(memory);
    private final PageWalker walker = new PageWalker(memory);
    private final Translation result = new Translation();

    /** Entries that mostly lead on: a table inside the memory, or random bits where they hurt. */
    private static long randomEntry(Random random, boolean wide, boolean keys) {
        long entry = random.nextInt(1, TABLES) * 4096L;
        entry |= random.nextInt(10) == 0 ? random.nextInt(0x1000) & ~1L : 0x7 & ~(1L << random.nextInt(1, 8));
        entry |= random.nextInt(12) == 0 ? 0 : 1;
        entry |= random.nextInt(4) == 0 ? 0 : 0x7;
        entry |= (random.nextInt(8) == 0 ? 1L : 0) << 7;
        entry |= (long) random.nextInt(4) << 5 & 0x60;
        if (random.nextInt(16) == 0) {
            entry |= (long) random.nextInt(0x100) << 13;
        }
        if (!wide) {
            return entry | (random.nextInt(16) == 0 ? random.nextInt() & 0xFFFF_F000L : 0);
        }
        entry |= keys ? (long) random.nextInt(16) << 59 : 0;
        entry |= (random.nextInt(8) == 0 ? 1L : 0) << 63;
        if (random.nextInt(24) == 0) {
            entry |= 1L << random.nextInt(36, 63);
        }
        return entry;
    }

    private void fill(Random random, ReferenceWalker.Mode mode) {
        boolean wide = mode != ReferenceWalker.Mode.BITS32;
        int step = wide ? 8 : 4;
        for (int offset = 0; offset < BYTES; offset += step) {
            long entry = randomEntry(random, wide, mode != ReferenceWalker.Mode.PAE);
            if (mode == ReferenceWalker.Mode.PAE && offset < 4096 && random.nextInt(8) != 0) {
                // A pointer tolerates none of the flags that other entries carry.
                entry &= ~0xFFF0_0000_0000_01E6L;
            }
            if (wide) {
                host.set(ValueLayout.JAVA_LONG, offset, entry);
            } else {
                host.set(ValueLayout.JAVA_INT, offset, (int) entry);
            }
        }
        expectedTables.copyFrom(host);
    }

    private void flag(int at, int bit) {
        expectedTables.set(ValueLayout.JAVA_BYTE, at, (byte) (expectedTables.get(ValueLayout.JAVA_BYTE, at) | bit));
    }

    private static ReferenceWalker.Question question(Random random, ReferenceWalker.Mode mode) {
        ReferenceWalker.Question q = new ReferenceWalker.Question();
        q.cr0 = random.nextInt() & 0x1_0000L | (mode == ReferenceWalker.Mode.NONE ? 0 : 1L << 31);
        q.cr4 = random.nextInt() & (1 << 4 | 1 << 7 | 1 << 20 | 1 << 21 | 1 << 22 | 1 << 24);
        q.efer = random.nextInt() & 0x800;
        switch (mode) {
            case NONE -> q.cr4 |= random.nextInt() & 0x20;
            case BITS32 -> q.efer |= random.nextInt() & 0x100;
            case PAE -> q.cr4 |= 0x20 | random.nextInt() & 0x1000;
            case LEVEL4 -> {
                q.cr4 |= 0x20;
                q.efer |= 0x100;
            }
            case LEVEL5 -> {
                q.cr4 |= 0x1020;
                q.efer |= 0x100;
            }
        }
        // Low bits of CR3 are flags, PCID or (PAE) address bits.
        q.cr3 = mode == ReferenceWalker.Mode.PAE
                ? random.nextInt(128) * 32L | random.nextInt(32)
                : random.nextInt(TABLES) * 4096L | random.nextInt(4096);
        q.cpl = random.nextInt(4);
        q.ac = random.nextBoolean();
        q.pkru = random.nextInt(4) == 0 ? random.nextInt() : 0;
        q.pkrs = random.nextInt(4) == 0 ? random.nextInt() : 0;
        q.maxPhyAddr = WIDTHS[random.nextInt(WIDTHS.length)];
        q.page1GB = random.nextInt(4) != 0;
        q.linear = random.nextLong();
        return q;
    }

    private static AccessKind kind(Random random, ReferenceWalker.Question q) {
        AccessKind kind = AccessKind.values()[random.nextInt(AccessKind.values().length)];
        q.write = kind == AccessKind.WRITE || kind == AccessKind.IMPLICIT_WRITE;
        q.fetch = kind == AccessKind.EXECUTE;
        q.implicit = kind == AccessKind.IMPLICIT_READ || kind == AccessKind.IMPLICIT_WRITE;
        return kind;
    }

    private static WalkContext context(ReferenceWalker.Question q) {
        return new WalkContext(q.maxPhyAddr, q.page1GB)
                .set(q.cr0, q.cr3, q.cr4, q.efer, q.cpl, q.ac ? 1L << 18 : 0)
                .protectionKeys(q.pkru, q.pkrs);
    }

    @ParameterizedTest
    @CsvSource({"NONE, 11, 20", "BITS32, 12, 200", "PAE, 13, 200", "LEVEL4, 14, 300", "LEVEL5, 15, 300"})
    void agreesWithTheManual(ReferenceWalker.Mode mode, long seed, int memories) {
        Random random = new Random(seed);
        Map<Translation.Outcome, Integer> seen = new EnumMap<>(Translation.Outcome.class);
        boolean[] errorCodes = new boolean[64];
        boolean[] pageShifts = new boolean[33];
        for (int i = 0; i < memories; i++) {
            fill(random, mode);
            for (int j = 0; j < WALKS_PER_MEMORY; j++) {
                ReferenceWalker.Question q = question(random, mode);
                AccessKind kind = kind(random, q);
                compare(q, kind, random.nextBoolean());
                seen.merge(result.outcome(), 1, Integer::sum);
                if (result.outcome() == Translation.Outcome.PAGE_FAULT) {
                    errorCodes[result.errorCode()] = true;
                } else if (result.outcome() == Translation.Outcome.TRANSLATED) {
                    pageShifts[result.pageShift()] = true;
                }
            }
        }
        assertCoverage(mode, seen, errorCodes, pageShifts);
    }

    /** A generator that only ever makes not-present entries would pass any comparison. */
    private static void assertCoverage(
            ReferenceWalker.Mode mode, Map<Translation.Outcome, Integer> seen, boolean[] codes, boolean[] shifts) {
        assertThat(seen.get(Translation.Outcome.TRANSLATED)).isGreaterThan(1000);
        if (mode == ReferenceWalker.Mode.NONE) {
            assertThat(seen).hasSize(1);
            return;
        }
        assertThat(seen.get(Translation.Outcome.PAGE_FAULT)).isGreaterThan(1000);
        for (int base : new int[] {0x0, 0x1, 0x9}) {
            for (int how : new int[] {0x0, 0x2, 0x4, 0x6, 0x10, 0x14}) {
                if (base != 1 || how != 0) {
                    assertThat(codes[base | how])
                            .as("error code %#x", base | how)
                            .isTrue();
                }
            }
        }
        boolean keyed = mode == ReferenceWalker.Mode.LEVEL4 || mode == ReferenceWalker.Mode.LEVEL5;
        assertThat(codes[0x27]).isEqualTo(keyed);
        assertThat(shifts[12]).isTrue();
        assertThat(shifts[mode == ReferenceWalker.Mode.BITS32 ? 22 : 21]).isTrue();
        assertThat(shifts[30]).isEqualTo(keyed);
    }

    private void compare(ReferenceWalker.Question q, AccessKind kind, boolean setFlags) {
        ReferenceWalker.Answer expected;
        WalkContext context = context(q);
        try {
            expected = reference.ask(q);
        } catch (GuestMemoryException _) {
            assertThat(walker.walk(context, q.linear, kind, setFlags, result)).isFalse();
            assertThat(result.outcome()).isEqualTo(Translation.Outcome.TABLE_UNBACKED);
            assertThat(host.mismatch(expectedTables)).isEqualTo(-1);
            return;
        }
        boolean allowed = walker.walk(context, q.linear, kind, setFlags, result);
        assertThat(allowed).isEqualTo(!expected.fault);
        if (expected.fault) {
            assertThat(result.outcome()).isEqualTo(Translation.Outcome.PAGE_FAULT);
            assertThat(result.errorCode()).isEqualTo(expected.errorCode);
            assertThat(host.mismatch(expectedTables)).isEqualTo(-1);
            return;
        }
        assertThat(result.gpa()).isEqualTo(expected.physical);
        assertThat(result.pageShift()).isEqualTo(expected.pageBits);
        assertThat(result.writable()).isEqualTo(expected.readWrite);
        assertThat(result.user()).isEqualTo(expected.userSupervisor);
        assertThat(result.executable()).isEqualTo(!expected.executeDisable);
        compareFlags(q, expected, setFlags);
    }

    /** SDM volume 3, 4.8: accessed in every entry of the path, dirty in the last one for a write, and not another bit. */
    private void compareFlags(ReferenceWalker.Question q, ReferenceWalker.Answer expected, boolean setFlags) {
        for (int i = 0; setFlags && i < expected.entries.size(); i++) {
            int at = Math.toIntExact(expected.entryAddresses.get(i));
            if (expected.hasAccessed.get(i)) {
                flag(at, 0x20);
            }
            if (q.write && i == expected.entries.size() - 1) {
                flag(at, 0x40);
            }
        }
        assertThat(host.mismatch(expectedTables)).isEqualTo(-1);
        if (!expected.entries.isEmpty()) {
            int last = Math.toIntExact(expected.entryAddresses.getLast());
            assertThat(result.entryGpa()).isEqualTo(last);
            assertThat((byte) result.entry()).isEqualTo(host.get(ValueLayout.JAVA_BYTE, last));
            assertThat(result.dirty()).isEqualTo((host.get(ValueLayout.JAVA_BYTE, last) & 0x40) != 0);
            boolean global = ReferenceWalker.bit(q.cr4, 7) && ReferenceWalker.bit(expected.entries.getLast(), 8);
            assertThat(result.global()).isEqualTo(global);
        }
    }
}
