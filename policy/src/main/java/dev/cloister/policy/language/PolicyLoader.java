package dev.cloister.policy.language;

import dev.cloister.policy.analysis.PolicyCheck;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Loads a policy: whole or not at all. The file's bytes are read once; digest and meaning come from the same bytes.
 * Thread-safe, without state.
 */
public final class PolicyLoader {
    private PolicyLoader() {}

    /**
     * Loads a policy for enforcement: structure, references and every analysis of severity error.
     *
     * @param file the policy; paths in it are relative to its folder
     * @throws PolicyException with all problems found; a file that can't be read is one of them
     */
    public static Policy load(Path file) throws PolicyException {
        Policy policy = parse(file);
        List<Problem> findings = PolicyCheck.check(policy).findings();
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
     * @param bytes UTF-8 JSON
     * @param folder what the paths in it are relative to
     * @throws PolicyException with all problems found
     */
    public static Policy parse(String name, byte[] bytes, Path folder) throws PolicyException {
        Problems problems = new Problems(name);
        Optional<Json> root = JsonTree.parse(bytes, problems);
        if (root.isEmpty()) {
            throw new PolicyException(problems.sorted());
        }
        return new PolicyReader(problems, folder).read(root.get(), sha256(bytes));
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

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
