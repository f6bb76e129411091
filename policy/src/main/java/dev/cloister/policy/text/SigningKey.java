package dev.cloister.policy.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.util.Set;

/** A private key that signs policies: Ed25519, in PEM PKCS #8 as {@code openssl genpkey -algorithm ed25519} writes it. */
public final class SigningKey {
    private static final Set<PosixFilePermission> OTHERS =
            Set.of(PosixFilePermission.GROUP_READ, PosixFilePermission.OTHERS_READ);

    private final PrivateKey key;
    private final String keyId;
    private final boolean readableByOthers;

    private SigningKey(PrivateKey key, String keyId, boolean readableByOthers) {
        this.key = key;
        this.keyId = keyId;
        this.readableByOthers = readableByOthers;
    }

    /**
     * Reads a private key.
     *
     * @throws PolicySignatureException if the file can't be read or holds anything else
     */
    public static SigningKey read(Path file) throws PolicySignatureException {
        byte[] pkcs8 = PemFile.read(file, PemFile.PRIVATE_KEY);
        try {
            PrivateKey key = Ed25519.privateKey(pkcs8);
            return new SigningKey(key, TrustedKey.idOf(Ed25519.publicOf(key)), readableByOthers(file));
        } catch (GeneralSecurityException _) {
            throw PemFile.malformed(
                    file, "holds no Ed25519 private key; make one: openssl genpkey -algorithm ed25519 -out KEY");
        }
    }

    /** Returns the SHA-256 of the public half's SubjectPublicKeyInfo, 64 hexadecimal digits in lower case. */
    public String keyId() {
        return keyId;
    }

    /** Returns whether the file could be read by its group or by everyone when the key was read. */
    public boolean isReadableByOthers() {
        return readableByOthers;
    }

    byte[] sign(byte[] message) {
        return Ed25519.sign(key, message);
    }

    private static boolean readableByOthers(Path file) {
        try {
            return Files.getPosixFilePermissions(file).stream().anyMatch(OTHERS::contains);
        } catch (IOException | UnsupportedOperationException _) {
            // A file system without permissions: nothing can be said, and the key was readable.
            return false;
        }
    }
}
