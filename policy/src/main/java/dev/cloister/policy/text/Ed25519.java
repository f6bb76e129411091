package dev.cloister.policy.text;

import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.SignatureException;
import java.security.interfaces.EdECPrivateKey;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;

/** The JDK's Ed25519 (RFC 8032). */
final class Ed25519 {
    /** The algorithm's name, here and in signature files. */
    static final String NAME = "Ed25519";

    private Ed25519() {}

    static PrivateKey privateKey(byte[] pkcs8) throws GeneralSecurityException {
        return KeyFactory.getInstance(NAME).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
    }

    static PublicKey publicKey(byte[] spki) throws GeneralSecurityException {
        return KeyFactory.getInstance(NAME).generatePublic(new X509EncodedKeySpec(spki));
    }

    static byte[] sign(PrivateKey key, byte[] message) {
        try {
            Signature signature = Signature.getInstance(NAME);
            signature.initSign(key);
            signature.update(message);
            return signature.sign();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("an Ed25519 key can sign", e);
        }
    }

    static boolean verifies(PublicKey key, byte[] message, byte[] bytes) {
        try {
            Signature signature = Signature.getInstance(NAME);
            signature.initVerify(key);
            signature.update(message);
            return signature.verify(bytes);
        } catch (SignatureException | InvalidKeyException _) {
            // Bytes that can't be a signature at all, or a point that isn't on the curve.
            return false;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK since 15 has Ed25519", e);
        }
    }

    /**
     * Returns the public half of a key. A PKCS #8 file as OpenSSL writes it holds only the private half, and the JDK has no other
     * way from there than to generate the pair anew from the same seed; the result is tried out.
     */
    static PublicKey publicOf(PrivateKey key) throws GeneralSecurityException {
        byte[] seed = key instanceof EdECPrivateKey edEc ? edEc.getBytes().orElse(new byte[0]) : new byte[0];
        KeyPairGenerator generator = KeyPairGenerator.getInstance(NAME);
        generator.initialize(NamedParameterSpec.ED25519, new Seed(seed));
        PublicKey result = generator.generateKeyPair().getPublic();
        byte[] trial = {1};
        if (!verifies(result, trial, sign(key, trial))) {
            throw new InvalidKeyException("the public key can't be found from the private");
        }
        return result;
    }

    /** Gives out one seed. */
    private static final class Seed extends SecureRandom {
        private static final long serialVersionUID = 1L;

        @SuppressWarnings("serial") // Nobody serialises this.
        private final byte[] seed;

        Seed(byte[] seed) {
            this.seed = seed.clone();
        }

        @Override
        public void nextBytes(byte[] bytes) {
            System.arraycopy(seed, 0, bytes, 0, Math.min(seed.length, bytes.length));
        }
    }
}
