package dev.cloister.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class MemoryTest {
    private static final int SIZE = 64 * 1024;
    private static final long SYS_MINCORE = 27;

    @Test
    void aMappingShowsWhatAnotherWrites() throws Exception {
        try (Memfd memory = Memfd.create("test", SIZE);
                Fd readOnly = memory.reopenReadOnly();
                Mapping writer = Mapping.writable(memory.fd(), 0, SIZE);
                Mapping reader = Mapping.readOnly(readOnly, 4096, SIZE - 4096)) {
            writer.segment().set(ValueLayout.JAVA_INT, 4096, 0x12345678);
            assertThat(reader.segment().get(ValueLayout.JAVA_INT, 0)).isEqualTo(0x12345678);
            assertThat(reader.segment().isReadOnly()).isTrue();
            assertThat(memory.size()).isEqualTo(SIZE);
        }
    }

    @Test
    void aReadOnlyDescriptorCannotBeMappedWritable() throws Exception {
        try (Memfd memory = Memfd.create("test", SIZE);
                Fd readOnly = memory.reopenReadOnly()) {
            assertThatThrownBy(() -> Mapping.writable(readOnly, 0, SIZE))
                    .isInstanceOf(ErrnoException.class)
                    .hasMessageContaining("mmap")
                    .hasMessageContaining("EACCES");
            assertThatThrownBy(() -> Pipe.write(readOnly, new byte[1], 0, 1)).hasMessageContaining("EBADF");
        }
    }

    @Test
    void aSealAgainstFutureWritesLeavesTheWriterItsMappingAndRefusesNewOnes() throws Exception {
        try (Memfd memory = Memfd.create("test", SIZE);
                Mapping writer = Mapping.writable(memory.fd(), 0, SIZE)) {
            memory.addSeals(Memfd.SEAL_SHRINK | Memfd.SEAL_GROW | Memfd.SEAL_FUTURE_WRITE | Memfd.SEAL_SEAL);
            assertThat(memory.getSeals()).isEqualTo(1 | 2 | 4 | 0x10);
            assertThat(Memfd.seals(memory.fd())).isEqualTo(memory.getSeals());
            assertThatThrownBy(() -> Mapping.writable(memory.fd(), 0, SIZE))
                    .isInstanceOf(ErrnoException.class)
                    .hasMessageContaining("EPERM");
            writer.segment().set(ValueLayout.JAVA_INT, 0, 42);
            try (Mapping reader = Mapping.readOnly(memory.fd(), 0, SIZE)) {
                assertThat(reader.segment().get(ValueLayout.JAVA_INT, 0)).isEqualTo(42);
            }
            // Reopened for writing through /proc, the seal still holds.
            try (Fd again = Linux.open("/proc/self/fd/" + memory.fd().number(), Linux.O_RDWR)) {
                assertThatThrownBy(() -> Mapping.writable(again, 0, SIZE)).hasMessageContaining("EPERM");
            }
            assertThatThrownBy(() -> memory.addSeals(Memfd.SEAL_WRITE)).hasMessageContaining("EPERM");
        }
    }

    /** mincore(2): a byte for each page, of which the lowest bit says whether it is there. */
    private static long pagesThere(Memfd memory) throws Exception {
        int pages = SIZE / Linux.PAGE_SIZE;
        try (Mapping mapping = Mapping.writable(memory.fd(), 0, SIZE);
                Arena arena = Arena.ofConfined()) {
            MemorySegment there = arena.allocate(pages);
            Linux.check(
                    Linux.syscall(SYS_MINCORE, mapping.address(), SIZE, there.address(), 0, 0, 0), "mincore", "test");
            long count = 0;
            for (int i = 0; i < pages; i++) {
                count += there.get(ValueLayout.JAVA_BYTE, i) & 1;
            }
            return count;
        }
    }

    @Test
    void aPopulatedFileHasAllItsPagesBeforeAnybodyLooksAtThem() throws Exception {
        try (Memfd memory = Memfd.create("test", SIZE)) {
            assertThat(pagesThere(memory)).isZero();
            try (Mapping reader = Mapping.readOnly(memory.fd(), 0, SIZE)) {
                reader.segment().get(ValueLayout.JAVA_BYTE, 3 * Linux.PAGE_SIZE);
            }
            assertThat(pagesThere(memory)).as("what a reader's look tells").isEqualTo(1);
            memory.populate();
            assertThat(pagesThere(memory)).isEqualTo(SIZE / Linux.PAGE_SIZE);
        }
    }

    @Test
    void aClosedMappingRefusesAccess() throws Exception {
        Mapping mapping = Mapping.anonymous(1L << 40);
        mapping.segment().set(ValueLayout.JAVA_BYTE, (1L << 40) - 1, (byte) 1);
        mapping.close();
        mapping.close();
        assertThatIllegalStateException().isThrownBy(() -> mapping.segment().get(ValueLayout.JAVA_BYTE, 0));
    }

    @Test
    void aPrivateCopyKeepsItsWritesToItself() throws Exception {
        try (Memfd memory = Memfd.create("test", SIZE);
                Fd readOnly = memory.reopenReadOnly();
                Mapping copy = Mapping.privateCopy(readOnly, 0, SIZE);
                Mapping reader = Mapping.readOnly(readOnly, 0, SIZE)) {
            copy.segment().set(ValueLayout.JAVA_INT, 0, 7);
            assertThat(reader.segment().get(ValueLayout.JAVA_INT, 0)).isZero();
        }
    }

    @Test
    void sizesThatMakeNoSenseAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Memfd.create("test", 0));
        assertThatIllegalArgumentException().isThrownBy(() -> Mapping.anonymous(-1));
        assertThatThrownBy(() -> Mapping.anonymous(1L << 60)).hasMessageContaining("ENOMEM");
    }
}
