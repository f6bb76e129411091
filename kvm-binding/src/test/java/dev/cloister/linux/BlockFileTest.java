package dev.cloister.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that serve as disks, against arrays. */
class BlockFileTest {
    private static final int BYTES = 1 << 20;

    @TempDir
    private Path directory;

    private BlockFile open(Path path, int flags) throws ErrnoException {
        return BlockFile.own(Linux.open(path.toString(), flags), path.toString());
    }

    private Path image() throws Exception {
        Path path = directory.resolve("disk");
        Files.write(path, new byte[BYTES]);
        return path;
    }

    private static MemorySegment[] cut(SplittableRandom random, MemorySegment all) {
        MemorySegment[] pieces = new MemorySegment[1 + random.nextInt(20)];
        long at = 0;
        for (int i = 0; i < pieces.length; i++) {
            long size = i == pieces.length - 1 ? all.byteSize() - at : random.nextLong(all.byteSize() - at + 1);
            pieces[i] = all.asSlice(at, size);
            at += size;
        }
        return pieces;
    }

    @Test
    void piecesGoWhereTheyBelong() throws Exception {
        SplittableRandom random = new SplittableRandom(7);
        byte[] model = new byte[BYTES];
        Path path = image();
        try (BlockFile file = open(path, Linux.O_RDWR);
                Arena arena = Arena.ofConfined()) {
            assertThat(file.bytes()).isEqualTo(BYTES);
            for (int i = 0; i < 500; i++) {
                int length = 1 + random.nextInt(30_000);
                int at = random.nextInt(BYTES - length);
                MemorySegment memory = arena.allocate(length);
                switch (random.nextInt(5)) {
                    case 0 -> {
                        file.discard(at, length);
                        MemorySegment[] pieces = cut(random, memory);
                        file.read(at, pieces, pieces.length);
                        byte[] now = memory.toArray(ValueLayout.JAVA_BYTE);
                        // A file system that can't leaves it as it is.
                        assertThat(Arrays.equals(now, new byte[length])
                                        || Arrays.equals(now, Arrays.copyOfRange(model, at, at + length)))
                                .as("step %d", i)
                                .isTrue();
                        System.arraycopy(now, 0, model, at, length);
                    }
                    case 1 -> {
                        file.zero(at, length, random.nextBoolean());
                        Arrays.fill(model, at, at + length, (byte) 0);
                    }
                    case 2 -> {
                        MemorySegment[] pieces = cut(random, memory);
                        file.read(at, pieces, pieces.length);
                        assertThat(memory.toArray(ValueLayout.JAVA_BYTE))
                                .as("step %d", i)
                                .isEqualTo(Arrays.copyOfRange(model, at, at + length));
                    }
                    default -> {
                        byte[] data = new byte[length];
                        random.nextBytes(data);
                        MemorySegment.copy(data, 0, memory, ValueLayout.JAVA_BYTE, 0, length);
                        MemorySegment[] pieces = cut(random, memory);
                        file.write(at, pieces, pieces.length);
                        System.arraycopy(data, 0, model, at, length);
                    }
                }
            }
            file.flush();
        }
        assertThat(Arrays.equals(Files.readAllBytes(path), model)).isTrue();
    }

    @Test
    void aFileThatBecameShorterIsAnErrorWithItsPlace() throws Exception {
        Path path = image();
        try (BlockFile file = open(path, Linux.O_RDWR);
                RandomAccessFile other = new RandomAccessFile(path.toFile(), "rw");
                Arena arena = Arena.ofConfined()) {
            other.setLength(1000);
            MemorySegment[] memory = {arena.allocate(512)};
            assertThatThrownBy(() -> file.read(512, memory, 1))
                    .isInstanceOf(ErrnoException.class)
                    .hasMessageContaining("at 1000")
                    .hasMessageContaining("EIO");
        }
    }

    @Test
    void aReadOnlyFileIsNotWritten() throws Exception {
        Path path = image();
        try (BlockFile file = open(path, Linux.O_RDONLY);
                Arena arena = Arena.ofConfined()) {
            MemorySegment[] memory = {arena.allocate(512)};
            assertThatThrownBy(() -> file.write(0, memory, 1)).hasMessageContaining("EBADF");
            assertThatThrownBy(() -> file.zero(0, 512, true)).hasMessageContaining("EBADF");
        }
    }

    @Test
    void locksKeepOthersOut() throws Exception {
        Path path = image();
        try (BlockFile first = open(path, Linux.O_RDWR);
                BlockFile second = open(path, Linux.O_RDWR)) {
            assertThat(first.tryLock(true)).isTrue();
            assertThat(second.tryLock(true)).isFalse();
            assertThat(second.tryLock(false)).isFalse();
            first.close();
            assertThat(second.tryLock(false)).isTrue();
        }
    }

    @Test
    void whatHasNoOffsetsIsRefused() throws Exception {
        try (Pipe pipe = Pipe.create()) {
            assertThatThrownBy(() -> BlockFile.own(pipe.readEnd().duplicate(), "a pipe"))
                    .hasMessageContaining("lseek");
        }
    }

    /** Whoever keeps a duplicate for later keeps no lock. */
    @Test
    void theLockEndsWhateverDuplicatesThereAre() throws Exception {
        Path path = Files.write(directory.resolve("locked"), new byte[4096]);
        AtomicReference<Fd> copy = new AtomicReference<>();
        try (BlockFile other = BlockFile.own(Linux.openReadOnly(path.toString()), "other")) {
            try (BlockFile first = BlockFile.own(Linux.openReadOnly(path.toString()), "first")) {
                assertThat(first.tryLock(true)).isTrue();
                first.lend(fd -> copy.set(duplicate(fd)));
                assertThat(other.tryLock(true)).isFalse();
                first.unlock();
            }
            assertThat(other.tryLock(true)).isTrue();
        } finally {
            copy.get().close();
        }
    }

    private static Fd duplicate(Fd fd) {
        try {
            return fd.duplicate();
        } catch (ErrnoException e) {
            throw new AssertionError(e);
        }
    }
}
