package dev.cloister.cli.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code policy fmt|hash|sign|verify}: exit codes, and what is printed and written. */
class PolicyTextCommandsTest extends PolicyCommandRunner {
    private static final String TIDY = """
        {
          // One domain.
          "version": 1,
          "name": "p",
          "lattice": { "levels": ["low"] },
          "domains": [
            {
              "id": "3d0f6b52-8c1e-4f7a-b1b0-6a5e9d2c0001",
              "name": "a",
              "label": { "level": "low" },
              "image": { "kernel": { "path": "a.elf", "sha256": "%s" } },
              "memory": "4M"
            }
          ],
          "flows": []
        }
        """.formatted("ab".repeat(32));

    @TempDir
    private Path folder;

    private Path policy;

    @BeforeEach
    void write() throws IOException {
        policy = Files.writeString(folder.resolve("p.json"), TIDY);
    }

    private void keys(String name) throws Exception {
        KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        pem(name + ".key", "PRIVATE KEY", pair.getPrivate().getEncoded());
        pem(name + ".pub", "PUBLIC KEY", pair.getPublic().getEncoded());
        Files.setPosixFilePermissions(folder.resolve(name + ".key"), PosixFilePermissions.fromString("rw-------"));
    }

    private void pem(String file, String label, byte[] content) throws IOException {
        String base64 = Base64.getEncoder().encodeToString(content);
        Files.writeString(
                folder.resolve(file), "-----BEGIN " + label + "-----\n" + base64 + "\n-----END " + label + "-----\n");
    }

    @Test
    void fmtChecksPrintsAndWrites() throws IOException {
        assertThat(run("fmt", "--check", policy)).isZero();
        assertThat(out).isEmpty();
        Files.writeString(policy, TIDY.replace("\"name\": \"p\"", "name: 'p'"));
        assertThat(run("fmt", "--check", policy)).isEqualTo(1);
        assertThat(out).isEqualTo(policy + ":4: not formatted\n  -   name: 'p',\n  +   \"name\": \"p\",\n");
        assertThat(run("fmt", "--check", "--json", policy)).isEqualTo(1);
        assertThat(out).contains("\"written\" : false").contains("\"line\" : 4");
        assertThat(run("fmt", "--stdout", policy)).isZero();
        assertThat(out).isEqualTo(TIDY);
        assertThat(policy).content().contains("name: 'p'");
        assertThat(run("fmt", policy)).isZero();
        assertThat(out).isEqualTo("formatted " + policy + "\n");
        assertThat(policy).hasContent(TIDY);
        Files.writeString(policy, TIDY.stripTrailing());
        assertThat(run("fmt", "--check", policy)).isEqualTo(1);
        assertThat(out).contains(":17: not formatted\n  - (end of the file)\n");
        Files.writeString(policy, "{ !");
        assertThat(run("fmt", policy)).isEqualTo(65);
        assertThat(err).isEqualTo("cloister: " + policy + ":1:3: unexpected '!'; expected JSON\n");
        assertThat(run("fmt", "--stdout", "--check", policy)).isEqualTo(64);
        assertThat(run("fmt", folder.resolve("none"))).isEqualTo(69);
    }

    @Test
    void hashIsThatOfTheCanonicalForm() throws Exception {
        assertThat(run("hash", "--canonical", policy)).isZero();
        String canonical = out;
        assertThat(canonical).startsWith("{\"domains\":[{\"id\":").endsWith("\"version\":1}");
        String digest =
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(canonical.getBytes()));
        assertThat(run("hash", policy)).isZero();
        assertThat(out).isEqualTo(digest + "  " + policy + "\n");
        Files.writeString(policy, TIDY.replace("// One domain.", "/* 1 */") + "// end");
        assertThat(run("hash", "--json", policy)).isZero();
        assertThat(out).contains("\"digest\" : \"" + digest + "\"");
        Files.writeString(policy, "{}");
        assertThat(run("hash", policy)).isEqualTo(65);
    }

    @Test
    void whatIsSignedIsVerifiedUntilItChanges() throws Exception {
        keys("alice");
        keys("bob");
        Path alice = folder.resolve("alice.pub");
        assertThat(run("verify", "--trusted-key", alice, policy)).isEqualTo(1);
        assertThat(err).contains("the policy is not signed");
        assertThat(run("sign", "--key", folder.resolve("alice.key"), policy)).isZero();
        assertThat(err).isEmpty();
        assertThat(run("verify", "--trusted-key", folder.resolve("bob.pub"), "--trusted-key", alice, policy))
                .isZero();
        assertThat(out).startsWith(policy + ": signed\n");
        assertThat(run("verify", "--trusted-key", folder.resolve("bob.pub"), policy))
                .isEqualTo(1);
        assertThat(err).contains("which is not trusted");
        Files.writeString(policy, TIDY.replace("One domain.", "Still one domain."));
        assertThat(run("verify", "--trusted-key", alice, policy))
                .as("comments aren't signed")
                .isZero();
        Files.writeString(policy, TIDY.replace("4M", "8M"));
        assertThat(run("verify", "--trusted-key", alice, policy)).isEqualTo(1);
        assertThat(err).contains("changed after it was signed");
        assertThat(run("verify", "--json", "--trusted-key", alice, policy)).isEqualTo(1);
        assertThat(out).contains("\"verified\" : false").contains("changed after it was signed");
        assertThat(run("verify", "--trusted-key", policy, policy)).isEqualTo(65);
        assertThat(err).contains("no PEM block");
    }

    @Test
    void signSaysWhatIsWrong() throws Exception {
        keys("alice");
        Path key = folder.resolve("alice.key");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
        Path target = folder.resolve("elsewhere.sig");
        assertThat(run("sign", "--key", key, "--output", target, "--json", policy))
                .isZero();
        assertThat(err).isEqualTo("cloister: warning: others can read the private key; chmod 600 " + key + "\n");
        assertThat(target).exists();
        assertThat(run("verify", "--trusted-key", folder.resolve("alice.pub"), "--signature", target, policy))
                .isZero();
        assertThat(run("sign", "--key", folder.resolve("alice.pub"), policy)).isEqualTo(65);
        Files.writeString(policy, "{}");
        assertThat(run("sign", "--key", key, policy)).isEqualTo(65);
        assertThat(folder.resolve("p.json.sig")).doesNotExist();
    }
}
