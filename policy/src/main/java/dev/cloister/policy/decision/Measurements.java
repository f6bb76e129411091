package dev.cloister.policy.decision;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import dev.cloister.policy.model.ImageFile;
import dev.cloister.policy.model.Policy;
import java.util.BitSet;
import java.util.Optional;

/**
 * Which endpoints of one policy were measured and are what it states: a bit for each, set when the digests are presented.
 * Immutable. Digests are SHA-256 in lower-case hexadecimal, empty where there is no such file.
 */
public final class Measurements {
    private final BitSet matching;

    private Measurements(BitSet matching) {
        this.matching = matching;
    }

    /** Returns measurements of nothing. */
    public static Measurements none() {
        return new Measurements(new BitSet());
    }

    /** Returns what would be measured if every image and disk were as the policy states it. */
    public static Measurements asStated(Policy policy) {
        return none().with(0, policy.endpoints().size(), true);
    }

    /** Returns these, with what was measured of a domain's image in place of what was presented before. */
    public Measurements with(Domain domain, String kernel, String firmware, String initrd) {
        var image = domain.image();
        boolean same = is(image.kernel(), kernel) && is(image.firmware(), firmware) && is(image.initrd(), initrd);
        return with(domain.index(), domain.index() + 1, same);
    }

    /** Returns these, with what was measured of a disk in place of what was presented before. */
    public Measurements with(HostEndpoint endpoint, String sha256) {
        boolean same = endpoint.object() instanceof HostObject.Disk disk
                && disk.sha256().equals(Optional.of(sha256));
        return with(endpoint.index(), endpoint.index() + 1, same);
    }

    /** Returns whether the endpoint was measured and is what the policy states. */
    public boolean match(int endpoint) {
        return matching.get(endpoint);
    }

    private Measurements with(int first, int end, boolean same) {
        BitSet bits = (BitSet) matching.clone();
        bits.set(first, end, same);
        return new Measurements(bits);
    }

    private static boolean is(Optional<ImageFile> stated, String sha256) {
        return stated.map(ImageFile::sha256).orElse("").equals(sha256);
    }
}
