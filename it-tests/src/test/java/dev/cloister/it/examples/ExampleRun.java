package dev.cloister.it.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One run of an example from its first guest to its last.
 *
 * @param out what {@code cloister up} printed
 * @param audit the audit log's lines
 */
record ExampleRun(String out, List<String> audit) {
    static Path policy(String example) {
        return ExamplePoliciesTest.EXAMPLES.resolve(example).resolve("policy.json");
    }

    /** Runs an example as its page says, and has its audit log proved whole. */
    static ExampleRun of(String example) throws Exception {
        return of(example, "auto");
    }

    /** The same with the engine that {@code --engine} names. */
    static ExampleRun of(String example, String engine) throws Exception {
        return of(Cloister.fresh(), example, policy(example), engine);
    }

    /** The same with a policy that differs in one place; its images are the example's. */
    static ExampleRun with(String example, String before, String after) throws Exception {
        Cloister cloister = Cloister.fresh();
        Path copy = Files.createDirectory(cloister.folder().resolve(example));
        Files.createSymbolicLink(copy.resolve("images"), policy(example).resolveSibling("images"));
        String text = Files.readString(policy(example));
        assertThat(text).contains(before);
        Path policy = Files.writeString(copy.resolve("policy.json"), text.replace(before, after));
        return of(cloister, example, policy, "auto");
    }

    private static ExampleRun of(Cloister cloister, String example, Path policy, String engine) throws Exception {
        Finished end = cloister.run("up", policy.toString(), "--timeout", "80s", "--engine", engine)
                .expect(0);
        cloister.run("audit", "verify", example).expect(0);
        return new ExampleRun(end.out(), Files.readAllLines(cloister.auditLog(example)));
    }

    /** What a domain wrote to its console. */
    List<String> said(String domain) {
        Matcher line =
                Pattern.compile("(?m)^" + Pattern.quote(domain) + " *\\| (.*)$").matcher(out);
        return line.results().map(found -> found.group(1).strip()).toList();
    }

    /** The audit log's records that hold all of these texts. */
    List<String> audited(String... texts) {
        return audit.stream()
                .filter(line -> Stream.of(texts).allMatch(line::contains))
                .toList();
    }

    /** A refusal, or a violation, that the audit log must not hold. */
    void refusedNothing() {
        assertThat(audited("\"event\":\"refusal\"")).isEmpty();
        assertThat(audited("\"event\":\"violation\"")).isEmpty();
    }
}
