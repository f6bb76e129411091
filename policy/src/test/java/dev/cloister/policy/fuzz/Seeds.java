package dev.cloister.policy.fuzz;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the fuzz targets start from: the examples, and documents that use every part of the language. */
final class Seeds {
    /** The committed seeds, and what campaigns found. */
    static final Path FOLDER = Path.of("src/test/resources/fuzz");

    private static final Path EXAMPLES = Path.of("../examples");
    private static final String SCHEMA = "/dev/cloister/policy/policy.schema.json";

    private Seeds() {}

    /** Returns the policies and fragments of the examples and of the seed folder, in the order of their names. */
    static List<String> policies() {
        List<String> texts = new ArrayList<>();
        for (Path file : files(EXAMPLES, ".json")) {
            texts.add(new String(read(file), StandardCharsets.UTF_8));
        }
        for (Path file : files(FOLDER.resolve("seeds"), ".json")) {
            texts.add(new String(read(file), StandardCharsets.UTF_8));
        }
        return texts;
    }

    /** Returns what campaigns found in a target, and what was put beside it. */
    static List<Path> regressions(String target) {
        return files(FOLDER.resolve(target), "");
    }

    static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<Path> files(Path folder, String suffix) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> file.toString().endsWith(suffix))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns the published schema as a tree. */
    static Object schema() {
        return Objects.requireNonNull(tree(schemaText()));
    }

    /** Returns the published schema. */
    static String schemaText() {
        try (InputStream in = Objects.requireNonNull(Seeds.class.getResourceAsStream(SCHEMA), SCHEMA)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns every name that the published schema knows, and a few that it doesn't. */
    static Set<String> names() {
        Set<String> names = new TreeSet<>(List.of("x", "", "__proto__", "ä"));
        propertyNames(schema(), names);
        return names;
    }

    private static void propertyNames(@Nullable Object schema, Set<String> into) {
        if (schema instanceof java.util.Map<?, ?> map) {
            if (map.get("properties") instanceof java.util.Map<?, ?> properties) {
                properties.keySet().forEach(name -> into.add((String) name));
            }
            map.values().forEach(inner -> propertyNames(inner, into));
        } else if (schema instanceof List<?> list) {
            list.forEach(inner -> propertyNames(inner, into));
        }
    }

    /** Reads a JSON5 document that is known to be one. */
    static @Nullable Object tree(String text) {
        try {
            return Trees.read(text);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
