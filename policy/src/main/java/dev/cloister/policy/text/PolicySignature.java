package dev.cloister.policy.text;

import dev.cloister.policy.text.PolicySignatureException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A detached signature over a policy's digest (see {@link PolicyDigest}), kept in a small JSON file beside the policy. What is
 * signed is {@code cloister-policy-signature-v1}, a zero byte, and the digest's 64 hexadecimal digits: a signature that was made
 * for anything else can't be taken for one. Immutable.
 *
 * <p>To enforce only what is signed: {@link #read}, {@link #requireTrusted} before the policy is read at all, then
 * {@link #requireCovers} with the digest of the policy that was loaded.
 */
public final class PolicySignature {
    /** What is appended to the policy's file name. */
    public static final String SUFFIX = ".sig";

    private static final byte[] DOMAIN = "cloister-policy-signature-v1\0".getBytes(StandardCharsets.US_ASCII);
    private static final int MAX_BYTES = 1 << 14;

    private final String digest;
    private final String keyId;
    private final byte[] signature;
    private final long serial;

    PolicySignature(String digest, String keyId, byte[] signature) {
        this(digest, 0, keyId, signature);
    }

    PolicySignature(String digest, long serial, String keyId, byte[] signature) {
        this.serial = serial;
        this.digest = digest;
        this.keyId = keyId;
        this.signature = signature.clone();
    }

    /**
     * Signs a digest.
     *
     * @param digest 64 hexadecimal digits in lower case
     * @param key what signs it
     */
    public static PolicySignature sign(String digest, SigningKey key) {
        return sign(digest, 0, key);
    }

    /**
     * Signs a digest together with a serial, so that nobody can give an old policy a newer one.
     *
     * @param digest 64 hexadecimal digits in lower case
     * @param serial grows with every policy that is signed for an installation; 0 for none
     * @param key what signs it
     */
    public static PolicySignature sign(String digest, long serial, SigningKey key) {
        if (serial < 0) {
            throw new IllegalArgumentException("serial " + serial + ": expected 0 or more");
        }
        return new PolicySignature(digest, serial, key.keyId(), key.sign(message(digest, serial)));
    }

    /** Returns the serial that was signed with the digest; 0 where there is none. */
    public long serial() {
        return serial;
    }

    /** Returns where a policy's signature is expected: beside it, with {@link #SUFFIX} behind its name. */
    public static Path fileOf(Path policy) {
        return policy.resolveSibling(policy.getFileName() + SUFFIX);
    }

    /**
     * Reads a signature file. Nothing is verified yet.
     *
     * @param file at most 16 KiB
     * @throws PolicySignatureException if it is missing, can't be read, or isn't one
     */
    public static PolicySignature read(Path file) throws PolicySignatureException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw SignatureJson.malformed(file, "it has more than " + MAX_BYTES + " bytes");
            }
            return SignatureJson.read(file, bytes);
        } catch (NoSuchFileException _) {
            throw new PolicySignatureException(
                    Kind.SIGNATURE_MISSING,
                    "the policy is not signed: there is no " + file + "; cloister policy sign makes one");
        } catch (IOException e) {
            throw SignatureJson.malformed(
                    file, "it can't be read: " + e.getClass().getSimpleName());
        }
    }

    /**
     * Proves that one of the keys made this signature.
     *
     * @param keys at least one
     * @throws PolicySignatureException if none of them has the signature's key id, or the signature isn't that key's
     */
    public void requireTrusted(List<TrustedKey> keys) throws PolicySignatureException {
        TrustedKey key = keys.stream()
                .filter(candidate -> candidate.keyId().equals(keyId))
                .findFirst()
                .orElseThrow(() -> new PolicySignatureException(
                        Kind.KEY_UNKNOWN,
                        "the policy was signed with key " + keyId + ", which is not trusted; trusted: "
                                + keys.stream().map(TrustedKey::keyId).collect(Collectors.joining(", "))));
        if (!key.verifies(message(digest, serial), signature)) {
            throw new PolicySignatureException(
                    Kind.SIGNATURE_WRONG,
                    "the signature is wrong: key " + keyId + " did not sign digest " + digest
                            + "; the signature file was altered or damaged");
        }
    }

    /**
     * Proves that this signature is for a policy.
     *
     * @param loaded the digest of the policy that was loaded
     * @throws PolicySignatureException if it is for another
     */
    public void requireCovers(String loaded) throws PolicySignatureException {
        if (!digest.equals(loaded)) {
            throw new PolicySignatureException(
                    Kind.DIGEST_DIFFERS,
                    "the signature is for another policy: it covers digest " + digest + ", this policy's is " + loaded
                            + "; the policy was changed after it was signed");
        }
    }

    /** Returns the digest that was signed, 64 hexadecimal digits in lower case. */
    public String digest() {
        return digest;
    }

    /** Returns the id of the key that is said to have signed. */
    public String keyId() {
        return keyId;
    }

    /** Returns the signature in base64. */
    String base64() {
        return Base64.getEncoder().encodeToString(signature);
    }

    /** Returns the signature file's content, UTF-8. */
    public byte[] toJson() {
        return SignatureJson.write(this);
    }

    /** A signature without a serial is over the digest alone, as releases before serials made it. */
    private static byte[] message(String digest, long serial) {
        String signed = serial == 0 ? digest : digest + " serial " + serial;
        byte[] hex = signed.getBytes(StandardCharsets.US_ASCII);
        byte[] message = new byte[DOMAIN.length + hex.length];
        System.arraycopy(DOMAIN, 0, message, 0, DOMAIN.length);
        System.arraycopy(hex, 0, message, DOMAIN.length, hex.length);
        return message;
    }
}
