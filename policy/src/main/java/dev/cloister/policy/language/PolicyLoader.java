package dev.cloister.policy.language;

import dev.cloister.policy.analysis.PolicyCheck;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.Problem;
import dev.cloister.policy.text.PolicyDigest;
import dev.cloister.policy.text.TextException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Loads a policy with its fragments: whole or not at all. Each file's bytes are read once; digest and meaning come from the same
 * bytes.
 * Thread-safe, without state.
 */
public final class PolicyLoader {
    /** From this many bytes on, a second thread digests while the first compiles. */
    private static final int LARGE = 1 << 20;

    private PolicyLoader() {}

    /**
     * Loads a policy for enforcement: structure, references and every analysis of severity error.
     *
     * @param file the policy; paths in it are relative to its folder
     * @param today the day as of which accepted risks count
     * @throws PolicyException with all problems found; a file that can't be read is one of them
     */
    public static Policy load(Path file, LocalDate today) throws PolicyException {
        Policy policy = parse(file);
        List<Problem> findings = PolicyCheck.check(policy, Optional.of(today)).findings();
        if (findings.stream().anyMatch(Problem::isError)) {
            throw new PolicyException(findings);
        }
        return policy;
    }

    /**
     * Loads a policy for inspection: structure and references only, so that {@link PolicyCheck} and explanations work
     * on a policy that may not be enforced.
     *
     * @param file the policy
     * @throws PolicyException with all problems found
     */
    public static Policy parse(Path file) throws PolicyException {
        Problems problems = new Problems(file.toString());
        byte[] bytes = read(file, problems);
        problems.throwIfErrors();
        Path folder = file.toAbsolutePath().normalize().getParent();
        return parse(file.toString(), bytes, folder == null ? file.toAbsolutePath() : folder);
    }

    /**
     * Loads a policy from bytes, for inspection.
     *
     * @param name the name of the file in positions
     * @param bytes UTF-8 JSON, with comments and the like if its author likes
     * @param folder what the paths in it are relative to, those of fragments included
     * @throws PolicyException with all problems found
     */
    public static Policy parse(String name, byte[] bytes, Path folder) throws PolicyException {
        Problems problems = new Problems(name);
        Optional<Json> root = JsonTree.parse(bytes, problems);
        if (root.isEmpty()) {
            throw new PolicyException(problems.sorted());
        }
        Fields policy = PolicyReader.open(root.get(), problems);
        if (!(root.get() instanceof Json.Obj)) {
            throw new PolicyException(problems.sorted());
        }
        List<Includes.Document> fragments = Includes.load(policy, folder, bytes.length);
        FutureTask<String> digest = new FutureTask<>(() -> digest(bytes, fragments, problems));
        if (bytes.length < LARGE) {
            digest.run();
        } else {
            Thread.ofPlatform().name("policy-digest").daemon().start(digest);
        }
        return PolicyReader.read(policy, folder, fragments, () -> await(digest));
    }

    private static String await(FutureTask<String> digest) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return digest.get();
                } catch (InterruptedException _) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw new IllegalStateException("digesting a text in memory", e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Digests the canonical form; reports what has none although it could be parsed. */
    private static String digest(byte[] bytes, List<Includes.Document> fragments, Problems problems) {
        try {
            return PolicyDigest.of(
                    bytes,
                    fragments.stream()
                            .map(document -> new PolicyDigest.Fragment(document.path(), document.text()))
                            .toList());
        } catch (TextException _) {
            // Which file it was is found by digesting each alone.
            canonical(bytes, problems);
            fragments.forEach(
                    document -> canonical(document.text(), document.fields().problems()));
            return "";
        }
    }

    private static void canonical(byte[] bytes, Problems problems) {
        try {
            PolicyDigest.of(bytes);
        } catch (TextException e) {
            problems.errorAt(FindingId.SYNTAX, e.line(), e.column(), Problems.shorten(e.problem()), e.expected(), "");
        }
    }

    private static byte[] read(Path file, Problems problems) {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(JsonTree.MAX_BYTES + 1);
        } catch (IOException e) {
            problems.errorAt(
                    FindingId.UNREADABLE,
                    0,
                    0,
                    "can't read the policy: " + e.getClass().getSimpleName(),
                    "a readable file",
                    "");
            return new byte[0];
        }
    }
}
