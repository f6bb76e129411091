package dev.cloister.policy.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.state.PolicyState;
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

    private void sign(long serial) throws Exception {
        SigningKey key = SigningKey.read(folder.resolve("alice.key"));
        String digest = SignedPolicy.load(policy, List.of()).digest();
        Files.write(
                PolicySignature.fileOf(policy),
                PolicySignature.sign(digest, serial, key).toJson());
    }

    @Test
    void refusesAnOlderSignatureThanItHasSeenAlsoAfterARestart() throws Exception {
        Path file = folder.resolve("policy.state");
        PolicyState state = PolicyState.open(file);
        sign(7);
        state.advance(SignedPolicy.loadSigned(policy, trusted));
        assertThat(state.epoch()).isEqualTo(1);
        for (long serial : new long[] {0, 1, 6}) {
            sign(serial);
            SignedPolicy.Loaded older = SignedPolicy.loadSigned(policy, trusted);
            assertThatThrownBy(() -> PolicyState.open(file).requireNotOlder(older, policy))
                    .isInstanceOf(PolicyException.class)
                    .hasMessageContaining("expected 7 or more");
        }
        for (long serial : new long[] {7, 8, 999_999_999_999_999_999L}) {
            sign(serial);
            SignedPolicy.Loaded newer = SignedPolicy.loadSigned(policy, trusted);
            PolicyState.open(file).requireNotOlder(newer, policy);
            assertThat(newer.serial()).isEqualTo(serial);
        }
        SignedPolicy.Loaded unsigned = SignedPolicy.loadSigned(policy, List.of());
        state.requireNotOlder(unsigned, policy);
        state.advance(unsigned);
        assertThat(PolicyState.open(file).epoch()).isEqualTo(2);
        assertThat(PolicyState.open(file).serial()).isEqualTo(7);
    }

    @Test
    void refusesASerialThatWasNotSigned() throws Exception {
        sign(7);
        Path file = PolicySignature.fileOf(policy);
        String signed = Files.readString(file);
        Files.writeString(file, signed.replace("\"serial\": 7", "\"serial\": 8"));
        refused("the signature is wrong");
        Files.writeString(file, signed.replaceAll(".*serial.*\n", ""));
        refused("the signature is wrong");
        Files.writeString(file, signed.replace("\"serial\": 7", "\"serial\": 0"));
        refused("isn't a number from 1");
    }

    @Test
    void refusesADamagedState() throws Exception {
        Path file = Files.writeString(folder.resolve("policy.state"), "{\"epoch\": 3}");
        assertThatThrownBy(() -> PolicyState.open(file)).hasMessageContaining("serial is missing");
        Files.writeString(file, "{\"epoch\": ");
        assertThatThrownBy(() -> PolicyState.open(file)).hasMessageContaining("is damaged");
    }
}
