package dev.cloister.policy.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.policy.language.Samples;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.text.Keys;
import dev.cloister.policy.text.PolicySignature;
import dev.cloister.policy.text.SigningKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where keys are given, only what one of them signed is loaded, and nothing else is even read. */
class SignedPolicyTest {
    @TempDir
    private Path folder;

    private Path policy;
    private List<Path> trusted;

    @BeforeEach
    void write() throws Exception {
        policy = Files.writeString(folder.resolve("p.json"), Samples.VALID);
        Keys.write(folder, "alice", "Ed25519");
        Keys.write(folder, "bob", "Ed25519");
        trusted = List.of(folder.resolve("alice.pub"));
    }

    private void sign(String name) throws Exception {
        SigningKey key = SigningKey.read(folder.resolve(name + ".key"));
        String digest = SignedPolicy.load(policy, List.of()).digest();
        Files.write(
                PolicySignature.fileOf(policy),
                PolicySignature.sign(digest, key).toJson());
    }

    private void refused(String words) {
        assertThatThrownBy(() -> SignedPolicy.load(policy, trusted))
                .isInstanceOfSatisfying(
                        PolicyException.class,
                        e -> assertThat(e.problems()).singleElement().satisfies(problem -> {
                            assertThat(problem.id()).isEqualTo(FindingId.UNTRUSTED);
                            assertThat(problem.message()).contains(words);
                        }));
    }

    @Test
    void loadsWhatWasSigned() throws Exception {
        sign("alice");
        assertThat(SignedPolicy.load(policy, trusted).name()).isEqualTo("sample");
        assertThat(SignedPolicy.load(policy, List.of(folder.resolve("bob.pub"), folder.resolve("alice.pub")))
                        .name())
                .isEqualTo("sample");
    }

    @Test
    void refusesTheUnsignedWithoutReadingIt() throws Exception {
        Files.writeString(policy, "not even JSON");
        refused("the policy is not signed");
        Files.writeString(policy, Samples.VALID);
        sign("bob");
        Files.writeString(policy, "not even JSON");
        refused("which is not trusted");
    }

    @Test
    void refusesWhatWasChanged() throws Exception {
        sign("alice");
        Files.writeString(policy, "// a comment is no change\n" + Samples.VALID);
        assertThat(SignedPolicy.load(policy, trusted).name()).isEqualTo("sample");
        Files.writeString(policy, Samples.with("\"cpus\": 2", "\"cpus\": 3"));
        refused("changed after it was signed");
        Files.writeString(policy, "not even JSON");
        assertThatThrownBy(() -> SignedPolicy.load(policy, trusted))
                .isInstanceOf(PolicyException.class)
                .hasMessageContaining("CLP002");
    }

    @Test
    void refusesAKeyThatCanNotBeRead() throws Exception {
        sign("alice");
        trusted = List.of(folder.resolve("alice.pub"), folder.resolve("none.pub"));
        refused("none.pub does not exist");
    }
}
