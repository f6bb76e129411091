package dev.cloister.policy.text;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Replaces a file as a whole: whoever reads it, and after a crash too, finds all of the old content or all of the new. */
public final class AtomicFile {
    private static final Set<PosixFilePermission> FRESH = PosixFilePermissions.fromString("rw-r--r--");

    private AtomicFile() {}

    /**
     * Writes the content to a new file in the same folder, forces it to the disk and renames it over the old. A symbolic link is
     * followed, the mode is kept; a file that wasn't there gets mode 0644.
     *
     * @throws IOException if that can't be done; the old file is then as it was
     */
    public static void replace(Path file, byte[] content) throws IOException {
        Path target = Files.isSymbolicLink(file) ? file.toRealPath() : file.toAbsolutePath();
        Path folder = target.getParent();
        if (folder == null || target.getFileName() == null) {
            throw new NoSuchFileException(file.toString(), null, "not a file");
        }
        Path fresh = Files.createTempFile(folder, "." + target.getFileName(), ".new");
        try {
            Files.setPosixFilePermissions(fresh, Files.exists(target) ? Files.getPosixFilePermissions(target) : FRESH);
            try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(content);
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(fresh);
        }
        try (FileChannel directory = FileChannel.open(folder, StandardOpenOption.READ)) {
            directory.force(true);
        }
    }
}
