package dev.cloister.policy.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.SocketUse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SocketFlowsTest {
    private static final LocalDate TODAY = LocalDate.of(2027, 1, 1);
    private static final String DIGEST = "98e68653e099b3c5e4822b3c12515ddafb3f2ec4debdfecd056900372fd0437e";
    private static final String POLICY = """
        {version: 1, name: "sockets", lattice: {levels: ["low"]},
         domains: [
          {id: "00000000-0000-4000-8000-000000000001", name: "desk", label: {level: "low"}, memory: "16M",
           image: {kernel: {path: "k", sha256: "%1$s"}}, vsock: {cid: 5}},
          {id: "00000000-0000-4000-8000-000000000002", name: "shop", label: {level: "low"}, memory: "16M",
           image: {kernel: {path: "k", sha256: "%1$s"}}, vsock: {cid: 6}}],
         flows: [
          {name: "ask", from: "desk", to: "shop", kind: "stream", ports: [80, "1000-1009"]},
          {name: "say", from: "shop", to: "desk", kind: "stream", answers: "ask"}]}
        """.formatted(DIGEST);

    @TempDir
    private Path folder;

    private Policy load(String text) throws IOException, PolicyException {
        Files.writeString(folder.resolve("k"), "kernel");
        return PolicyLoader.load(Files.writeString(folder.resolve("policy.json"), text), TODAY);
    }

    @Test
    void aFlowWithPortsKnowsThatItIsAnsweredAndHasNoWindow() throws Exception {
        Policy policy = load(POLICY);
        assertThat(policy.domains().getFirst().cid()).isEqualTo(5);
        Flow ask = policy.flows().getFirst();
        SocketUse use = ask.sockets().orElseThrow();
        assertThat(use.answered()).isTrue();
        assertThat(use.text()).isEqualTo("ports 80, 1000-1009");
        assertThat(ask.windowBytes()).isZero();
        assertThat(policy.flows().getLast().sockets().orElseThrow().text()).isEqualTo("answers to ask");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "CLP013, `, vsock: {cid: 6}`, ``",
                "CLP010, `cid: 6`, `cid: 5`",
                "CLP008, `cid: 6`, `cid: 2`",
                "CLP008, `[80,`, `[4294967295,`",
                "CLP007, `\"1000-1009\"`, `\"1009-1000\"`",
                "CLP011, `answers: \"ask\"`, `answers: \"asks\"`",
                "CLP014, `answers: \"ask\"`, `answers: \"say\"`",
                "CLP014, `answers: \"ask\"`, `answers: \"ask\", ports: [1]`",
                "CLP014, `kind: \"stream\", ports`, `kind: \"event\", ports`",
                "CLP010, `answers: \"ask\"}`, `answers: \"ask\"}, {name: \"x\", from: \"shop\", to: \"desk\", kind:"
                        + " \"stream\", answers: \"ask\"}`",
                "CLP010, `answers: \"ask\"}`, `answers: \"ask\"}, {name: \"x\", from: \"desk\", to: \"shop\", kind:"
                        + " \"stream\", ports: [1005]}`",
            })
    void whatDoesNotFitTogetherIsAnError(String id, String piece, String replacement) {
        assertThat(POLICY).contains(piece);
        PolicyException e = catchThrowableOfType(PolicyException.class, () -> load(POLICY.replace(piece, replacement)));
        assertThat(e).isNotNull();
        assertThat(e.problems().stream().map(problem -> problem.id().code()).collect(Collectors.toSet()))
                .as(e.getMessage())
                .contains(id);
    }

    private static final String HOST = """
        {version: 1, name: "sockets", lattice: {levels: ["low", "high"]},
         host: {sockets: {s: {path: "run/s", label: {level: "low"}}, t: {path: "run/t", label: {level: "low"}}}},
         domains: [
          {id: "00000000-0000-4000-8000-000000000001", name: "desk", label: {level: "low"}, memory: "16M",
           image: {kernel: {path: "k", sha256: "%1$s"}}, vsock: {cid: 5}},
          {id: "00000000-0000-4000-8000-000000000002", name: "shop", label: {level: "low"}, memory: "16M",
           image: {kernel: {path: "k", sha256: "%1$s"}}, vsock: {cid: 6}}],
         flows: [
          {name: "out", from: "desk", to: "@socket:s", kind: "stream", ports: [80]},
          {name: "back", from: "@socket:s", to: "desk", kind: "stream", answers: "out"},
          {name: "in", from: "@socket:t", to: "shop", kind: "stream", ports: [7]}]}
        """.formatted(DIGEST);

    @Test
    void aSocketOfTheHostIsAnEndOfStreams() throws Exception {
        Policy policy = load(HOST);
        HostEndpoint end = (HostEndpoint) policy.flow("out").orElseThrow().to();
        assertThat(end.object()).isEqualTo(new HostObject.Socket("run/s", folder.resolve("run/s")));
        assertThat(policy.flow("out").orElseThrow().sockets().orElseThrow().answered())
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "CLP014, `kind: \"stream\", ports: [7]`, `kind: \"stream\"`",
                "CLP013, `kind: \"stream\", ports: [7]`, `kind: \"event\"`",
                "CLP013, `from: \"@socket:t\"`, `from: \"@socket:s\"`",
                "CLP013, `, vsock: {cid: 6}`, ``",
                "CLP010, `run/t`, `run/s`",
                "CLP010, `run/t`, `run/s_80`",
                "CLP005, `path: \"run/t\"`, `file: \"run/t\"`",
                "CLP011, `@socket:t`, `@socket:u`",
            })
    void aSocketBelongsToOneDomainAndNoPathIsAnothersPort(String id, String piece, String replacement) {
        assertThat(HOST).contains(piece);
        PolicyException e = catchThrowableOfType(PolicyException.class, () -> load(HOST.replace(piece, replacement)));
        assertThat(e).isNotNull();
        assertThat(e.problems().stream().map(problem -> problem.id().code()).collect(Collectors.toSet()))
                .as(e.getMessage())
                .contains(id);
    }

    @Test
    void aPathHasRoomForAPortBehindIt() {
        String path = "x".repeat(HostObject.Socket.MAX_PATH_BYTES);
        PolicyException e = catchThrowableOfType(
                PolicyException.class, () -> load(HOST.replace("path: \"run/t\"", "path: \"" + path + "\"")));
        assertThat(e).hasMessageContaining("at most 96 bytes");
    }
}
