package dev.cloister.policy.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Disks that are persistent memory: which flows can be kept. */
class PersistentMemoryTest {
    private static final String READS = "{name: \"reads\", from: \"@disk:store\", to: \"desk\", kind: \"disk\"%s}";
    private static final String WRITES = "{name: \"writes\", from: \"desk\", to: \"@disk:store\", kind: \"disk\"%s}";
    private static final String RATE = ", rate: {perSecond: 1000, burst: 1000}";
    private static final String QUOTA = ", quota: {bytes: 1000, per: \"1d\"}";

    @TempDir
    private Path folder;

    private Policy load(boolean memory, String... flows) throws IOException, PolicyException {
        Files.writeString(folder.resolve("k"), "kernel");
        String text = """
            {version: 1, name: "memory", lattice: {levels: ["low"]},
             host: {disks: {store: {path: "s", persistentMemory: %s, label: {level: "low"}}}},
             domains: [{id: "00000000-0000-4000-8000-000000000001", name: "desk", label: {level: "low"}, memory: "16M",
              image: {kernel: {path: "k", sha256: "98e68653e099b3c5e4822b3c12515ddafb3f2ec4debdfecd056900372fd0437e"}}}],
             flows: [%s]}
            """.formatted(memory, String.join(", ", flows));
        return PolicyLoader.load(Files.writeString(folder.resolve("policy.json"), text), LocalDate.of(2027, 1, 1));
    }

    private String refusal(boolean memory, String... flows) {
        PolicyException refused = catchThrowableOfType(PolicyException.class, () -> load(memory, flows));
        assertThat(refused).isNotNull();
        Problem problem = refused.problems().getFirst();
        assertThat(problem.id().code()).isEqualTo("CLP014");
        return problem.message();
    }

    @Test
    void readersAndThoseWhoDoBothAreTaken() throws Exception {
        load(true, READS.formatted(""));
        Policy policy = load(true, READS.formatted(""), WRITES.formatted(""));
        assertThat(policy.flows().getFirst().from())
                .isInstanceOfSatisfying(
                        HostEndpoint.class,
                        store -> assertThat(store.object())
                                .isInstanceOfSatisfying(
                                        HostObject.Disk.class,
                                        disk -> assertThat(disk.persistentMemory())
                                                .isTrue()));
    }

    @Test
    void whoWritesMemoryHasToReadItAndADiskNeedNot() throws Exception {
        assertThat(refusal(true, WRITES.formatted(""))).contains("writes persistent memory that desk can't read");
        load(false, WRITES.formatted(""));
    }

    @ParameterizedTest
    @ValueSource(strings = {RATE, QUOTA})
    void limitsThatNobodyCouldKeepAreRefused(String limit) throws Exception {
        assertThat(refusal(true, READS.formatted(limit))).contains("has a limit");
        assertThat(refusal(true, READS.formatted(""), WRITES.formatted(limit))).contains("has a limit");
        load(false, READS.formatted(limit), WRITES.formatted(limit));
    }
}
