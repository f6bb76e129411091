package dev.cloister.policy.model;

import java.util.List;

/**
 * The processor that a guest is shown.
 *
 * @param model {@code host}, or a level of the x86-64 psABI: {@code x86-64-v1} to {@code x86-64-v3}
 * @param hide names of features that are hidden, as Linux spells them in /proc/cpuinfo
 * @param position where the policy declares it
 */
public record CpuidModel(String model, List<String> hide, SourcePosition position) {
    /** Copies the list. */
    public CpuidModel {
        hide = List.copyOf(hide);
    }
}
