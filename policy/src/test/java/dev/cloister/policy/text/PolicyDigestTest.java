package dev.cloister.policy.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A policy's digest is that of its canonical form, fragments included. */
class PolicyDigestTest {
    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String sha256(String text) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(utf8(text)));
    }

    @Test
    void commentsLayoutAndOrderDoNotChangeIt() throws Exception {
        String digest = sha256("{\"name\":\"p\",\"version\":1}");
        assertThat(PolicyDigest.of(utf8("{\"name\":\"p\",\"version\":1}"))).isEqualTo(digest);
        assertThat(PolicyDigest.of(utf8("// one\n{ version: +1, /* two */ name: 'p', }\n")))
                .isEqualTo(digest);
        assertThat(PolicyDigest.of(utf8("{ version: 2, name: 'p' }"))).isNotEqualTo(digest);
    }

    @Test
    void fragmentsAreItsPart() throws Exception {
        byte[] policy = utf8("{version: 1}");
        PolicyDigest.Fragment one = new PolicyDigest.Fragment("a/\"1\".json", utf8("{b: 1, a: 2}"));
        PolicyDigest.Fragment two = new PolicyDigest.Fragment("2.json", utf8("{}"));
        assertThat(PolicyDigest.of(policy, List.of(one, two)))
                .isEqualTo(sha256("{\"fragments\":[{\"document\":{\"a\":2,\"b\":1},\"path\":\"a/\\\"1\\\".json\"},"
                        + "{\"document\":{},\"path\":\"2.json\"}],\"policy\":{\"version\":1}}"));
        assertThat(PolicyDigest.of(policy, List.of(two, one))).isNotEqualTo(PolicyDigest.of(policy, List.of(one, two)));
        assertThat(PolicyDigest.of(policy, List.of())).isEqualTo(PolicyDigest.of(policy));
    }
}
