package dev.cloister.vmm.loader;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Strings that a guest receives: UTF-8 with a NUL at the end. */
final class Strings {
    private Strings() {}

    /**
     * Encodes a string.
     *
     * @param limit the most bytes allowed without the NUL
     */
    static byte[] terminated(String what, String text, long limit) throws ImageException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > limit) {
            throw new ImageException(
                    what,
                    ImageException.NO_OFFSET,
                    bytes.length + " bytes",
                    "at most " + limit + " bytes",
                    "shorten it");
        }
        if (text.indexOf('\0') >= 0) {
            throw new ImageException(
                    what, ImageException.NO_OFFSET, "a NUL character", "text without NUL", "leave it out");
        }
        return Arrays.copyOf(bytes, bytes.length + 1);
    }
}
