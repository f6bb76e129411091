package dev.cloister.policy.language;

import dev.cloister.policy.model.FindingId;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds and parses the fragments that a policy includes, and those that they include: each file once, within bounds of number,
 * depth and bytes. A fragment's includes come right behind it.
 */
final class Includes {
    /** The most files. */
    static final int MAX_FILES = 64;

    /** The deepest nesting; 1 is a fragment that the policy names. */
    static final int MAX_DEPTH = 8;

    private static final String PATH_WORDS = "a path relative to the including file";

    private final Path root;
    private final Set<Path> seen = new HashSet<>();
    private final Deque<Path> open = new ArrayDeque<>();
    private final List<Document> documents = new ArrayList<>();
    private long bytes;

    /**
     * A fragment's file.
     *
     * @param written the path as written
     * @param path the path from the policy's folder, with {@code /}
     * @param item where it is included
     * @param includer the file that includes it
     * @param fields what it says
     * @param text its bytes
     */
    @SuppressWarnings("ArrayRecordComponent") // A carrier between two calls: never compared, never kept.
    record Document(String written, String path, Json item, Problems includer, Fields fields, byte[] text) {}

    private Includes(Path root, long bytes) {
        this.root = root;
        this.bytes = bytes;
    }

    /**
     * Parses every fragment; what is wrong is reported.
     *
     * @param policy the policy
     * @param folder its folder
     * @param bytes its length in bytes
     */
    static List<Document> load(Fields policy, Path folder, long bytes) {
        Includes includes = new Includes(folder, bytes);
        if (policy.has("include")) {
            self(policy, folder).ifPresent(includes.open::push);
            includes.all(policy, folder);
        }
        return includes.documents;
    }

    private static Optional<Path> self(Fields policy, Path folder) {
        return path(policy.problems().file()).map(Path::getFileName).map(folder::resolve);
    }

    private static Optional<Path> path(String text) {
        try {
            return Optional.of(Path.of(text));
        } catch (InvalidPathException _) {
            return Optional.empty();
        }
    }

    private void all(Fields file, Path folder) {
        for (Json item : file.items("include", false, MAX_FILES)) {
            String written = file.text(item, "include", TextForm.PATH);
            Optional<Path> path = path(written).filter(found -> !found.isAbsolute());
            if (path.isPresent() && !written.isEmpty()) {
                one(file, item, written, folder.resolve(path.get()).normalize());
            } else if (!written.isEmpty()) {
                file.malformed(item, "include", PATH_WORDS, "name it as seen from the including file's folder");
            }
        }
    }

    private void one(Fields file, Json item, String written, Path resolved) {
        if (open.contains(resolved)) {
            file.error(
                    FindingId.FRAGMENT_CYCLE,
                    item,
                    "the fragments include each other: " + cycle(resolved),
                    "includes without a cycle",
                    "remove one of these includes");
        } else if (documents.size() == MAX_FILES || open.size() > MAX_DEPTH) {
            file.error(
                    FindingId.FRAGMENT_LIMIT,
                    item,
                    documents.size() == MAX_FILES ? "too many fragments" : "fragments nested too deep",
                    "at most " + MAX_FILES + " fragments, nested at most " + MAX_DEPTH + " deep",
                    "merge some of them");
        } else if (seen.add(resolved)) {
            read(file, item, resolved).ifPresent(text -> parse(file, item, written, resolved, text));
        }
    }

    private String cycle(Path again) {
        List<Path> steps = new ArrayList<>(open);
        List<Path> part =
                new ArrayList<>(steps.subList(0, steps.indexOf(again) + 1).reversed());
        part.add(again);
        return part.stream().map(this::fromRoot).map(Problems::shorten).collect(Collectors.joining(" > "));
    }

    private String fromRoot(Path resolved) {
        return root.relativize(resolved).toString().replace('\\', '/');
    }

    private Optional<byte[]> read(Fields file, Json item, Path resolved) {
        long left = JsonTree.MAX_BYTES - bytes;
        // A device or pipe could keep the loader waiting for ever.
        if (!Files.isRegularFile(resolved)) {
            missing(file, item, "no such file");
            return Optional.empty();
        }
        try (InputStream in = Files.newInputStream(resolved)) {
            byte[] text = in.readNBytes((int) left + 1);
            bytes += text.length;
            if (text.length <= left) {
                return Optional.of(text);
            }
            file.error(
                    FindingId.FRAGMENT_LIMIT,
                    item,
                    "the policy and its fragments are too large",
                    "at most " + JsonTree.MAX_BYTES + " bytes in all",
                    "");
        } catch (IOException e) {
            missing(file, item, e.getClass().getSimpleName());
        }
        return Optional.empty();
    }

    private static void missing(Fields file, Json item, String why) {
        file.error(
                FindingId.FRAGMENT_MISSING,
                item,
                "can't read the fragment: " + why,
                "a file; the path is relative to the including file's folder",
                "");
    }

    private void parse(Fields file, Json item, String written, Path resolved, byte[] text) {
        Problems problems = file.problems().of(shown(file.problems().file(), written));
        Optional<Json> json = JsonTree.parse(text, problems);
        if (json.isEmpty()) {
            return;
        }
        Fields fields = Fields.of(json.get(), "a fragment", FragmentReader.FIELDS, problems);
        documents.add(new Document(written, fromRoot(resolved), item, file.problems(), fields, text));
        open.push(resolved);
        Path folder = resolved.getParent();
        all(fields, folder == null ? resolved : folder);
        open.pop();
    }

    /** Names a fragment as seen from where the policy's name is seen. */
    private static String shown(String includer, String written) {
        return path(includer)
                .map(path -> path.resolveSibling(written).normalize().toString())
                .orElse(written);
    }
}
