package dev.cloister.it.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Numbers that processes of one benchmark share, in a file that each maps: moments of the host's monotonic clock
 * ({@link System#nanoTime()} is the same in all of them on Linux) and counts. Any thread.
 */
public final class Board {
    private static final int SLOTS = 512;
    private static final VarHandle LONGS = ValueLayout.JAVA_LONG.arrayElementVarHandle();

    private final MemorySegment longs;

    private Board(MemorySegment longs) {
        this.longs = longs;
    }

    /**
     * Maps a board, which is made if it is not there; it stays mapped as long as the process lives.
     *
     * @param file the file
     * @return the board
     * @throws IOException if it can't be mapped
     */
    public static Board map(Path file) throws IOException {
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE)) {
            return new Board(channel.map(FileChannel.MapMode.READ_WRITE, 0, SLOTS * (long) Long.BYTES, Arena.global()));
        }
    }

    /**
     * Reads a number.
     *
     * @param slot 0 to 511
     * @return what was put there last
     */
    public long get(int slot) {
        return (long) LONGS.getVolatile(longs, 0L, (long) slot);
    }

    /**
     * Puts a number.
     *
     * @param slot 0 to 511
     * @param value the number
     */
    public void set(int slot, long value) {
        LONGS.setVolatile(longs, 0L, (long) slot, value);
    }

    /**
     * Puts a number where there is 0.
     *
     * @param slot 0 to 511
     * @param value the number
     */
    public void setOnce(int slot, long value) {
        LONGS.compareAndSet(longs, 0L, (long) slot, 0L, value);
    }
}
