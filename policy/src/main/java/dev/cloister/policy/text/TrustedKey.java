package dev.cloister.policy.text;

import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.util.HexFormat;

/** A public key whose signatures are trusted: Ed25519, in PEM SubjectPublicKeyInfo as {@code openssl pkey -pubout} writes it. */
public final class TrustedKey {
    private final PublicKey key;
    private final String keyId;

    private TrustedKey(PublicKey key) {
        this.key = key;
        this.keyId = idOf(key);
    }

    /**
     * Reads a public key.
     *
     * @throws PolicySignatureException if the file can't be read or holds anything else
     */
    public static TrustedKey read(Path file) throws PolicySignatureException {
        byte[] spki = PemFile.read(file, PemFile.PUBLIC_KEY);
        try {
            return new TrustedKey(Ed25519.publicKey(spki));
        } catch (GeneralSecurityException _) {
            throw PemFile.malformed(
                    file, "holds no Ed25519 public key; make one: openssl pkey -in KEY -pubout -out PUBLIC");
        }
    }

    /** Returns the SHA-256 of the key's SubjectPublicKeyInfo, 64 hexadecimal digits in lower case. */
    public String keyId() {
        return keyId;
    }

    boolean verifies(byte[] message, byte[] signature) {
        return Ed25519.verifies(key, message, signature);
    }

    static String idOf(PublicKey key) {
        return HexFormat.of().formatHex(PolicyDigest.sha256().digest(key.getEncoded()));
    }
}
