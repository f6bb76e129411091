package dev.cloister.policy.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.policy.text.PolicySignatureException.Kind;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A signature holds for one policy and one key; every way to fail has its own words. */
class PolicySignatureTest {
    private static final String DIGEST = "0123456789abcdef".repeat(4);
    private static final String OTHER = "f".repeat(64);

    @TempDir
    private Path folder;

    private SigningKey alice;
    private TrustedKey alicePublic;
    private TrustedKey bobPublic;

    @BeforeEach
    void makeKeys() throws Exception {
        Keys.write(folder, "alice", "Ed25519");
        Keys.write(folder, "bob", "Ed25519");
        alice = SigningKey.read(folder.resolve("alice.key"));
        alicePublic = TrustedKey.read(folder.resolve("alice.pub"));
        bobPublic = TrustedKey.read(folder.resolve("bob.pub"));
    }

    private PolicySignature written(byte[] json) throws Exception {
        return PolicySignature.read(Files.write(folder.resolve("p.json.sig"), json));
    }

    private static void refuses(ThrowingCallable action, Kind kind, String words) {
        assertThatThrownBy(action).isInstanceOfSatisfying(PolicySignatureException.class, e -> {
            assertThat(e.kind()).isEqualTo(kind);
            assertThat(e.getMessage()).contains(words);
        });
    }

    @Test
    void whatWasSignedIsTrusted() throws Exception {
        PolicySignature signature = written(PolicySignature.sign(DIGEST, alice).toJson());
        signature.requireTrusted(List.of(bobPublic, alicePublic));
        signature.requireCovers(DIGEST);
        assertThat(signature.keyId()).isEqualTo(alicePublic.keyId()).isEqualTo(alice.keyId());
        assertThat(PolicySignature.fileOf(Path.of("a/p.json"))).isEqualTo(Path.of("a/p.json.sig"));
    }

    @Test
    void anUnknownKeyIsRefused() throws Exception {
        PolicySignature signature = written(PolicySignature.sign(DIGEST, alice).toJson());
        refuses(() -> signature.requireTrusted(List.of(bobPublic)), Kind.KEY_UNKNOWN, bobPublic.keyId());
    }

    @Test
    void anotherPolicyIsRefused() throws Exception {
        PolicySignature signature = written(PolicySignature.sign(DIGEST, alice).toJson());
        refuses(() -> signature.requireCovers(OTHER), Kind.DIGEST_DIFFERS, "changed after it was signed");
    }

    /** The digest in the file is covered by the signature, and so is the key. */
    @Test
    void alteredFilesAreRefused() throws Exception {
        String json = new String(PolicySignature.sign(DIGEST, alice).toJson(), StandardCharsets.UTF_8);
        PolicySignature digest = written(json.replace(DIGEST, OTHER).getBytes(StandardCharsets.UTF_8));
        refuses(() -> digest.requireTrusted(List.of(alicePublic)), Kind.SIGNATURE_WRONG, "did not sign");
        PolicySignature key =
                written(json.replace(alice.keyId(), bobPublic.keyId()).getBytes(StandardCharsets.UTF_8));
        refuses(() -> key.requireTrusted(List.of(alicePublic, bobPublic)), Kind.SIGNATURE_WRONG, "did not sign");
        int at = json.indexOf("\"signature\"") + 20;
        char flipped = json.charAt(at) == 'A' ? 'B' : 'A';
        PolicySignature bits =
                written((json.substring(0, at) + flipped + json.substring(at + 1)).getBytes(StandardCharsets.UTF_8));
        refuses(() -> bits.requireTrusted(List.of(alicePublic)), Kind.SIGNATURE_WRONG, "did not sign");
    }

    @Test
    void aMissingFileIsAnUnsignedPolicy() {
        refuses(
                () -> PolicySignature.read(folder.resolve("none.sig")),
                Kind.SIGNATURE_MISSING,
                "the policy is not signed");
        refuses(() -> PolicySignature.read(folder), Kind.SIGNATURE_MALFORMED, "can't be read");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`` | it isn't one JSON object",
                "[] | it isn't one JSON object",
                "{ | it isn't one JSON object",
                "{} | field version is missing",
                "{\"version\": 1, \"version\": 1} | it isn't one JSON object",
                "{\"version\": \"1\"} | field version isn't a number",
                "{\"digest\": 1} | field digest isn't a string",
                "{\"comment\": 1} | a field that version 1 doesn't know",
            })
    void malformedFilesAreRefused(String json, String words) {
        refuses(() -> written(json.getBytes(StandardCharsets.UTF_8)), Kind.SIGNATURE_MALFORMED, words);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"version\": 1 | \"version\": 2 | field version isn't 1",
                "Ed25519 | RSA | field algorithm isn't Ed25519",
                "\"digest\": \" | \"digest\": \"A | field digest isn't 64",
                "\"keyId\": \" | \"keyId\": \"0 | field keyId isn't 64",
                "\"signature\": \" | \"signature\": \"! | field signature isn't base64",
                "\"signature\": \" | \"signature\": \"AAAA | field signature has 67 bytes, expected 64",
                "} | } {} | text after the object",
            })
    void malformedFieldsAreRefused(String piece, String replacement, String words) {
        String json = new String(PolicySignature.sign(DIGEST, alice).toJson(), StandardCharsets.UTF_8);
        assertThat(json).contains(piece);
        refuses(
                () -> written(json.replace(piece, replacement).getBytes(StandardCharsets.UTF_8)),
                Kind.SIGNATURE_MALFORMED,
                words);
    }

    @Test
    void malformedKeysAreRefused() throws Exception {
        Keys.write(folder, "rsa", "RSA");
        Keys.write(folder, "ed448", "Ed448");
        String pem = Files.readString(folder.resolve("alice.pub"));
        refuses(
                () -> SigningKey.read(folder.resolve("alice.pub")),
                Kind.KEY_MALFORMED,
                "holds PUBLIC KEY, expected PRIVATE KEY");
        refuses(() -> SigningKey.read(folder.resolve("rsa.key")), Kind.KEY_MALFORMED, "holds no Ed25519 private key");
        refuses(() -> SigningKey.read(folder.resolve("ed448.key")), Kind.KEY_MALFORMED, "holds no Ed25519 private key");
        refuses(() -> TrustedKey.read(folder.resolve("rsa.pub")), Kind.KEY_MALFORMED, "holds no Ed25519 public key");
        refuses(() -> TrustedKey.read(folder.resolve("alice.key")), Kind.KEY_MALFORMED, "openssl pkey -in KEY -pubout");
        refuses(() -> TrustedKey.read(folder.resolve("none.pub")), Kind.KEY_UNREADABLE, "does not exist");
        refuses(() -> TrustedKey.read(folder), Kind.KEY_UNREADABLE, "can't be read");
        trusted("", "no PEM block");
        trusted("-----BEGIN PUBLIC KEY", "holds a malformed PEM block");
        trusted(pem.substring(0, pem.length() - 20), "is cut off");
        trusted(pem + pem, "more than one PEM block");
        trusted(pem.replaceFirst("\n", "\n!"), "isn't base64");
        trusted(Keys.pem("PUBLIC KEY", new byte[] {0x30, 1}), "holds no Ed25519 public key");
        trusted("x".repeat(70_000), "not a key");
        refuses(
                () -> SigningKey.read(
                        Files.writeString(folder.resolve("k"), Keys.pem("ENCRYPTED PRIVATE KEY", new byte[9]))),
                Kind.KEY_MALFORMED,
                "decrypt it first");
    }

    private void trusted(String text, String words) {
        refuses(() -> TrustedKey.read(Files.writeString(folder.resolve("t.pub"), text)), Kind.KEY_MALFORMED, words);
    }

    @Test
    void textAroundTheBlockIsFine() throws Exception {
        String pem = Files.readString(folder.resolve("alice.pub"));
        Path file = Files.writeString(
                folder.resolve("t.pub"), "ED25519 Public-Key:\r\n" + pem.replace("\n", "\r\n") + "\n");
        assertThat(TrustedKey.read(file).keyId()).isEqualTo(alicePublic.keyId());
    }

    @Test
    void aKeyThatOthersCanReadIsNoticed() throws Exception {
        Path file = folder.resolve("alice.key");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        assertThat(SigningKey.read(file).isReadableByOthers()).isFalse();
        for (String mode : List.of("rw-r-----", "rw----r--")) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
            assertThat(SigningKey.read(file).isReadableByOthers()).as(mode).isTrue();
        }
    }
}
