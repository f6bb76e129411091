package dev.cloister.emulator.model;

import static dev.cloister.emulator.cpu.CpuFeature.*;

import dev.cloister.emulator.Implementation;
import dev.cloister.emulator.cpu.CpuFeature;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A named processor model: which features CPUID tells of, and the widths of addresses. The names follow the x86-64 psABI's
 * levels of user code ({@code v1}, {@code v2}, {@code v3}); system features go with the level of the processors that
 * brought them. {@code max} is everything that is implemented, but nothing that changes the shape of the address space
 * (LA57 must be asked for). A model never tells of a feature that the emulator lacks. Immutable.
 *
 * @param name {@code v1}, {@code v2}, {@code v3} or {@code max}
 * @param features what CPUID tells of; unmodifiable
 * @param physicalBits MAXPHYADDR, 36 to 52
 */
public record CpuModel(String name, Set<CpuFeature> features, int physicalBits) {
    /** As QEMU's processors have: UEFI firmware makes page tables of 2 MiB pages for all that these reach, 256 MiB of them for 46 bits. */
    private static final int DEFAULT_PHYSICAL_BITS = 40;

    private static final int LEAST_PHYSICAL_BITS = 36;
    private static final int MOST_PHYSICAL_BITS = 52;
    private static final int LINEAR_BITS = 48;
    private static final int LINEAR_BITS_LA57 = 57;

    private static final Set<CpuFeature> V1 = EnumSet.of(
            FPU,
            VME,
            DE,
            PSE,
            TSC,
            MSR,
            PAE,
            MCE,
            CX8,
            APIC,
            SEP,
            MTRR,
            PGE,
            MCA,
            CMOV,
            PAT,
            PSE36,
            CLFSH,
            MMX,
            FXSR,
            SSE,
            SSE2,
            SYSCALL,
            NX,
            LM,
            HYPERVISOR,
            X2APIC,
            TSC_DEADLINE,
            TSC_ADJUST,
            INVARIANT_TSC,
            RDTSCP,
            PAGE_1GB,
            ARAT,
            SPEC_CTRL,
            STIBP,
            SSBD,
            ARCH_CAPABILITIES,
            MD_CLEAR);
    /** What the psABI's levels promise to user code, each beyond the one before. */
    private static final Set<CpuFeature> USER_V1 = EnumSet.of(FPU, CX8, CMOV, FXSR, MMX, SSE, SSE2, SYSCALL, LM);

    private static final Set<CpuFeature> USER_V2 = EnumSet.of(CX16, LAHF_LM, POPCNT, SSE3, SSSE3, SSE4_1, SSE4_2);
    private static final Set<CpuFeature> USER_V3 = EnumSet.of(AVX, AVX2, BMI1, BMI2, F16C, FMA, LZCNT, MOVBE, XSAVE);
    private static final Set<CpuFeature> SYSTEM_V3 =
            EnumSet.of(XSAVEOPT, AES, PCLMULQDQ, RDRAND, FSGSBASE, SMEP, INVPCID, ERMS);

    /** What each feature is of no use without. */
    private static final Map<CpuFeature, Set<CpuFeature>> NEEDS = needs();

    private static Map<CpuFeature, Set<CpuFeature>> needs() {
        Map<CpuFeature, Set<CpuFeature>> map = new EnumMap<>(CpuFeature.class);
        dependents(map, FPU, MMX, FXSR);
        dependents(map, FXSR, SSE);
        dependents(map, SSE, SSE2);
        dependents(map, SSE2, SSE3, AES, PCLMULQDQ, SHA, GFNI, XSAVE);
        dependents(map, SSE3, SSSE3);
        dependents(map, SSSE3, SSE4_1);
        dependents(map, SSE4_1, SSE4_2);
        dependents(map, SSE4_2, AVX);
        dependents(map, XSAVE, AVX, XSAVEOPT, XSAVEC, XGETBV_ECX_1, XSAVES);
        dependents(map, AVX, AVX2, FMA, F16C, VAES, VPCLMULQDQ, AVX_VNNI);
        dependents(map, AVX2, AVX512F);
        dependents(map, XSAVEC, XSAVES);
        dependents(map, AES, VAES);
        dependents(map, PCLMULQDQ, VPCLMULQDQ);
        dependents(map, APIC, X2APIC, TSC_DEADLINE);
        dependents(map, TSC, TSC_DEADLINE, TSC_ADJUST, INVARIANT_TSC, RDTSCP);
        dependents(map, PAE, LM, NX);
        dependents(map, LM, PCID, LA57, PAGE_1GB, SYSCALL, LAHF_LM, CX16, FSGSBASE);
        dependents(map, MCE, MCA);
        dependents(map, PSE, PSE36);
        dependents(map, SPEC_CTRL, STIBP, SSBD);
        return map;
    }

    private static void dependents(Map<CpuFeature, Set<CpuFeature>> map, CpuFeature base, CpuFeature... dependents) {
        for (CpuFeature dependent : dependents) {
            map.computeIfAbsent(dependent, d -> EnumSet.noneOf(CpuFeature.class))
                    .add(base);
        }
    }

    /**
     * Checks the values and closes the set: a feature whose base is missing is dropped.
     *
     * @param name shown in messages and in the brand string
     * @param features at most {@link #implemented()}; copied
     * @param physicalBits 36 to 52
     * @throws IllegalArgumentException where a value is out of its range or a feature isn't implemented
     */
    public CpuModel {
        if (physicalBits < LEAST_PHYSICAL_BITS || physicalBits > MOST_PHYSICAL_BITS) {
            throw new IllegalArgumentException("processor model " + name + " has " + physicalBits
                    + " physical address bits; expected " + LEAST_PHYSICAL_BITS + " to " + MOST_PHYSICAL_BITS);
        }
        EnumSet<CpuFeature> unknown = copy(features);
        unknown.removeAll(Implementation.features());
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(
                    "processor model " + name + " asks for " + unknown + ", which the emulator doesn't implement");
        }
        features = Set.copyOf(closed(features));
    }

    private static EnumSet<CpuFeature> copy(Collection<CpuFeature> features) {
        EnumSet<CpuFeature> set = EnumSet.noneOf(CpuFeature.class);
        set.addAll(features);
        return set;
    }

    private static EnumSet<CpuFeature> closed(Collection<CpuFeature> features) {
        EnumSet<CpuFeature> set = copy(features);
        boolean changed = true;
        while (changed) {
            changed = set.removeIf(feature -> !set.containsAll(NEEDS.getOrDefault(feature, Set.of())));
        }
        return set;
    }

    /**
     * Names of the models.
     *
     * @return in rising order
     */
    public static List<String> names() {
        return List.of("v1", "v2", "v3", "max");
    }

    /**
     * A model by its name, with as many of its features as are implemented.
     *
     * @param name one of {@link #names()}
     * @return the model
     * @throws IllegalArgumentException where there is no such model
     */
    public static CpuModel of(String name) {
        EnumSet<CpuFeature> set = named(name);
        set.retainAll(Implementation.features());
        return new CpuModel(name, set, DEFAULT_PHYSICAL_BITS);
    }

    /**
     * What a model's name promises and the emulator lacks.
     *
     * @param name one of {@link #names()}
     * @return empty where the model is whole
     */
    public static Set<CpuFeature> missing(String name) {
        EnumSet<CpuFeature> set = named(name);
        set.removeAll(Implementation.features());
        return set;
    }

    private static EnumSet<CpuFeature> named(String name) {
        EnumSet<CpuFeature> set = copy(V1);
        switch (name) {
            case "v1" -> {}
            case "v2" -> {
                set.addAll(USER_V2);
                set.add(PCID);
            }
            case "v3" -> {
                set.addAll(USER_V2);
                set.add(PCID);
                set.addAll(USER_V3);
                set.addAll(SYSTEM_V3);
            }
            case "max" -> {
                set.addAll(Implementation.features());
                set.remove(LA57);
            }
            default ->
                throw new IllegalArgumentException(
                        "there is no processor model " + name + "; expected one of " + names());
        }
        return set;
    }

    /**
     * What a model's name promises to user code, by the x86-64 psABI: a processor without it is not of that level.
     *
     * @param name one of {@link #names()}
     * @return a new set; empty for {@code max}, which promises nothing
     */
    public static Set<CpuFeature> promised(String name) {
        EnumSet<CpuFeature> set = EnumSet.noneOf(CpuFeature.class);
        if (!name.equals("max")) {
            named(name);
            set.addAll(USER_V1);
        }
        if (name.equals("v2") || name.equals("v3")) {
            set.addAll(USER_V2);
        }
        if (name.equals("v3")) {
            set.addAll(USER_V3);
        }
        return set;
    }

    /**
     * Everything that the emulator implements.
     *
     * @return unmodifiable
     */
    public static Set<CpuFeature> implemented() {
        return Implementation.features();
    }

    /**
     * What of a set is of use once some features are gone: those that need them go as well.
     *
     * @param features any
     * @param hidden what goes
     * @return a new set
     */
    public static Set<CpuFeature> remaining(Collection<CpuFeature> features, Collection<CpuFeature> hidden) {
        EnumSet<CpuFeature> set = copy(features);
        set.removeAll(hidden);
        return closed(set);
    }

    /**
     * This model with some features hidden, and with them all that needs them.
     *
     * @param hidden what CPUID shall not tell of
     * @return a new model
     */
    public CpuModel without(Collection<CpuFeature> hidden) {
        EnumSet<CpuFeature> set = copy(features);
        set.removeAll(hidden);
        return new CpuModel(name, set, physicalBits);
    }

    /**
     * This model with more features.
     *
     * @param added implemented ones
     * @return a new model
     * @throws IllegalArgumentException where one isn't implemented
     */
    public CpuModel with(Collection<CpuFeature> added) {
        EnumSet<CpuFeature> set = copy(features);
        set.addAll(added);
        return new CpuModel(name, set, physicalBits);
    }

    /**
     * This model with another width of physical addresses.
     *
     * @param bits 36 to 52
     * @return a new model
     */
    public CpuModel withPhysicalBits(int bits) {
        return new CpuModel(name, features, bits);
    }

    /**
     * This model with physical addresses wide enough for a machine's memory.
     *
     * @param end the first guest-physical address behind it, at most 2^52
     * @return this model where that is wide enough, else one with as many bits as it takes
     */
    public CpuModel reaching(long end) {
        int bits = Long.SIZE - Long.numberOfLeadingZeros(end - 1);
        return bits <= physicalBits ? this : withPhysicalBits(bits);
    }

    /**
     * Whether CPUID tells of a feature.
     *
     * @param feature any
     * @return true if so
     */
    public boolean has(CpuFeature feature) {
        return features.contains(feature);
    }

    /**
     * Width of linear addresses.
     *
     * @return 57 with LA57, else 48
     */
    public int linearBits() {
        return has(LA57) ? LINEAR_BITS_LA57 : LINEAR_BITS;
    }
}
