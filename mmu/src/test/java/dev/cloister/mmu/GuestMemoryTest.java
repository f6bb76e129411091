package dev.cloister.mmu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GuestMemoryTest {
    private static final int PAGE = GuestMemory.PAGE_BYTES;

    private static MemorySegment pages(int count) {
        return Arena.ofAuto().allocate((long) count * PAGE, PAGE);
    }

    @Test
    void valuesAreLittleEndianAtAnyAlignment() {
        GuestMemory memory = GuestMemory.builder().ram("ram", 0, pages(1)).build();
        memory.writeLong(3, 0x1122334455667788L);
        assertThat(memory.readByte(3)).isEqualTo((byte) 0x88);
        assertThat(memory.readByte(10)).isEqualTo((byte) 0x11);
        assertThat(memory.readShort(4)).isEqualTo((short) 0x6677);
        assertThat(memory.readInt(5)).isEqualTo(0x33445566);
        assertThat(memory.readLong(3)).isEqualTo(0x1122334455667788L);
        memory.writeByte(3, (byte) 1);
        memory.writeShort(5, (short) 0x0203);
        memory.writeInt(7, 0x04050607);
        assertThat(memory.readLong(3)).isEqualTo(0x0405060702037701L);
    }

    @Test
    void accessesRunAcrossNeighboursWhateverTheOrderOfDeclaration() {
        MemorySegment second = pages(1);
        MemorySegment first = pages(1);
        GuestMemory memory = GuestMemory.builder()
                .ram("second", 0x1000, second)
                .ram("first", 0, first)
                .build();
        memory.writeLong(0xFFD, 0x1122334455667788L);
        assertThat(first.get(ValueLayout.JAVA_BYTE, 0xFFF)).isEqualTo((byte) 0x66);
        assertThat(second.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 0x55);
        assertThat(memory.readLong(0xFFD)).isEqualTo(0x1122334455667788L);
        assertThat(memory.readInt(0xFFE)).isEqualTo(0x44556677);
        assertThat(memory.readShort(0xFFF)).isEqualTo((short) 0x5566);
        byte[] bytes = new byte[0x2000];
        new Random(1).nextBytes(bytes);
        memory.write(0, bytes, 0, bytes.length);
        byte[] back = new byte[0x2002];
        memory.read(0, back, 1, 0x2000);
        assertThat(Arrays.copyOfRange(back, 1, 0x2001)).isEqualTo(bytes);
        MemorySegment out = MemorySegment.ofArray(new byte[64]);
        memory.copyOut(0xFE0, out);
        assertThat(out.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(Arrays.copyOfRange(bytes, 0xFE0, 0x1020));
        memory.copyIn(0xFF0, out);
        assertThat(memory.readByte(0xFF0)).isEqualTo(bytes[0xFE0]);
        assertThat(memory.readByte(0x102F)).isEqualTo(bytes[0x101F]);
    }

    @Test
    void aRefusedWriteChangesNothing() {
        GuestMemory memory = GuestMemory.builder()
                .ram("ram", 0, pages(1))
                .readOnly("window", 0x1000, pages(1))
                .build();
        assertThatThrownBy(() -> memory.writeLong(0xFFC, -1)).isInstanceOf(GuestMemoryException.class);
        assertThatThrownBy(() -> memory.write(0, new byte[0x1001], 0, 0x1001)).isInstanceOf(GuestMemoryException.class);
        assertThatThrownBy(() -> memory.copyIn(0xFFF, MemorySegment.ofArray(new byte[] {1, 2})))
                .isInstanceOf(GuestMemoryException.class);
        assertThat(memory.readInt(0xFFC)).isZero();
        assertThat(memory.readByte(0xFFF)).isZero();
    }

    @Test
    void whatIsNotRamCannotBeWrittenInAnyWay() {
        GuestMemory memory = GuestMemory.builder()
                .rom("bios", 0x1000, pages(1))
                .readOnly("window", 0x2000, pages(1))
                .build();
        for (long gpa : new long[] {0x1000, 0x2000}) {
            assertRefused(() -> memory.writeByte(gpa, (byte) 1), GuestMemoryException.Reason.READ_ONLY);
            assertRefused(() -> memory.writeInt(gpa, 1), GuestMemoryException.Reason.READ_ONLY);
            assertRefused(() -> memory.compareAndSetInt(gpa, 0, 1), GuestMemoryException.Reason.READ_ONLY);
            assertRefused(() -> memory.compareAndSetLong(gpa, 0, 1), GuestMemoryException.Reason.READ_ONLY);
            assertRefused(() -> memory.setReleaseLong(gpa, 1), GuestMemoryException.Reason.READ_ONLY);
            assertThat(memory.slice(gpa, 16).isReadOnly()).isTrue();
            assertThat(memory.contains(gpa, 16, false)).isTrue();
            assertThat(memory.contains(gpa, 16, true)).isFalse();
        }
        assertThat(memory.regions()).allMatch(region -> region.host().isReadOnly());
    }

    private static void assertRefused(Runnable access, GuestMemoryException.Reason reason) {
        assertThat(catchThrowableOfType(GuestMemoryException.class, access::run).reason())
                .isEqualTo(reason);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 0xFFF, 0x3000, 0x2FFD, -1, -8, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 52})
    void boundsAreExact(long gpa) {
        GuestMemory memory = GuestMemory.builder().ram("ram", 0x1000, pages(2)).build();
        assertRefused(() -> memory.readInt(gpa), GuestMemoryException.Reason.UNBACKED);
        assertRefused(() -> memory.writeInt(gpa, 0), GuestMemoryException.Reason.UNBACKED);
        assertRefused(() -> memory.readLong(gpa), GuestMemoryException.Reason.UNBACKED);
        assertRefused(() -> memory.read(gpa, new byte[4], 0, 4), GuestMemoryException.Reason.UNBACKED);
        assertThat(memory.contains(gpa, 4, false)).isFalse();
        assertThat(memory.contains(gpa, Long.MAX_VALUE, false)).isFalse();
        assertThat(memory.contains(gpa, -1, false)).isFalse();
    }

    @Test
    void theFirstAndTheLastByteAreInside() {
        GuestMemory memory = GuestMemory.builder().ram("ram", 0x1000, pages(2)).build();
        assertThat(memory.readLong(0x1000)).isZero();
        assertThat(memory.readLong(0x2FF8)).isZero();
        assertThat(memory.readByte(0x2FFF)).isZero();
        assertThat(memory.contains(0x1000, 0x2000, true)).isTrue();
        assertThat(memory.contains(0x1000, 0x2001, true)).isFalse();
        assertThat(memory.contains(0xFFF, 2, true)).isFalse();
        memory.read(0x5000, new byte[0], 0, 0);
    }

    @Test
    void slicesLieInOneRegion() {
        GuestMemory memory = GuestMemory.builder()
                .ram("a", 0, pages(1))
                .ram("b", 0x1000, pages(1))
                .build();
        memory.slice(0x10, 8).set(ValueLayout.JAVA_BYTE, 1, (byte) 7);
        assertThat(memory.readByte(0x11)).isEqualTo((byte) 7);
        assertThat(memory.slice(0, 0x1000).byteSize()).isEqualTo(0x1000);
        assertRefused(() -> memory.slice(1, 0x1000), GuestMemoryException.Reason.CROSSES_REGIONS);
        assertRefused(() -> memory.slice(0, Long.MAX_VALUE), GuestMemoryException.Reason.CROSSES_REGIONS);
        assertRefused(() -> memory.slice(0, -1), GuestMemoryException.Reason.UNBACKED);
        assertRefused(() -> memory.slice(0x2000, 1), GuestMemoryException.Reason.UNBACKED);
    }

    @Test
    void atomicsSucceedOnlyOnTheExpectedValueAndOnlyAligned() {
        GuestMemory memory = GuestMemory.builder().ram("ram", 0, pages(1)).build();
        memory.writeLong(8, 5);
        assertThat(memory.compareAndSetLong(8, 4, 6)).isFalse();
        assertThat(memory.compareAndSetLong(8, 5, 0x1_0000_0006L)).isTrue();
        assertThat(memory.compareAndSetInt(12, 1, 2)).isTrue();
        assertThat(memory.getAcquireLong(8)).isEqualTo(0x2_0000_0006L);
        memory.setReleaseInt(8, 9);
        assertThat(memory.getAcquireInt(8)).isEqualTo(9);
        memory.setReleaseLong(8, -1);
        assertThat(memory.readLong(8)).isEqualTo(-1);
        assertRefused(() -> memory.compareAndSetLong(12, 0, 0), GuestMemoryException.Reason.MISALIGNED);
        assertRefused(() -> memory.compareAndSetInt(2, 0, 0), GuestMemoryException.Reason.MISALIGNED);
        assertRefused(() -> memory.getAcquireInt(0x1000), GuestMemoryException.Reason.UNBACKED);
    }

    @Test
    void compareAndSetLosesNoIncrementBetweenThreads() throws InterruptedException {
        GuestMemory memory = GuestMemory.builder().ram("ram", 0, pages(1)).build();
        Runnable increments = () -> {
            for (int i = 0; i < 20_000; i++) {
                int old;
                do {
                    old = memory.getAcquireInt(64);
                } while (!memory.compareAndSetInt(64, old, old + 1));
            }
        };
        Thread other = Thread.ofPlatform().start(increments);
        increments.run();
        other.join(10_000);
        assertThat(memory.readInt(64)).isEqualTo(40_000);
    }

    @Test
    void regionsAreAddedAndTakenAwayInUse() {
        GuestMemory memory = GuestMemory.builder().ram("ram", 0, pages(1)).build();
        memory.map(new Region("window", Region.Kind.READ_ONLY, 0x8000, pages(1)));
        assertThat(memory.readInt(0x8000)).isZero();
        assertThatThrownBy(() -> memory.map(new Region("again", Region.Kind.RAM, 0x8000, pages(1))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'again'")
                .hasMessageContaining("'window'");
        assertThat(memory.unmap("window")).isTrue();
        assertThat(memory.unmap("window")).isFalse();
        assertRefused(() -> memory.readInt(0x8000), GuestMemoryException.Reason.UNBACKED);
        assertThat(memory.regions()).extracting(Region::name).containsExactly("ram");
    }

    @Test
    void badRegionsAreRefusedByName() {
        assertBad(GuestMemory.builder().ram("low", 0, pages(2)).ram("high", 0x1000, pages(1)), "'low'", "'high'");
        assertBad(GuestMemory.builder().ram("a", 0, pages(1)).ram("a", 0x1000, pages(1)), "'a' is declared twice");
        assertBad(GuestMemory.builder().ram("odd", 0x800, pages(1)), "'odd'", "not aligned");
        assertBad(GuestMemory.builder().ram("short", 0, pages(1).asSlice(0, 100)), "'short'", "not aligned");
        assertBad(GuestMemory.builder().ram("empty", 0, pages(1).asSlice(0, 0)), "'empty'", "is empty");
        assertBad(GuestMemory.builder().ram("wrap", -PAGE, pages(2)), "'wrap'", "past the last");
        assertBad(GuestMemory.builder().ram("wide", (1L << 52) - PAGE, pages(2)), "'wide'", "past the last");
        assertBad(
                GuestMemory.builder().ram("heap", 0, MemorySegment.ofArray(new byte[PAGE])), "'heap'", "aligned to 1");
        GuestMemory.builder().ram("last", (1L << 52) - PAGE, pages(1)).build();
    }

    private static void assertBad(GuestMemory.Builder builder, String... parts) {
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(parts);
    }

    @Test
    void randomAccessesAgreeWithAFlatModel() {
        Random random = new Random(42);
        GuestMemory.Builder builder = GuestMemory.builder();
        byte[] model = new byte[16 * PAGE];
        boolean[] backed = new boolean[16];
        boolean[] writable = new boolean[16];
        for (int page = 0; page < 16; page++) {
            if (random.nextInt(4) == 0) {
                continue;
            }
            backed[page] = true;
            writable[page] = random.nextInt(4) != 0;
            MemorySegment host = pages(1);
            for (int i = 0; i < PAGE; i++) {
                model[page * PAGE + i] = (byte) random.nextInt();
                host.set(ValueLayout.JAVA_BYTE, i, model[page * PAGE + i]);
            }
            if (writable[page]) {
                builder.ram("page" + page, (long) page * PAGE, host);
            } else {
                builder.rom("page" + page, (long) page * PAGE, host);
            }
        }
        GuestMemory memory = builder.build();
        for (int round = 0; round < 100_000; round++) {
            int size = 1 << random.nextInt(4);
            int at = random.nextInt(16) * PAGE + random.nextInt(-8, 8);
            boolean write = random.nextBoolean();
            boolean expected = isBacked(write ? writable : backed, at, size);
            if (write) {
                long value = random.nextLong();
                assertThat(tryWrite(memory, at, size, value)).isEqualTo(expected);
                for (int i = 0; expected && i < size; i++) {
                    model[at + i] = (byte) (value >>> (8 * i));
                }
            } else if (expected) {
                long value = 0;
                for (int i = 0; i < size; i++) {
                    value |= (model[at + i] & 0xFFL) << (8 * i);
                }
                assertThat(readSigned(memory, at, size)).isEqualTo(value << (64 - 8 * size) >> (64 - 8 * size));
            } else {
                assertThatThrownBy(() -> readSigned(memory, at, size)).isInstanceOf(GuestMemoryException.class);
            }
        }
    }

    private static boolean isBacked(boolean[] pages, int at, int size) {
        if (at < 0 || at + size > pages.length * PAGE) {
            return false;
        }
        return pages[at / PAGE] && pages[(at + size - 1) / PAGE];
    }

    private static long readSigned(GuestMemory memory, long gpa, int size) {
        return switch (size) {
            case 1 -> memory.readByte(gpa);
            case 2 -> memory.readShort(gpa);
            case 4 -> memory.readInt(gpa);
            default -> memory.readLong(gpa);
        };
    }

    private static boolean tryWrite(GuestMemory memory, long gpa, int size, long value) {
        try {
            switch (size) {
                case 1 -> memory.writeByte(gpa, (byte) value);
                case 2 -> memory.writeShort(gpa, (short) value);
                case 4 -> memory.writeInt(gpa, (int) value);
                default -> memory.writeLong(gpa, value);
            }
            return true;
        } catch (GuestMemoryException _) {
            return false;
        }
    }

    @Test
    void aRefusalTellsWhatWasTried() {
        GuestMemory memory = GuestMemory.builder().ram("ram", 0, pages(1)).build();
        GuestMemoryException refusal =
                catchThrowableOfType(GuestMemoryException.class, () -> memory.writeInt(0xFFFF_FFFFL, 1));
        assertThat(refusal.gpa()).isEqualTo(0xFFFF_FFFFL);
        assertThat(refusal.size()).isEqualTo(4);
        assertThat(refusal.access()).isEqualTo(GuestMemoryException.Access.WRITE);
        assertThat(refusal)
                .hasMessage("guest-physical write of 4 bytes at 0xffffffff: not all of it is backed by memory");
        assertThat(refusal.getStackTrace()).isEmpty();
    }
}
