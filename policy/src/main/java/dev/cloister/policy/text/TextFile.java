package dev.cloister.policy.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads a policy's or fragment's file within the bounds of this package. */
public final class TextFile {
    private TextFile() {}

    /**
     * Returns the file's bytes; of one that is too large only as many as it takes to be refused as such by {@link Canonical} and
     * {@link PolicyFormat}.
     *
     * @throws IOException if it can't be read
     */
    public static byte[] read(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(Lexer.MAX_BYTES + 1);
        }
    }
}
