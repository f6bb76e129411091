package dev.cloister.policy.model;

import java.util.List;

/**
 * The processor that a guest is shown.
 *
 * @param model {@code host}, a level of the x86-64 psABI ({@code x86-64-v1} to {@code x86-64-v3}), or {@code max}
 * @param add names of features that are shown beyond the model's, of {@link CpuFeatureNames#KNOWN}
 * @param hide names of features that are hidden, of {@link CpuFeatureNames#KNOWN}
 * @param position where the policy declares it
 */
public record CpuidModel(String model, List<String> add, List<String> hide, SourcePosition position) {
    /** Copies the lists. */
    public CpuidModel {
        add = List.copyOf(add);
        hide = List.copyOf(hide);
    }

    /**
     * The choice as a VMM is told of it.
     *
     * @return the model, then each added feature behind {@code ,+} and each hidden one behind {@code ,-}
     */
    public String text() {
        StringBuilder text = new StringBuilder(model);
        add.forEach(name -> text.append(",+").append(name));
        hide.forEach(name -> text.append(",-").append(name));
        return text.toString();
    }
}
