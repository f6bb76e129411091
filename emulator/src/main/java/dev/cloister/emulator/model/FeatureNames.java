package dev.cloister.emulator.model;

import dev.cloister.emulator.cpu.CpuFeature;
import java.util.Collection;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Names of processor features as people write them: as Linux's /proc/cpuinfo has them, or as the constants are named. */
public final class FeatureNames {
    private static final Map<CpuFeature, String> LINUX = Map.ofEntries(
            Map.entry(CpuFeature.SSE3, "pni"),
            Map.entry(CpuFeature.LZCNT, "abm"),
            Map.entry(CpuFeature.CLFSH, "clflush"),
            Map.entry(CpuFeature.SHA, "sha_ni"),
            Map.entry(CpuFeature.PAGE_1GB, "pdpe1gb"),
            Map.entry(CpuFeature.TSC_DEADLINE, "tsc_deadline_timer"),
            Map.entry(CpuFeature.XGETBV_ECX_1, "xgetbv1"),
            Map.entry(CpuFeature.PREFETCHW, "3dnowprefetch"),
            Map.entry(CpuFeature.INVARIANT_TSC, "nonstop_tsc"),
            Map.entry(CpuFeature.CET_SS, "shstk"),
            Map.entry(CpuFeature.SPEC_CTRL, "ibrs"));

    private static final Map<String, CpuFeature> BY_NAME = byName();

    private FeatureNames() {}

    private static Map<String, CpuFeature> byName() {
        Map<String, CpuFeature> map = new HashMap<>();
        for (CpuFeature feature : CpuFeature.values()) {
            map.put(feature.name().toLowerCase(Locale.ROOT), feature);
        }
        LINUX.forEach((feature, name) -> map.put(name, feature));
        return map;
    }

    /**
     * The name that is shown.
     *
     * @param feature any
     * @return lower case, as Linux spells it
     */
    public static String of(CpuFeature feature) {
        return LINUX.getOrDefault(feature, feature.name().toLowerCase(Locale.ROOT));
    }

    /**
     * Several names.
     *
     * @param features any
     * @return in alphabetical order, with blanks between
     */
    public static String of(Collection<CpuFeature> features) {
        return features.stream().map(FeatureNames::of).sorted().collect(Collectors.joining(" "));
    }

    /**
     * A feature by its name.
     *
     * @param name as Linux spells it or as a constant of {@link CpuFeature}, in any case, with {@code -} or {@code .} for {@code _}
     * @return the feature
     * @throws IllegalArgumentException where there is none; the message lists those that a model can have
     */
    public static CpuFeature feature(String name) {
        CpuFeature feature =
                BY_NAME.get(name.toLowerCase(Locale.ROOT).replace('-', '_').replace('.', '_'));
        if (feature == null) {
            throw new IllegalArgumentException(
                    "there is no processor feature " + name + "; known are " + of(CpuModel.implemented()));
        }
        return feature;
    }
}
