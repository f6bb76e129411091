package dev.cloister.policy.daemon.host;

import dev.cloister.linux.Fd;
import dev.cloister.linux.Mapping;
import dev.cloister.linux.Memfd;
import dev.cloister.policy.model.ImageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A guest image as it will be handed over: a copy in a memory file sealed against every change, hashed after the sealing. Whoever
 * writes to the original afterwards changes nothing.
 *
 * @param memory the sealed copy
 * @param sha256 its digest, 64 lower-case hexadecimal digits
 */
record MeasuredImage(Memfd memory, String sha256) implements AutoCloseable {
    private static final long MAX_BYTES = 4L << 30;
    private static final int CHUNK = 1 << 20;
    private static final int ALL_SEALS = Memfd.SEAL_SHRINK | Memfd.SEAL_GROW | Memfd.SEAL_WRITE | Memfd.SEAL_SEAL;

    /** Copies, seals and hashes a file. */
    static MeasuredImage load(ImageFile file) throws IOException {
        try (FileChannel source = FileChannel.open(file.resolved(), StandardOpenOption.READ)) {
            long size = source.size();
            if (size < 1 || size > MAX_BYTES) {
                throw new IOException("image " + file.path() + " has " + size + " bytes: expected 1 to " + MAX_BYTES);
            }
            Memfd memory = Memfd.create("cloister-image", size);
            try {
                try (Mapping mapping = Mapping.writable(memory.fd(), 0, size)) {
                    fill(source, mapping, file.path());
                }
                memory.addSeals(ALL_SEALS);
                return new MeasuredImage(memory, digest(memory.fd(), size));
            } catch (IOException e) {
                memory.close();
                throw e;
            }
        }
    }

    private static void fill(FileChannel source, Mapping mapping, String path) throws IOException {
        for (long at = 0; at < mapping.size(); ) {
            ByteBuffer chunk = mapping.segment()
                    .asSlice(at, Math.min(CHUNK, mapping.size() - at))
                    .asByteBuffer();
            int count = source.read(chunk, at);
            if (count <= 0) {
                throw new IOException("image " + path + " became shorter while it was read: at byte " + at);
            }
            at += count;
        }
    }

    private static String digest(Fd fd, long size) throws IOException {
        try (Mapping mapping = Mapping.readOnly(fd, 0, size)) {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            for (long at = 0; at < size; at += CHUNK) {
                sha.update(mapping.segment()
                        .asSlice(at, Math.min(CHUNK, size - at))
                        .asByteBuffer());
            }
            return HexFormat.of().formatHex(sha.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public void close() {
        memory.close();
    }
}
