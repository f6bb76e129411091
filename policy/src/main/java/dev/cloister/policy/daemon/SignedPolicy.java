package dev.cloister.policy.daemon;

import dev.cloister.policy.language.PolicyLoader;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.text.PolicySignature;
import dev.cloister.policy.text.PolicySignatureException;
import dev.cloister.policy.text.TrustedKey;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Loads a policy for enforcement; where keys are given, only one that was signed with one of them. */
public final class SignedPolicy {
    private SignedPolicy() {}

    /**
     * Loads a policy. With keys, nothing of it is read before its signature file is known to be from one of them; what was then
     * loaded must be what was signed, fragments included.
     *
     * @param file the policy; its signature is expected beside it
     * @param trustedKeys files of public keys; none for a policy that needs no signature
     * @throws PolicyException if it can't be loaded or may not be enforced
     * @throws PolicySignatureException if it isn't signed as asked for, or a key can't be read
     */
    public static Policy load(Path file, List<Path> trustedKeys) throws PolicyException, PolicySignatureException {
        if (trustedKeys.isEmpty()) {
            return PolicyLoader.load(file);
        }
        List<TrustedKey> keys = new ArrayList<>(trustedKeys.size());
        for (Path key : trustedKeys) {
            keys.add(TrustedKey.read(key));
        }
        PolicySignature signature = PolicySignature.read(PolicySignature.fileOf(file));
        signature.requireTrusted(keys);
        Policy policy = PolicyLoader.load(file);
        signature.requireCovers(policy.digest());
        return policy;
    }
}
