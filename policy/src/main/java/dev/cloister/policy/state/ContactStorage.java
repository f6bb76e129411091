package dev.cloister.policy.state;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Where the journal of contacts is kept. Exists so that tests can make storage fail at any byte. One thread at a time. */
public interface ContactStorage extends Closeable {
    /** Returns everything that is there. */
    byte[] read() throws IOException;

    /** Writes at a position; on an error some of it may have been written. */
    void write(long position, byte[] bytes) throws IOException;

    /** Returns once everything written is on the medium. */
    void force() throws IOException;

    /** Cuts to a length. */
    void truncate(long length) throws IOException;

    /** A file of mode 0600 in the state directory, made if it is missing. */
    static ContactStorage file(Path path) throws IOException {
        boolean fresh = !Files.exists(path, LinkOption.NOFOLLOW_LINKS);
        FileChannel channel = FileChannel.open(
                path,
                Set.of(
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE,
                        LinkOption.NOFOLLOW_LINKS),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        if (fresh) {
            try (FileChannel folder = FileChannel.open(path.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
                folder.force(true);
            }
        }
        return new ContactStorage() {
            @Override
            public byte[] read() throws IOException {
                ByteBuffer all = ByteBuffer.allocate((int) Math.min(Integer.MAX_VALUE - 8, channel.size()));
                while (all.hasRemaining() && channel.read(all, all.position()) > 0) {
                    // Until it is all there.
                }
                byte[] bytes = new byte[all.flip().remaining()];
                all.get(bytes);
                return bytes;
            }

            @Override
            public void write(long position, byte[] bytes) throws IOException {
                ByteBuffer left = ByteBuffer.wrap(bytes);
                while (left.hasRemaining()) {
                    channel.write(left, position + left.position());
                }
            }

            @Override
            public void force() throws IOException {
                channel.force(true);
            }

            @Override
            public void truncate(long length) throws IOException {
                channel.truncate(length);
            }

            @Override
            public void close() throws IOException {
                channel.close();
            }
        };
    }
}
