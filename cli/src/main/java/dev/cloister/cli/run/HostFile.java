package dev.cloister.cli.run;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Files that options name; what is wrong with one is the command's failure, with {@link ExitCodes#BAD_INPUT}. */
final class HostFile {
    private static final long READ_CHUNK = 16 << 20;

    private HostFile() {}

    /** Reads a file into memory of its own: an image that shrinks while it is mapped would be a fault of the process. */
    static MemorySegment read(Path file, Arena arena) throws CommandFailure {
        try (FileChannel channel = FileChannel.open(file)) {
            MemorySegment bytes = arena.allocate(Math.max(1, channel.size()));
            long at = 0;
            while (at < channel.size()) {
                long chunk = Math.min(READ_CHUNK, bytes.byteSize() - at);
                int count = channel.read(bytes.asSlice(at, chunk).asByteBuffer());
                if (count <= 0) {
                    break;
                }
                at += count;
            }
            return bytes.asSlice(0, at);
        } catch (NoSuchFileException e) {
            throw new CommandFailure(ExitCodes.BAD_INPUT, "no such file: " + file, e);
        } catch (IOException e) {
            throw new CommandFailure(ExitCodes.BAD_INPUT, "can't read " + file + ": " + e.getMessage(), e);
        }
    }

    /**
     * Makes a file, or empties it.
     *
     * @param what what will be in it, for messages
     * @param file where
     * @return the caller's to close
     */
    static OutputStream create(String what, Path file) throws CommandFailure {
        try {
            return new FileOutputStream(file.toFile());
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCodes.BAD_INPUT, "can't write the " + what + " " + file + ": " + e.getMessage(), e);
        }
    }
}
