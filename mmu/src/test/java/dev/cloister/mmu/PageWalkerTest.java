package dev.cloister.mmu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Cases that random tables reach rarely or never: hand-made tables, unbacked and read-only ones, and races. */
class PageWalkerTest {
    private static final long PG = 1L << 31;
    private static final long WP = 1L << 16;
    private static final long PAE = 1L << 5;
    private static final long LME = 1L << 8;
    private static final long NXE = 1L << 11;
    private static final long SMEP = 1L << 20;
    private static final long SMAP = 1L << 21;
    private static final long AC = 1L << 18;

    private final MemorySegment host = Arena.ofAuto().allocate(16 * 4096, 4096);
    private final GuestMemory memory = GuestMemory.builder().ram("ram", 0, host).build();
    private final PageWalker walker = new PageWalker(memory);
    private final WalkContext context = new WalkContext(40, true);
    private final Translation result = new Translation();

    private void mapOnePage(long leaf) {
        memory.writeLong(0x1000, 0x2007);
        memory.writeLong(0x2000, 0x3007);
        memory.writeLong(0x3000, 0x4007);
        memory.writeLong(0x4000 + 8 * 5, leaf);
    }

    @Test
    void withoutPagingAddressesAreCutTo32Bits() {
        context.set(0, 0x1000, 0, 0, 3, 0);
        assertThat(context.mode()).isEqualTo(PagingMode.NONE);
        assertThat(walker.walk(context, 0x1_2345_6789L, AccessKind.WRITE, true, result))
                .isTrue();
        assertThat(result.gpa()).isEqualTo(0x2345_6789L);
        assertThat(result.writable()).isTrue();
        assertThat(result.user()).isTrue();
        assertThat(result.executable()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        // access, cpl, leaf flags, smep/smap, ac, error code or -1; WP is on
        "READ, 3, 0x7, false, false, -1",
        "READ, 3, 0x3, false, false, 0x5",
        "WRITE, 3, 0x5, false, false, 0x7",
        "WRITE, 0, 0x1, false, false, 0x3",
        "WRITE, 0, 0x3, false, false, -1",
        "READ, 0, 0x7, true, false, 0x1",
        "READ, 0, 0x7, true, true, -1",
        "READ, 1, 0x7, true, false, 0x1",
        "IMPLICIT_READ, 3, 0x7, true, true, 0x1",
        "IMPLICIT_READ, 3, 0x3, true, false, -1",
        "IMPLICIT_WRITE, 3, 0x1, false, false, 0x3",
        "EXECUTE, 0, 0x7, true, true, 0x11",
        "EXECUTE, 0, 0x3, true, false, -1",
        "EXECUTE, 3, 0x7, true, false, -1",
        "EXECUTE, 3, 0x3, false, false, 0x15",
        "EXECUTE, 3, 0x0, false, false, 0x14",
        "READ, 3, 0x6, false, false, 0x4",
    })
    void rightsFollowTheManual(AccessKind access, int cpl, String flags, boolean smx, boolean ac, String code) {
        mapOnePage(0x7000 | Long.decode(flags));
        context.set(PG | WP, 0x1000, PAE | (smx ? SMEP | SMAP : 0), LME | NXE, cpl, ac ? AC : 0);
        boolean allowed = walker.walk(context, 0x5123, access, false, result);
        int expected = Integer.decode(code);
        assertThat(allowed).isEqualTo(expected < 0);
        if (allowed) {
            assertThat(result.gpa()).isEqualTo(0x7123);
        } else {
            assertThat(result.errorCode()).isEqualTo(expected);
            assertThat(result.gva()).isEqualTo(0x5123);
        }
    }

    @Test
    void withoutWriteProtectTheSupervisorWritesReadOnlyPages() {
        mapOnePage(0x7001);
        context.set(PG, 0x1000, PAE, LME, 0, 0);
        assertThat(walker.walk(context, 0x5000, AccessKind.WRITE, true, result)).isTrue();
        assertThat(result.dirty()).isTrue();
        assertThat(memory.readLong(0x4000 + 8 * 5)).isEqualTo(0x7061);
    }

    @Test
    void aLookLeavesNoTrace() {
        mapOnePage(0x7007);
        context.set(PG, 0x1000, PAE, LME, 0, 0);
        assertThat(walker.walk(context, 0x5000, AccessKind.WRITE, false, result))
                .isTrue();
        assertThat(result.dirty()).isFalse();
        assertThat(memory.readLong(0x4000 + 8 * 5)).isEqualTo(0x7007);
    }

    @Test
    void executeDisableIsReservedUnlessEnabled() {
        mapOnePage(0x7007 | 1L << 63);
        context.set(PG, 0x1000, PAE, LME, 3, 0);
        assertThat(walker.walk(context, 0x5000, AccessKind.EXECUTE, false, result))
                .isFalse();
        assertThat(result.errorCode()).isEqualTo(0xD);
        context.set(PG, 0x1000, PAE, LME | NXE, 3, 0);
        assertThat(walker.walk(context, 0x5000, AccessKind.EXECUTE, false, result))
                .isFalse();
        assertThat(result.errorCode()).isEqualTo(0x15);
        assertThat(walker.walk(context, 0x5000, AccessKind.READ, false, result)).isTrue();
        assertThat(result.executable()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"READ, 1, 0x25", "READ, 2, -1", "WRITE, 2, 0x27", "WRITE, 3, 0x27", "EXECUTE, 3, -1", "WRITE, 0, -1"})
    void protectionKeysRefuseWhatTheirRegisterSays(AccessKind access, int rights, String code) {
        mapOnePage(0x7007 | 5L << 59);
        // Everything is closed but key 5, which has the rights under test.
        int pkru = ~(3 << 10) | rights << 10;
        context.set(PG, 0x1000, PAE | 1L << 22, LME, 3, 0).protectionKeys(pkru, 0);
        int expected = Integer.decode(code);
        assertThat(walker.walk(context, 0x5000, access, false, result)).isEqualTo(expected < 0);
        assertThat(result.errorCode()).isEqualTo(Math.max(expected, 0));
    }

    @Test
    void tablesOutsideMemoryAreReportedWithTheirAddress() {
        memory.writeLong(0x1000, 0xFF_0000_0007L);
        context.set(PG, 0x1000, PAE, LME, 0, 0);
        assertThat(walker.walk(context, 0x5000, AccessKind.READ, true, result)).isFalse();
        assertThat(result.outcome()).isEqualTo(Translation.Outcome.TABLE_UNBACKED);
        assertThat(result.entryGpa()).isEqualTo(0xFF_0000_0000L);
    }

    @Test
    void tablesInReadOnlyMemoryWorkAndKeepTheirFlags() {
        mapOnePage(0x7007);
        GuestMemory rom = GuestMemory.builder().rom("rom", 0, host).build();
        context.set(PG, 0x1000, PAE, LME, 0, 0);
        assertThat(new PageWalker(rom).walk(context, 0x5678, AccessKind.WRITE, true, result))
                .isTrue();
        assertThat(result.gpa()).isEqualTo(0x7678);
        assertThat(memory.readLong(0x1000)).isEqualTo(0x2007);
    }

    /** A memory whose entries another processor changes between every read and compare-and-set. */
    private static final class RestlessMemory implements PhysicalMemory {
        private final PhysicalMemory inner;
        private int changesLeft;

        RestlessMemory(PhysicalMemory inner, int changes) {
            this.inner = inner;
            this.changesLeft = changes;
        }

        @Override
        public boolean compareAndSetLong(long gpa, long expected, long value) {
            if (changesLeft > 0) {
                changesLeft--;
                inner.writeLong(gpa, inner.readLong(gpa) ^ 1L << 9);
            }
            return inner.compareAndSetLong(gpa, expected, value);
        }

        @Override
        public boolean compareAndSetInt(long gpa, int expected, int value) {
            return inner.compareAndSetInt(gpa, expected, value);
        }

        @Override
        public byte readByte(long gpa) {
            return inner.readByte(gpa);
        }

        @Override
        public short readShort(long gpa) {
            return inner.readShort(gpa);
        }

        @Override
        public int readInt(long gpa) {
            return inner.readInt(gpa);
        }

        @Override
        public long readLong(long gpa) {
            return inner.readLong(gpa);
        }

        @Override
        public void writeByte(long gpa, byte value) {
            inner.writeByte(gpa, value);
        }

        @Override
        public void writeShort(long gpa, short value) {
            inner.writeShort(gpa, value);
        }

        @Override
        public void writeInt(long gpa, int value) {
            inner.writeInt(gpa, value);
        }

        @Override
        public void writeLong(long gpa, long value) {
            inner.writeLong(gpa, value);
        }
    }

    @Test
    void aWalkThatLosesARaceStartsAgain() {
        mapOnePage(0x7007);
        context.set(PG, 0x1000, PAE, LME, 0, 0);
        PageWalker racing = new PageWalker(new RestlessMemory(memory, 3));
        assertThat(racing.walk(context, 0x5000, AccessKind.WRITE, true, result)).isTrue();
        assertThat(result.gpa()).isEqualTo(0x7000);
        assertThat(memory.readLong(0x4000 + 8 * 5) & 0x60).isEqualTo(0x60);
    }

    @Test
    void aWalkThatAlwaysLosesGivesUp() {
        mapOnePage(0x7007);
        context.set(PG, 0x1000, PAE, LME, 0, 0);
        PageWalker racing = new PageWalker(new RestlessMemory(memory, Integer.MAX_VALUE));
        assertThat(racing.walk(context, 0x5000, AccessKind.WRITE, true, result)).isFalse();
        assertThat(result.outcome()).isEqualTo(Translation.Outcome.CONTENDED);
    }

    @Test
    void paePointersAreCheckedForTheLoadOfCr3() {
        memory.writeLong(0x20, 0x2001);
        memory.writeLong(0x28, 0x1E6);
        assertThat(walker.arePointersValid(0x20, 36)).isTrue();
        memory.writeLong(0x38, 0x2003);
        assertThat(walker.arePointersValid(0x20, 36)).isFalse();
        memory.writeLong(0x38, 1L << 36 | 1);
        assertThat(walker.arePointersValid(0x20, 36)).isFalse();
        assertThat(walker.arePointersValid(0x20, 37)).isTrue();
    }

    @Test
    void impossibleWidthsAreRefused() {
        assertThatThrownBy(() -> new WalkContext(53, true)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new WalkContext(31, true)).isInstanceOf(IllegalArgumentException.class);
    }
}
