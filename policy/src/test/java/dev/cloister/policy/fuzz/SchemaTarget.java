package dev.cloister.policy.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.cloister.policy.language.PolicyLoader;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.Problem;
import dev.cloister.policy.text.LiteralJson;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The published schema and the loader agree: what the schema refuses, the loader refuses; what the loader refuses for an unknown
 * or missing field or a wrong type, the schema refuses. Half of the documents are built from the schema, half are edited seeds.
 */
final class SchemaTarget implements FuzzTarget {
    private static final Set<FindingId> STRUCTURAL =
            EnumSet.of(FindingId.UNKNOWN_FIELD, FindingId.MISSING_FIELD, FindingId.WRONG_TYPE);

    private final Schema schema = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
            .getSchema(Seeds.schemaText(), InputFormat.JSON);
    private final StructuredInput structured = new StructuredInput(Seeds.policies(), Seeds.names());
    private final SchemaDocument documents = new SchemaDocument(
            Seeds.schema(),
            strings(),
            StructuredInput.STRANGE.stream().filter(SchemaTarget::isPlain).toList());

    /** To JSON Schema 1e300 is a whole number, to the loader nothing with an exponent or a point is. */
    private static boolean isPlain(Object value) {
        return !(value instanceof BigDecimal number)
                || number.stripTrailingZeros().scale() > 0;
    }

    private static List<String> strings() {
        Set<String> strings = new LinkedHashSet<>();
        for (Object value : StructuredInput.STRANGE) {
            if (value instanceof String string) {
                strings.add(string);
            }
        }
        Seeds.policies().forEach(text -> collect(Seeds.tree(text), strings));
        return new ArrayList<>(strings);
    }

    private static void collect(@Nullable Object value, Set<String> into) {
        switch (value) {
            case String string -> into.add(string);
            case Map<?, ?> map -> map.values().forEach(inner -> collect(inner, into));
            case List<?> list -> list.forEach(inner -> collect(inner, into));
            case null, default -> {
                // Nothing to learn from numbers.
            }
        }
    }

    @Override
    public void run(byte[] data) {
        boolean edited = data.length > 0 && data[0] == STRUCTURED;
        Object tree = edited ? structured.tree(new Choices(data, 1)) : documents.build(new Choices(data, 0));
        if (!holdsOnlyPlain(tree)) {
            return;
        }
        String text = LiteralJson.of(tree);
        List<String> refusals = schema.validate(text, InputFormat.JSON).stream()
                .map(error -> error.getInstanceLocation() + ": " + error.getMessage())
                .toList();
        List<Problem> problems = problems(text);
        if (!refusals.isEmpty()) {
            assertThat(problems)
                    .as("the schema refuses it: %s%n%s", refusals, text)
                    .isNotEmpty();
        } else {
            assertThat(problems)
                    .as("the schema accepts it: %s", text)
                    .noneMatch(problem -> STRUCTURAL.contains(problem.id()));
        }
    }

    private static boolean holdsOnlyPlain(@Nullable Object tree) {
        return switch (tree) {
            case Map<?, ?> map -> map.values().stream().allMatch(SchemaTarget::holdsOnlyPlain);
            case List<?> list -> list.stream().allMatch(SchemaTarget::holdsOnlyPlain);
            case null -> true;
            // The literal writer gives whole numbers as doubles do.
            case Long number -> Math.abs(number) < 1L << 53;
            default -> isPlain(tree);
        };
    }

    private static List<Problem> problems(String text) {
        try {
            PolicyLoader.parse("fuzz.json", text.getBytes(StandardCharsets.UTF_8), Path.of("/nowhere"));
            return List.of();
        } catch (PolicyException e) {
            return e.problems().stream().filter(Problem::isError).toList();
        }
    }
}
