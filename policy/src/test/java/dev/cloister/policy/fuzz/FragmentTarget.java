package dev.cloister.policy.fuzz;

import dev.cloister.policy.language.PolicyLoader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A policy with up to three fragments, {@code a.json} to {@code c.json} beside it. The input's parts are separated by zero bytes,
 * which no text has; each is a text or decisions for one. A policy among them that includes nothing is given all three.
 */
final class FragmentTarget implements FuzzTarget {
    private static final List<String> NAMES = List.of("policy.json", "a.json", "b.json", "c.json");
    private static final String INCLUDE_ALL = "{\"include\": [\"a.json\", \"b.json\", \"./c.json\"], ";
    private static final int MAX_PART = 1 << 16;

    private final StructuredInput structured = new StructuredInput(Seeds.policies(), Seeds.names());
    private final Path folder;

    FragmentTarget() {
        try {
            folder = Files.createTempDirectory("cloister-fuzz");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        Runtime.getRuntime().addShutdownHook(new Thread(this::delete));
    }

    @Override
    public void run(byte[] data) throws IOException {
        int from = 0;
        for (String name : NAMES) {
            int to = from;
            while (to < data.length && data[to] != 0) {
                to++;
            }
            byte[] part =
                    java.util.Arrays.copyOfRange(data, Math.min(from, data.length), Math.min(to, from + MAX_PART));
            Files.write(folder.resolve(name), text(name, part));
            from = Math.min(to + 1, data.length);
        }
        FuzzTargets.load(() -> PolicyLoader.parse(folder.resolve(NAMES.getFirst())));
    }

    private byte[] text(String name, byte[] part) {
        boolean isStructured = part.length > 0 && part[0] == STRUCTURED;
        String text = isStructured ? structured.text(part, 1) : new String(part, StandardCharsets.ISO_8859_1);
        boolean includes = !name.equals(NAMES.getFirst()) || text.contains("include");
        String whole = includes ? text : text.replaceFirst("\\{", INCLUDE_ALL);
        return whole.getBytes(isStructured ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1);
    }

    private void delete() {
        for (String name : NAMES) {
            folder.resolve(name).toFile().delete();
        }
        folder.toFile().delete();
    }
}
