package dev.cloister.policy.language;

import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.Problem;
import dev.cloister.policy.text.PolicySignature;
import dev.cloister.policy.text.PolicySignatureException;
import dev.cloister.policy.text.TrustedKey;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Loads a policy for enforcement; where keys are given, only one that was signed with one of them. */
public final class SignedPolicy {
    private SignedPolicy() {}

    /**
     * Loads a policy. With keys, nothing of it is read before its signature file is known to be from one of them; what was then
     * loaded must be what was signed, fragments included.
     *
     * @param file the policy; its signature is expected beside it
     * @param trustedKeys files of public keys; none for a policy that needs no signature
     * @throws PolicyException if it isn't signed as asked for or a key can't be read ({@link FindingId#UNTRUSTED}), or if it can't be
     *     loaded or may not be enforced
     */
    public static Policy load(Path file, List<Path> trustedKeys) throws PolicyException {
        return loadSigned(file, trustedKeys).policy();
    }

    /**
     * A policy that may be enforced.
     *
     * @param policy the policy
     * @param signed whether its signature was asked for
     * @param serial the signature's serial; 0 if it was not asked for or has none
     */
    public record Loaded(Policy policy, boolean signed, long serial) {}

    /** As {@link #load}, with the signature's serial. */
    public static Loaded loadSigned(Path file, List<Path> trustedKeys) throws PolicyException {
        if (trustedKeys.isEmpty()) {
            return new Loaded(PolicyLoader.load(file, LocalDate.now(ZoneId.systemDefault())), false, 0);
        }
        try {
            List<TrustedKey> keys = new ArrayList<>(trustedKeys.size());
            for (Path key : trustedKeys) {
                keys.add(TrustedKey.read(key));
            }
            PolicySignature signature = PolicySignature.read(PolicySignature.fileOf(file));
            signature.requireTrusted(keys);
            Policy policy = PolicyLoader.load(file, LocalDate.now(ZoneId.systemDefault()));
            signature.requireCovers(policy.digest());
            return new Loaded(policy, true, signature.serial());
        } catch (PolicySignatureException e) {
            throw new PolicyException(List.of(untrusted(file, e)));
        }
    }

    private static Problem untrusted(Path file, PolicySignatureException e) {
        return untrusted(file, Objects.requireNonNullElse(e.getMessage(), "not signed"));
    }

    /** A problem with a policy's signature. */
    public static Problem untrusted(Path file, String message) {
        return new Problem(FindingId.UNTRUSTED, Problem.Severity.ERROR, file.toString(), 0, 0, message, "", "", "");
    }
}
