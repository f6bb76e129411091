package dev.cloister.policy.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.cloister.policy.analysis.PolicyCheck;
import dev.cloister.policy.language.PolicyLoader;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.Problem;
import dev.cloister.policy.text.Canonical;
import dev.cloister.policy.text.LiteralJson;
import dev.cloister.policy.text.PolicyDigest;
import dev.cloister.policy.text.PolicyFormat;
import dev.cloister.policy.text.TextException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/** The targets by their names, as {@code -Dfuzz=NAME} takes them. */
final class FuzzTargets {
    private static final Path NOWHERE = Path.of("/nowhere");
    private static final int MAX_BYTES = 1 << 18;

    private FuzzTargets() {}

    /** Returns every target; each is made when it is first asked for. */
    static Map<String, Supplier<FuzzTarget>> all() {
        Map<String, Supplier<FuzzTarget>> targets = new TreeMap<>();
        targets.put("loader", FuzzTargets::loader);
        targets.put("fragments", FragmentTarget::new);
        targets.put("format", FuzzTargets::format);
        targets.put("canonical", FuzzTargets::canonical);
        targets.put("schema", SchemaTarget::new);
        return targets;
    }

    /** Makes the target of that name. */
    static FuzzTarget of(String name) {
        Supplier<FuzzTarget> maker = all().get(name);
        if (maker == null) {
            throw new IllegalArgumentException("-Dfuzz=" + name + ": expected one of " + all().keySet());
        }
        return maker.get();
    }

    /** Makes a target that reads one text: the bytes themselves, or what they make of the seeds. */
    private static FuzzTarget ofText(FuzzTarget inner) {
        StructuredInput structured = new StructuredInput(Seeds.policies(), Seeds.names());
        return data -> {
            if (data.length > MAX_BYTES) {
                return;
            }
            boolean isStructured = data.length > 0 && data[0] == FuzzTarget.STRUCTURED;
            inner.run(isStructured ? structured.text(data, 1).getBytes(StandardCharsets.UTF_8) : data);
        };
    }

    /** A whole policy: it is loaded and checked, or refused with problems that have a place. */
    private static FuzzTarget loader() {
        return ofText(text -> load(() -> PolicyLoader.parse("fuzz.json", text, NOWHERE))
                .ifPresent(policy -> sameDigest(policy, text)));
    }

    private static void sameDigest(Policy policy, byte[] text) {
        try {
            if (policy.fragments().isEmpty()) {
                assertThat(policy.digest()).isEqualTo(PolicyDigest.of(text));
            }
            Policy formatted = PolicyLoader.parse("fuzz.json", PolicyFormat.format(text), NOWHERE);
            assertThat(formatted.digest()).isEqualTo(policy.digest());
        } catch (TextException | PolicyException e) {
            throw new AssertionError("a policy that was loaded", e);
        }
    }

    /** What may be thrown while loading. */
    interface Loading {
        Policy load() throws PolicyException;
    }

    /** Loads; analyses what was loaded, and holds what was refused to have been refused properly. */
    static java.util.Optional<Policy> load(Loading loading) {
        try {
            Policy policy = loading.load();
            PolicyCheck.check(policy).findings().forEach(FuzzTargets::readable);
            return java.util.Optional.of(policy);
        } catch (PolicyException e) {
            assertThat(e.problems()).anyMatch(Problem::isError);
            e.problems().forEach(FuzzTargets::readable);
            return java.util.Optional.empty();
        }
    }

    private static void readable(Problem problem) {
        assertThat(problem.message()).isNotBlank();
        assertThat(problem.toString())
                .as("a problem fits the screen and has nothing that drives a terminal")
                .hasSizeLessThan(4000)
                .matches(text -> text.chars().noneMatch(c -> c < ' ' || c == 0x7f));
    }

    /** The formatter: keeps the meaning, is stable, or refuses where the canonical form is refused too. */
    private static FuzzTarget format() {
        return ofText(text -> {
            byte[] once;
            try {
                once = PolicyFormat.format(text);
            } catch (TextException e) {
                placed(e, text);
                return;
            }
            assertThat(PolicyFormat.format(once)).isEqualTo(once);
            assertThat(tokens(once)).isEqualTo(tokens(text));
            assertThat(canonicalOrEmpty(once)).isEqualTo(canonicalOrEmpty(text));
        });
    }

    private static List<String> tokens(byte[] text) throws IOException {
        List<String> tokens = new ArrayList<>();
        try (JsonParser parser = Trees.parser("[" + new String(text, StandardCharsets.UTF_8) + "\n]")) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                tokens.add(token + " " + (token.isNumeric() ? number(parser.getText()) : parser.getText()));
            }
        }
        return tokens;
    }

    private static String number(String text) {
        String digits = text.startsWith("+") ? text.substring(1) : text;
        return digits.replaceFirst("^(-?)\\.", "$10.");
    }

    private static byte[] canonicalOrEmpty(byte[] text) {
        try {
            return Canonical.bytes(text);
        } catch (TextException e) {
            placed(e, text);
            return new byte[0];
        }
    }

    /** The canonical form: of what another's parser reads it says the same, and it is its own canonical form. */
    private static FuzzTarget canonical() {
        return ofText(text -> {
            byte[] canonical = canonicalOrEmpty(text);
            if (canonical.length > 0) {
                assertThat(Canonical.bytes(canonical)).isEqualTo(canonical);
                assertThat(new String(canonical, StandardCharsets.UTF_8)).isEqualTo(literal(text));
            }
        });
    }

    /** Returns the canonical form by way of another's parser and the slow, literal writer. */
    private static String literal(byte[] text) throws IOException {
        // In brackets: the parser wants space, which a comment isn't, between a number and the document's end.
        String inBrackets = LiteralJson.of(Trees.read("[" + new String(text, StandardCharsets.UTF_8) + "\n]"));
        return inBrackets.substring(1, inBrackets.length() - 1);
    }

    private static void placed(TextException e, byte[] text) {
        long lines = 1
                + new String(text, StandardCharsets.ISO_8859_1)
                        .chars()
                        .filter(c -> c == '\n' || c == '\r')
                        .count();
        assertThat((long) e.line()).isBetween(0L, lines);
        assertThat(e.column()).isBetween(0, text.length + 1);
        assertThat(e.describe("f")).hasSizeLessThan(4000).matches(s -> s.chars().noneMatch(c -> c < ' '));
    }
}
