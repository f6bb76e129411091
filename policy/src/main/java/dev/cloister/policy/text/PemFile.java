package dev.cloister.policy.text;

import dev.cloister.policy.text.PolicySignatureException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Base64;

/** A file with one PEM block (RFC 7468), as {@code openssl} writes keys. */
final class PemFile {
    static final String PRIVATE_KEY = "PRIVATE KEY";
    static final String PUBLIC_KEY = "PUBLIC KEY";

    private static final int MAX_BYTES = 1 << 16;
    private static final String BEGIN = "-----BEGIN ";
    private static final String END = "-----END ";
    private static final String DASHES = "-----";

    private PemFile() {}

    /**
     * Returns the content of the file's block.
     *
     * @param file at most 64 KiB
     * @param label the sort of block that is expected
     */
    static byte[] read(Path file, String label) throws PolicySignatureException {
        String text = text(file);
        int begin = text.indexOf(BEGIN);
        if (begin < 0) {
            throw malformed(file, "has no PEM block: no line -----BEGIN " + label + "-----");
        }
        int labelEnd = text.indexOf(DASHES, begin + BEGIN.length());
        String found = labelEnd < 0 ? "" : text.substring(begin + BEGIN.length(), labelEnd);
        if (!found.equals(label)) {
            throw malformed(file, "holds " + shown(found) + ", expected " + label + advice(found, label));
        }
        int end = text.indexOf(END + label + DASHES, labelEnd);
        if (end < 0) {
            throw malformed(file, "is cut off: no line -----END " + label + "-----");
        }
        if (text.indexOf(BEGIN, end) >= 0) {
            throw malformed(file, "has more than one PEM block; expected one key");
        }
        return decode(file, text.substring(labelEnd + DASHES.length(), end));
    }

    private static String text(Path file) throws PolicySignatureException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw malformed(file, "has more than " + MAX_BYTES + " bytes: not a key");
            }
            return new String(bytes, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException _) {
            throw new PolicySignatureException(Kind.KEY_UNREADABLE, "key file " + file + " does not exist");
        } catch (IOException e) {
            throw new PolicySignatureException(
                    Kind.KEY_UNREADABLE,
                    "key file " + file + " can't be read: " + e.getClass().getSimpleName());
        }
    }

    private static byte[] decode(Path file, String base64) throws PolicySignatureException {
        try {
            return Base64.getDecoder().decode(base64.replaceAll("[ \t\r\n]", ""));
        } catch (IllegalArgumentException _) {
            throw malformed(file, "has a PEM block that isn't base64");
        }
    }

    private static String shown(String label) {
        boolean plain = label.matches("[A-Z0-9 ]{1,40}");
        return plain ? label : "a malformed PEM block";
    }

    private static String advice(String found, String expected) {
        if (found.equals("ENCRYPTED PRIVATE KEY")) {
            return "; decrypt it first: openssl pkey -in KEY -out PLAIN";
        }
        if (expected.equals(PUBLIC_KEY) && found.equals(PRIVATE_KEY)) {
            return "; make the public key: openssl pkey -in KEY -pubout -out PUBLIC";
        }
        return "; make a key: openssl genpkey -algorithm ed25519 -out KEY";
    }

    static PolicySignatureException malformed(Path file, String what) {
        return new PolicySignatureException(Kind.KEY_MALFORMED, "key file " + file + " " + what);
    }
}
