package dev.cloister.policy.decision;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.ImageFile;
import java.util.Arrays;

/** The digests that were really measured, by domain. Immutable; {@link #with} makes a new one. */
public final class Measurements {
    private static final Measurements NONE = new Measurements(new String[0], new String[0]);

    private final String[] kernels;
    private final String[] initrds;

    private Measurements(String[] kernels, String[] initrds) {
        this.kernels = kernels;
        this.initrds = initrds;
    }

    /** Returns measurements of nothing. */
    public static Measurements none() {
        return NONE;
    }

    /**
     * Returns these measurements and one more.
     *
     * @param domain the domain's index
     * @param kernel lower-case hexadecimal SHA-256 of the kernel
     * @param initrd that of the initrd, empty where there is none
     */
    public Measurements with(int domain, String kernel, String initrd) {
        int length = Math.max(kernels.length, domain + 1);
        Measurements more = new Measurements(Arrays.copyOf(kernels, length), Arrays.copyOf(initrds, length));
        more.kernels[domain] = kernel;
        more.initrds[domain] = initrd;
        return more;
    }

    /** Returns whether the domain was measured and is what the policy states. */
    boolean match(Domain domain) {
        int i = domain.index();
        if (i >= kernels.length
                || !domain.image().kernel().map(ImageFile::sha256).orElse("").equals(kernels[i])) {
            return false;
        }
        var initrd = domain.image().initrd();
        return (initrd.isPresent() ? initrd.get().sha256() : "").equals(initrds[i]);
    }
}
