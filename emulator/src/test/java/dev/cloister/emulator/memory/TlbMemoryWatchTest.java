package dev.cloister.emulator.memory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.mmu.CodeWatcher;
import dev.cloister.mmu.Region;
import dev.cloister.mmu.WalkContext;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Writes by this processor, by others and by devices are noticed where decoded code or dirty tracking needs it. */
class TlbMemoryWatchTest {
    private static final int PAGES = 8;

    private final PagedWorld world = new PagedWorld();

    /** A processor without paging that keeps copies of code, as a block cache does. */
    private final class Processor implements CodeWatcher {
        private record Copy(long gpa, int length, byte[] bytes) {}

        final TlbMemory memory = new TlbMemory(world.state, world.memory, world, new WalkContext(), 64);
        final List<Copy> copies = new ArrayList<>();

        Processor() {
            memory.setCodeWatcher(this);
            memory.enter();
        }

        @Override
        public void written(long gpaPage) {
            copies.removeIf(copy -> copy.gpa >>> 12 == gpaPage >>> 12);
        }

        @Override
        public void writtenAnywhere() {
            copies.clear();
        }

        boolean decode(long gpa, int length) {
            boolean keep = memory.watchCode(gpa, length);
            byte[] bytes = new byte[length];
            world.memory.read(gpa, bytes, 0, length);
            if (keep) {
                copies.add(new Copy(gpa, length, bytes));
            }
            return keep;
        }

        void assertFresh(String what) {
            for (Copy copy : copies) {
                byte[] now = new byte[copy.length];
                world.memory.read(copy.gpa, now, 0, copy.length);
                assertThat(now).as("%s: code at 0x%x", what, copy.gpa).isEqualTo(copy.bytes);
            }
        }
    }

    private Processor processor() {
        world.state.setCr0(0x11);
        return new Processor();
    }

    @Test
    void anOwnWriteIsToldBeforeTheStoreReturns() {
        Processor one = processor();
        one.memory.store32(0x1000, 1);
        assertThat(one.decode(0x1000, 8)).isTrue();
        one.memory.store32(0x1040, 2);
        assertThat(one.copies).as("another line").hasSize(1);
        one.memory.store32(0x1004, 2);
        assertThat(one.copies).isEmpty();
        assertThat(one.decode(0x1000, 8)).isTrue();
        one.memory.compareAndExchange(0x1004, 4, 2, 3, 0);
        assertThat(one.copies).isEmpty();
        assertThat(one.decode(0x1FFE, 2)).isTrue();
        one.memory.store64(0x1FFF, -1);
        assertThat(one.copies).isEmpty();
    }

    @Test
    void codeOfAnotherProcessorThatHasNotPolledIsNotKept() {
        Processor one = processor();
        Processor two = processor();
        two.memory.store32(0x1000, 1);
        assertThat(one.decode(0x1000, 8)).isFalse();
        // The second still writes directly: nothing was promised to the first.
        two.memory.store32(0x1000, 2);
        two.memory.poll();
        assertThat(one.decode(0x1000, 8)).isTrue();
        two.memory.store32(0x1000, 3);
        one.memory.poll();
        assertThat(one.copies).isEmpty();
        two.memory.leave();
        assertThat(one.decode(0x2000, 8)).as("nobody else executes").isTrue();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void copiesAreFreshAfterEveryPoll(long seed) {
        Random random = new Random(seed);
        List<Processor> processors = List.of(processor(), processor(), processor());
        int kept = 0;
        for (int step = 0; step < 20_000; step++) {
            Processor any = processors.get(random.nextInt(processors.size()));
            long gpa = random.nextInt(PAGES * 4096 - 64);
            switch (random.nextInt(8)) {
                case 0, 1 -> kept += any.decode(gpa & ~63, 1 + random.nextInt(64)) ? 1 : 0;
                case 2 -> world.memory.writeLong(gpa, random.nextLong());
                case 3 -> world.memory.write(gpa, new byte[64], 0, 1 + random.nextInt(64));
                case 4 -> any.memory.poll();
                default -> {
                    long value = random.nextLong();
                    any.memory.store64(gpa, value);
                    any.memory.poll();
                    any.assertFresh("seed " + seed + " step " + step);
                }
            }
            any.memory.poll();
            any.assertFresh("seed " + seed + " step " + step);
        }
        assertThat(kept).isGreaterThan(500);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void thePagesCollectedAreThoseWritten(long seed) {
        Random random = new Random(seed);
        List<Processor> processors = List.of(processor(), processor());
        world.memory.watch().startTracking();
        for (int round = 0; round < 300; round++) {
            processors.forEach(each -> each.memory.poll());
            assertThat(world.memory.watch().isSettled()).isTrue();
            Set<Long> expected = new TreeSet<>();
            for (int n = random.nextInt(8); n > 0; n--) {
                long gpa = random.nextInt(PAGES * 4096);
                Processor any = processors.get(random.nextInt(2));
                any.memory.load64(gpa);
                any.memory.store16(gpa, n);
                expected.add(gpa & ~4095L);
                expected.add(gpa + 1 & ~4095L);
            }
            Set<Long> collected = new TreeSet<>();
            world.memory.watch().collectWritten(collected::add);
            assertThat(collected).as("seed %d round %d", seed, round).isEqualTo(expected);
        }
    }

    @Test
    void aRegionThatIsGoneIsReachedNoMoreAfterThePoll() {
        Processor one = processor();
        world.memory.map(
                new Region("late", Region.Kind.RAM, 0x2000_0000, Arena.ofAuto().allocate(4096, 4096)));
        one.memory.poll();
        one.memory.store64(0x2000_0000, 5);
        assertThat(one.memory.load64(0x2000_0000)).isEqualTo(5);
        world.memory.unmap("late");
        one.memory.poll();
        one.memory.store64(0x2000_0000, 6);
        assertThat(world.deviceLog).containsExactly("w8 20000000 6");
    }

    @Test
    void aClosedRegionIsNeverTouched() {
        Processor one = processor();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment host = arena.allocate(4096, 4096);
            world.memory.map(new Region("late", Region.Kind.RAM, 0x2000_0000, host));
            one.memory.poll();
            one.memory.store64(0x2000_0000, 5);
        }
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> one.memory.load64(0x2000_0000))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aProcessorThatWritesCodeAndThenAFlagIsSeenByOneThatReadsTheFlagAndPolls() throws InterruptedException {
        int rounds = 30_000;
        Processor reader = processor();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Processor writer = processor();
        writer.memory.leave();
        Thread other = Thread.ofPlatform().start(() -> {
            try {
                writer.memory.enter();
                for (int n = 1; n <= rounds; n++) {
                    writer.memory.store32(0x1010, n);
                    writer.memory.store32(0x5000, n);
                    writer.memory.poll();
                }
            } catch (RuntimeException | Error e) {
                failure.set(e);
            } finally {
                writer.memory.leave();
            }
        });
        int kept = 0;
        long seen = 0;
        while (seen < rounds && other.isAlive() | reader.memory.load32(0x5000) == rounds) {
            seen = reader.memory.load32(0x5000);
            reader.memory.poll();
            if (reader.copies.isEmpty()) {
                reader.decode(0x1010, 4);
                kept += reader.copies.size();
            }
            for (Processor.Copy copy : reader.copies) {
                assertThat(java.nio.ByteBuffer.wrap(copy.bytes)
                                .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                                .getInt())
                        .isGreaterThanOrEqualTo((int) seen);
            }
        }
        other.join(20_000);
        assertThat(failure.get()).isNull();
        assertThat(seen).isEqualTo(rounds);
        assertThat(kept).isPositive();
    }

    @Test
    void lockedIncrementsOfEverySizeAreNotLost() throws InterruptedException {
        int rounds = 5_000;
        Processor one = processor();
        Processor two = processor();
        Set<Throwable> failures = java.util.Collections.synchronizedSet(new HashSet<>());
        Thread other = Thread.ofPlatform().start(() -> increments(two.memory, rounds, failures));
        increments(one.memory, rounds, failures);
        other.join(20_000);
        assertThat(failures).isEmpty();
        assertThat(one.memory.load8(0x1001)).isEqualTo(2L * rounds & 0xFF);
        assertThat(one.memory.load16(0x1011)).isEqualTo(2L * rounds);
        assertThat(one.memory.load32(0x101E)).as("across eight bytes").isEqualTo(2L * rounds);
        assertThat(one.memory.load64(0x1FFC)).as("across pages").isEqualTo(2L * rounds);
        assertThat(one.memory.load64(0x3000)).isEqualTo(2L * rounds);
        assertThat(one.memory.load64(0x3008)).isEqualTo(-2L * rounds);
    }

    private static void increments(TlbMemory memory, int rounds, Set<Throwable> failures) {
        try {
            long[] pair = new long[2];
            for (int n = 0; n < rounds; n++) {
                increment(memory, 0x1001, 1);
                increment(memory, 0x1011, 2);
                increment(memory, 0x101E, 4);
                increment(memory, 0x1FFC, 8);
                while (!memory.compareAndExchange16(0x3000, pair, pair[0] + 1, pair[1] - 1, 0)) {
                    Thread.onSpinWait();
                }
            }
        } catch (RuntimeException | Error e) {
            failures.add(e);
        }
    }

    private static void increment(TlbMemory memory, long linear, int size) {
        long mask = -1L >>> 64 - 8 * size;
        long old = memory.read(linear, size, 0);
        while (true) {
            long found = memory.compareAndExchange(linear, size, old, old + 1 & mask, 0);
            if (found == old) {
                return;
            }
            old = found;
        }
    }
}
