package dev.cloister.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How long stamps are good, by what flushes and invalidates the buffer: Intel SDM volume 3, 4.10.4. */
class FetchStampsTest {
    private static final long HERE = 0x40_1234L;
    private static final long ELSEWHERE = 0x7F00_0000_0000L;

    private final Tlb tlb = new Tlb(
            GuestMemory.builder()
                    .ram("ram", 0, MemorySegment.ofArray(new long[512]))
                    .build(),
            16);
    private final FetchStamps stamps = tlb.fetches();
    private long space;
    private long global;

    private static TlbEntry page(boolean global, int shift) {
        TlbEntry entry = new TlbEntry(new long[Tlb.HIT_STRIDE], 0, MemorySegment.NULL);
        entry.global = global;
        entry.pageShift = shift;
        return entry;
    }

    @BeforeEach
    void fetch() {
        space = stamps.stamp(HERE, page(false, 12));
        global = stamps.stamp(HERE + 0x1000_0000L, page(true, 12));
        good(true, true);
    }

    private void good(boolean ofSpace, boolean ofGlobal) {
        assertThat(stamps.isGood(space)).as("stamp of the address space").isEqualTo(ofSpace);
        assertThat(stamps.isGood(global)).as("stamp of global pages").isEqualTo(ofGlobal);
        assertThat(stamps.isGood(FetchStamps.NEVER)).isFalse();
    }

    @Test
    void aLoadOfCr3EndsAllButGlobalPages() {
        tlb.flushNonGlobal();
        good(false, true);
    }

    @Test
    void aChangeOfModeEndsAll() {
        tlb.flushAll();
        good(false, false);
    }

    @Test
    void anAddressSpaceThatIsKeptIsGoodAgainWhenItComesBack() {
        tlb.useAddressSpace(1);
        good(false, true);
        tlb.useAddressSpace(0);
        good(true, true);
    }

    @Test
    void anAddressSpaceThatWasFlushedMeanwhileIsNot() {
        tlb.useAddressSpace(1);
        tlb.flushAddressSpace(0);
        tlb.useAddressSpace(0);
        good(false, true);
    }

    @Test
    void anAddressSpaceOfWhichAPageWasInvalidatedMeanwhileIsNot() {
        tlb.useAddressSpace(1);
        tlb.invalidatePage(HERE);
        tlb.useAddressSpace(0);
        good(false, true);
    }

    @Test
    void stampsOfASpaceThatLostItsNumberNeverComeBack() {
        for (int pcid = 1; pcid < 3 * Tlb.SPACES; pcid++) {
            tlb.useAddressSpace(pcid);
            good(false, true);
        }
        tlb.useAddressSpace(0);
        good(false, true);
    }

    @Test
    void thePageThatIsInvalidatedEndsItsKind() {
        tlb.invalidatePage(HERE & -4096);
        good(false, true);
        tlb.invalidatePage((HERE | 0xFFF) + 0x1000_0000L);
        good(false, false);
    }

    @Test
    void aPageFromWhichNothingWasFetchedEndsNone() {
        tlb.invalidatePage(ELSEWHERE);
        good(true, true);
    }

    @Test
    void anyAddressInALargePageEndsIt() {
        long large = stamps.stamp(ELSEWHERE + 0x3000, page(true, 21));
        tlb.invalidatePage(ELSEWHERE + 0x1F_F000);
        assertThat(stamps.isGood(large)).isFalse();
        long huge = stamps.stamp(ELSEWHERE, page(false, 30));
        tlb.invalidatePage(ELSEWHERE + 0x3FFF_F000);
        assertThat(stamps.isGood(huge)).isFalse();
    }
}
