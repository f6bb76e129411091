package dev.cloister.policy.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keys and signatures go both ways between Cloister and the {@code openssl} command. */
class OpensslInteropTest {
    private static final String DIGEST = "0123456789abcdef".repeat(4);

    @TempDir
    private static Path folder;

    @BeforeAll
    static void makeKeys() throws Exception {
        String reason = "skipped: no openssl that knows Ed25519 on the PATH (Debian: apt-get install openssl)";
        boolean works = run("genpkey", "-algorithm", "ed25519", "-out", "key.pem") == 0;
        if (!works) {
            System.out.println(OpensslInteropTest.class.getSimpleName() + " " + reason);
        }
        Assumptions.assumeTrue(works, reason);
        assertThat(run("pkey", "-in", "key.pem", "-pubout", "-out", "pub.pem")).isZero();
        // The signed message: a domain, a zero byte, the digest in hexadecimal.
        Files.writeString(folder.resolve("message"), "cloister-policy-signature-v1\0" + DIGEST);
    }

    private static int run(String... arguments) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("openssl.log").toFile())
                    .start();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("openssl ends").isTrue();
            return process.exitValue();
        } catch (IOException _) {
            return -1;
        }
    }

    @Test
    void opensslVerifiesWhatCloisterSigns() throws Exception {
        PolicySignature signature = PolicySignature.sign(DIGEST, SigningKey.read(folder.resolve("key.pem")));
        Files.write(folder.resolve("ours"), Base64.getDecoder().decode(signature.base64()));
        assertThat(verify("ours", "message")).isZero();
        Files.writeString(folder.resolve("other"), "cloister-policy-signature-v1\0" + "0".repeat(64));
        assertThat(verify("ours", "other")).isPositive();
    }

    private static int verify(String signature, String message) throws InterruptedException {
        return run(
                "pkeyutl", "-verify", "-pubin", "-inkey", "pub.pem", "-rawin", "-in", message, "-sigfile", signature);
    }

    @Test
    void cloisterVerifiesWhatOpensslSigns() throws Exception {
        assertThat(run("pkeyutl", "-sign", "-inkey", "key.pem", "-rawin", "-in", "message", "-out", "theirs"))
                .isZero();
        TrustedKey key = TrustedKey.read(folder.resolve("pub.pem"));
        byte[] theirs = Files.readAllBytes(folder.resolve("theirs"));
        new PolicySignature(DIGEST, key.keyId(), theirs).requireTrusted(List.of(key));
        assertThat(Base64.getEncoder().encodeToString(theirs))
                .as("Ed25519 is deterministic")
                .isEqualTo(PolicySignature.sign(DIGEST, SigningKey.read(folder.resolve("key.pem")))
                        .base64());
    }

    /** The key id is what {@code openssl pkey -pubin -outform DER | sha256sum} prints. */
    @Test
    void keyIdsAreTheDigestOfTheDerForm() throws Exception {
        assertThat(run("pkey", "-pubin", "-in", "pub.pem", "-outform", "DER", "-out", "pub.der"))
                .isZero();
        assertThat(run("dgst", "-sha256", "-r", "-out", "id", "pub.der")).isZero();
        assertThat(Files.readString(folder.resolve("id"), StandardCharsets.US_ASCII))
                .startsWith(TrustedKey.read(folder.resolve("pub.pem")).keyId())
                .startsWith(SigningKey.read(folder.resolve("key.pem")).keyId());
    }
}
