package dev.cloister.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.mmu.WriteWatch.Mark;
import dev.cloister.mmu.WriteWatch.Observer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WriteWatchTest {
    private static final int PAGE = GuestMemory.PAGE_BYTES;
    private static final int PAGES = 16;

    private final GuestMemory memory = GuestMemory.builder()
            .ram("low", 0, pages(PAGES / 2))
            .ram("high", PAGES / 2 * PAGE, pages(PAGES / 2))
            .rom("rom", 0x10_0000, pages(1))
            .readOnly("inbound", 0x20_0000, pages(1))
            .add(new Region("shared", Region.Kind.SHARED, 0x30_0000, pages(1)))
            .build();
    private final List<Long> told = new ArrayList<>();
    private final Observer observer = memory.watch().observe(watcher(told));

    private static MemorySegment pages(int count) {
        return Arena.ofAuto().allocate((long) count * PAGE, PAGE);
    }

    private static CodeWatcher watcher(List<Long> told) {
        return new CodeWatcher() {
            @Override
            public void written(long gpaPage) {
                told.add(gpaPage);
            }

            @Override
            public void writtenAnywhere() {
                told.add(-1L);
            }
        };
    }

    private Set<Long> collected() {
        Set<Long> pages = new TreeSet<>();
        memory.watch().collectWritten(pages::add);
        return pages;
    }

    @Test
    void everyWayToWriteMarksItsPagesDirtyOnce() {
        memory.watch().startTracking();
        List<BiConsumer<GuestMemory, Long>> ways = List.of(
                (m, at) -> m.writeByte(at, (byte) 1),
                (m, at) -> m.writeShort(at, (short) 1),
                (m, at) -> m.writeInt(at, 1),
                (m, at) -> m.writeLong(at, 1),
                (m, at) -> m.compareAndSetInt(at, m.readInt(at), 2),
                (m, at) -> m.compareAndSetLong(at, m.readLong(at), 3),
                (m, at) -> m.setReleaseInt(at, 4),
                (m, at) -> m.setReleaseLong(at, 5),
                (m, at) -> m.write(at, new byte[3], 0, 3),
                (m, at) -> m.copyIn(at, MemorySegment.ofArray(new byte[3])));
        long page = 0;
        for (BiConsumer<GuestMemory, Long> way : ways) {
            page = (page + 5 * PAGE) % (PAGES * PAGE);
            assertThat(collected()).isEmpty();
            way.accept(memory, page + 64);
            assertThat(collected()).containsExactly(page);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void thePagesCollectedAreThoseWritten(long seed) {
        Random random = new Random(seed);
        memory.writeInt(0, 1);
        memory.watch().startTracking();
        for (int round = 0; round < 500; round++) {
            Set<Long> expected = new TreeSet<>();
            for (int n = random.nextInt(6); n > 0; n--) {
                int length = 1 + random.nextInt(2 * PAGE);
                long at = random.nextInt(PAGES * PAGE - length);
                memory.write(at, new byte[length], 0, length);
                for (long page = at / PAGE; page <= (at + length - 1) / PAGE; page++) {
                    expected.add(page * PAGE);
                }
            }
            assertThat(collected()).as("seed %d round %d", seed, round).isEqualTo(expected);
        }
    }

    @Test
    void aFailedCompareAndSetAndARefusedWriteAreNoWrites() {
        memory.watch().startTracking();
        assertThat(memory.compareAndSetLong(8, 1, 2)).isFalse();
        try {
            memory.writeLong(PAGES * PAGE - 4, 1);
        } catch (GuestMemoryException e) {
            assertThat(e.reason()).isEqualTo(GuestMemoryException.Reason.UNBACKED);
        }
        assertThat(collected()).isEmpty();
    }

    @Test
    void aPageOfWhichAViewWasGivenIsAlwaysDirtyAndHoldsNoCode() {
        assertThat(observer.markCode(0x1000, 4)).isEqualTo(Mark.FIRST);
        memory.slice(0x1FFF, 2);
        observer.poll();
        assertThat(told).containsExactly(0x1000L);
        assertThat(observer.markCode(0x1000, 4)).isEqualTo(Mark.REFUSED);
        assertThat(observer.markCode(0x2FF0, 4)).isEqualTo(Mark.REFUSED);
        memory.watch().startTracking();
        assertThat(collected()).containsExactly(0x1000L, 0x2000L);
        assertThat(collected()).containsExactly(0x1000L, 0x2000L);
    }

    @Test
    void onlyMemoryThatNobodyElseChangesCanHoldDecodedCode() {
        assertThat(observer.markCode(0x10_0000, 16)).isEqualTo(Mark.FIRST);
        assertThat(observer.markCode(0x20_0000, 16)).isEqualTo(Mark.REFUSED);
        assertThat(observer.markCode(0x30_0000, 16)).isEqualTo(Mark.REFUSED);
        assertThat(observer.markCode(0x40_0000, 16)).isEqualTo(Mark.REFUSED);
    }

    @Test
    void aWriteIsToldIfItMeetsALineOfCode() {
        assertThat(observer.markCode(0x1040, 65)).isEqualTo(Mark.FIRST);
        assertThat(observer.markCode(0x1200, 1)).isEqualTo(Mark.FURTHER);
        memory.writeLong(0x1038, 1);
        memory.writeByte(0x10C0, (byte) 1);
        memory.writeByte(0x11FF, (byte) 1);
        memory.writeByte(0x2040, (byte) 1);
        observer.poll();
        assertThat(told).isEmpty();
        memory.writeByte(0x10BF, (byte) 1);
        assertThat(observer.isBehind()).isTrue();
        observer.poll();
        assertThat(told).containsExactly(0x1000L);
        memory.writeByte(0x1200, (byte) 1);
        observer.poll();
        assertThat(told).as("nothing is marked any more").containsExactly(0x1000L);
        assertThat(observer.markCode(0x1200, 1)).isEqualTo(Mark.FIRST);
        memory.writeLong(0x11F9, 1);
        observer.poll();
        assertThat(told).containsExactly(0x1000L, 0x1000L);
    }

    @Test
    void aWriteAcrossPagesIsToldForEach() {
        observer.markCode(0x1FC0, 64);
        observer.markCode(0x2000, 1);
        memory.writeShort(0x1FFF, (short) 1);
        observer.poll();
        assertThat(told).containsExactly(0x1000L, 0x2000L);
    }

    @Test
    void moreWritesThanAreRememberedMeanAnywhere() {
        for (int n = 0; n < 257; n++) {
            observer.markCode(0x1000, 1);
            memory.writeByte(0x1000, (byte) 1);
        }
        observer.poll();
        assertThat(told).containsExactly(-1L);
    }

    @Test
    void nobodyIsSettledUntilEveryProcessorInsideHasNoticed() {
        Observer other = memory.watch().observe(CodeWatcher.NONE);
        assertThat(memory.watch().isSettled()).isTrue();
        other.enter();
        other.poll();
        other.confirm();
        observer.enter();
        observer.markCode(0x3000, 8);
        assertThat(observer.isAloneOrSettled()).isFalse();
        assertThat(other.isBehind()).isTrue();
        assertThat(other.poll()).isEqualTo(Observer.WRITES);
        assertThat(observer.isAloneOrSettled())
                .as("polled, but not yet confirmed")
                .isFalse();
        other.confirm();
        assertThat(observer.isAloneOrSettled()).isTrue();
        memory.watch().startTracking();
        assertThat(memory.watch().isSettled()).isFalse();
        other.leave();
        observer.close();
        assertThat(memory.watch().isSettled()).isTrue();
    }

    @Test
    void regionsThatComeAndGoAreNoticedAndOthersKeepTheirMarks() {
        memory.watch().startTracking();
        observer.markCode(0x1000, 8);
        memory.map(new Region("more", Region.Kind.RAM, 0x50_0000, pages(1)));
        assertThat(observer.poll()).isEqualTo(Observer.WRITES | Observer.REGIONS);
        memory.writeByte(0x50_0000, (byte) 1);
        memory.writeByte(0x1000, (byte) 1);
        observer.poll();
        assertThat(told).containsExactly(0x1000L);
        assertThat(collected()).containsExactly(0x1000L, 0x50_0000L);
        memory.unmap("more");
        assertThat(observer.poll()).isEqualTo(Observer.WRITES | Observer.REGIONS);
    }

    @Test
    void aDeviceWindowIsNoMemoryAndOverlapsNothing() {
        DeviceWindow device = new DeviceWindow() {
            @Override
            public long read(long gpa, int size) {
                return gpa;
            }

            @Override
            public void write(long gpa, int size, long value) {
                told.add(value);
            }
        };
        memory.map(Region.device("device", 0x60_0000, PAGE, device));
        assertThat(memory.contains(0x60_0000, 1, false)).isFalse();
        assertThat(memory.deviceAt(0x60_0FFF, null)).isSameAs(device);
        assertThat(memory.deviceAt(0x60_1000, null)).isNull();
        assertThat(memory.deviceAt(0x5F_FFFF, null)).isNull();
        assertThat(memory.regions()).extracting(Region::name).endsWith("device");
        org.assertj.core.api.Assertions.assertThatThrownBy(
                        () -> memory.map(new Region("over", Region.Kind.RAM, 0x60_0000, pages(1))))
                .hasMessageContaining("'device'");
    }

    @Test
    void aWriterNeverLeavesAStaleCopyWithAnObserverThatPolls() throws InterruptedException {
        int rounds = 20_000;
        Thread device = Thread.ofPlatform().start(() -> {
            for (int n = 1; n <= rounds; n++) {
                memory.writeInt(0x1010, n);
                memory.setReleaseInt(0x5000, n);
            }
        });
        int kept = 0;
        int seen = 0;
        while (seen < rounds) {
            seen = memory.getAcquireInt(0x5000);
            observer.poll();
            if (!told.isEmpty()) {
                kept = 0;
                told.clear();
            }
            if (kept == 0) {
                observer.markCode(0x1010, 4);
                kept = memory.readInt(0x1010);
            }
            assertThat(kept).isGreaterThanOrEqualTo(seen);
        }
        device.join(10_000);
        assertThat(memory.slice(0x1010, 4).get(ValueLayout.JAVA_INT, 0)).isEqualTo(rounds);
    }
}
