package dev.cloister.policy.text;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * The digest that names a policy in decisions, the audit log and signatures: SHA-256 of its canonical form, so that comments
 * and layout don't change it. A policy with fragments is digested as
 * {@code {"policy": …, "fragments": [{"path": …, "document": …}, …]}}. Thread-safe, without state.
 */
public final class PolicyDigest {
    private PolicyDigest() {}

    /**
     * A fragment that a policy includes, directly or not.
     *
     * @param path as the policy's author can find it again; not machine-dependent
     * @param text the file's bytes
     */
    @SuppressWarnings("ArrayRecordComponent") // A carrier between two calls: never compared, never kept.
    public record Fragment(String path, byte[] text) {}

    /**
     * Returns the digest of a policy without fragments.
     *
     * @param policy the file's bytes
     * @return 64 hexadecimal digits in lower case
     * @throws TextException if the text has no canonical form; see {@link Canonical#bytes}
     */
    public static String of(byte[] policy) throws TextException {
        MessageDigest digest = sha256();
        new CanonicalWriter(policy).document().feed(digest);
        return hex(digest);
    }

    /**
     * Returns the digest of a policy with its fragments.
     *
     * @param policy the file's bytes
     * @param fragments in the order of inclusion; if empty, as {@link #of(byte[])}
     * @return 64 hexadecimal digits in lower case
     * @throws TextException if a text has no canonical form
     */
    public static String of(byte[] policy, List<Fragment> fragments) throws TextException {
        if (fragments.isEmpty()) {
            return of(policy);
        }
        MessageDigest digest = sha256();
        String lead = "{\"fragments\":[";
        for (Fragment fragment : fragments) {
            ascii(digest, lead + "{\"document\":");
            new CanonicalWriter(fragment.text()).document().feed(digest);
            ascii(digest, ",\"path\":");
            CanonicalBuffer path = new CanonicalBuffer(0);
            path.quote(fragment.path());
            path.feed(digest);
            ascii(digest, "}");
            lead = ",";
        }
        ascii(digest, "],\"policy\":");
        new CanonicalWriter(policy).document().feed(digest);
        ascii(digest, "}");
        return hex(digest);
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void ascii(MessageDigest digest, String text) {
        for (int i = 0; i < text.length(); i++) {
            digest.update((byte) text.charAt(i));
        }
    }
}
