package dev.cloister.emulator.model;

import dev.cloister.emulator.cpu.CpuFeature;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Which processor somebody wants a guest to see: a model with features taken away or added, written {@code v2,-avx2,+aes}. Immutable.
 *
 * @param model one of {@link CpuModel#names()}, or {@link #HOST}
 * @param added features beyond the model's; unmodifiable
 * @param hidden features that the guest must not see, added ones included; unmodifiable
 */
public record CpuChoice(String model, Set<CpuFeature> added, Set<CpuFeature> hidden) {
    /** What is there: the host's processor under KVM, everything that is implemented under the emulator. */
    public static final String HOST = "host";

    /** The longest text that {@link #parse} takes, in characters. */
    public static final int MAX_TEXT = 4096;

    private static final String PSABI = "x86-64-";

    /** Copies the sets. */
    public CpuChoice {
        added = Set.copyOf(added);
        hidden = Set.copyOf(hidden);
    }

    /**
     * Names that a choice can begin with.
     *
     * @return {@link #HOST} and those of the models
     */
    public static List<String> models() {
        List<String> names = new ArrayList<>(CpuModel.names());
        names.addFirst(HOST);
        return List.copyOf(names);
    }

    /**
     * Reads a choice.
     *
     * @param text a model ({@code v2} or {@code x86-64-v2}; {@link #HOST} where there is none), then features with {@code +} or
     *     {@code -} in front, all separated by commas; empty: {@link #HOST}
     * @return the choice
     * @throws IllegalArgumentException for an unknown model or feature, or one that is added and can't be; the message lists the
     *     known ones
     */
    public static CpuChoice parse(String text) {
        if (text.length() > MAX_TEXT) {
            throw new IllegalArgumentException(
                    "processor model of " + text.length() + " characters; expected at most " + MAX_TEXT);
        }
        String model = HOST;
        EnumSet<CpuFeature> added = EnumSet.noneOf(CpuFeature.class);
        EnumSet<CpuFeature> hidden = EnumSet.noneOf(CpuFeature.class);
        boolean first = true;
        for (String part : text.split(",", -1)) {
            String item = part.strip();
            switch (item.isEmpty() ? ' ' : item.charAt(0)) {
                case '+' -> added.add(implemented(item.substring(1)));
                case '-' -> hidden.add(FeatureNames.feature(item.substring(1)));
                default -> model = first ? known(item) : misplaced(item);
            }
            first = false;
        }
        return new CpuChoice(model, added, hidden);
    }

    private static CpuFeature implemented(String name) {
        CpuFeature feature = FeatureNames.feature(name);
        if (!CpuModel.implemented().contains(feature)) {
            throw new IllegalArgumentException("processor feature " + name + " can't be added; expected one of "
                    + FeatureNames.of(CpuModel.implemented()));
        }
        return feature;
    }

    private static String known(String item) {
        String name = item.startsWith(PSABI) ? item.substring(PSABI.length()) : item;
        if (name.isEmpty()) {
            return HOST;
        }
        if (!models().contains(name)) {
            throw new IllegalArgumentException("there is no processor model " + item + "; expected one of "
                    + String.join(", ", models()) + ", then features as -NAME or +NAME");
        }
        return name;
    }

    private static String misplaced(String item) {
        throw new IllegalArgumentException("processor feature \"" + item
                + "\"; expected - or + in front of its name, as in v2,-" + (item.isEmpty() ? "aes" : item));
    }

    /**
     * The processor under the emulator.
     *
     * @return exactly what the guest sees
     */
    public CpuModel emulated() {
        CpuModel base = CpuModel.of(model.equals(HOST) ? "max" : model);
        return base.with(added).without(hidden);
    }

    /**
     * What a processor must have to be this one.
     *
     * @return what the model's name promises to user code and what was added, without what is hidden
     */
    public Set<CpuFeature> required() {
        EnumSet<CpuFeature> set = EnumSet.noneOf(CpuFeature.class);
        if (!model.equals(HOST)) {
            set.addAll(CpuModel.promised(model));
        }
        set.addAll(added);
        set.retainAll(emulated().features());
        return set;
    }

    /**
     * The choice as it is written.
     *
     * @return what {@link #parse} reads as the same choice
     */
    public String text() {
        StringBuilder text = new StringBuilder(model);
        added.stream()
                .map(FeatureNames::of)
                .sorted()
                .forEach(name -> text.append(",+").append(name));
        hidden.stream()
                .map(FeatureNames::of)
                .sorted()
                .forEach(name -> text.append(",-").append(name));
        return text.toString();
    }
}
