package dev.cloister.emulator.model;

import dev.cloister.emulator.cpu.CpuFeature;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Family, model and stepping of a processor model (Intel SDM vol. 2, CPUID, leaf 1, EAX). Programs choose code by them without asking
 * for each feature: what GCC makes of {@code target_clones("arch=skylake-avx512")} runs AVX-512 wherever it finds that processor's
 * number. So a model bears the number of a real processor all of whose instructions for user code it has.
 */
final class CpuVersion {
    /** Family 15, model 6, stepping 1: no compiler expects more of it than the first processors with 64 bits had. KVM's own choice too. */
    private static final int OLDEST = 0x00000F61;

    /** A processor on the market, and what code made for it takes for granted. */
    private record Product(int version, Set<CpuFeature> has) {}

    /** From the newest: Haswell (family 6, model 0x3C, stepping 3), Nehalem (family 6, model 0x1A, stepping 5). */
    private static final List<Product> PRODUCTS = List.of(
            new Product(
                    0x000306C3,
                    with(
                            CpuModel.promised("v3"),
                            CpuFeature.XSAVEOPT,
                            CpuFeature.AES,
                            CpuFeature.PCLMULQDQ,
                            CpuFeature.RDRAND,
                            CpuFeature.FSGSBASE)),
            new Product(0x000106A5, CpuModel.promised("v2")));

    private CpuVersion() {}

    private static Set<CpuFeature> with(Collection<CpuFeature> level, CpuFeature... more) {
        EnumSet<CpuFeature> set = EnumSet.copyOf(level);
        set.addAll(List.of(more));
        return set;
    }

    /**
     * The number of the newest known processor that has nothing for user code that the model lacks.
     *
     * @param model any
     * @return EAX of leaf 1
     */
    static int of(CpuModel model) {
        for (Product product : PRODUCTS) {
            if (model.features().containsAll(product.has())) {
                return product.version();
            }
        }
        return OLDEST;
    }
}
