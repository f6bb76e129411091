package dev.cloister.vmm.processor;

import dev.cloister.emulator.cpu.CpuFeature;
import dev.cloister.emulator.model.CpuChoice;
import dev.cloister.emulator.model.CpuModel;
import dev.cloister.emulator.model.FeatureNames;
import dev.cloister.vmm.report.MachineException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** The processors that a guest can be shown, as people name them. */
public final class CpuModels {
    /**
     * A model.
     *
     * @param name as {@code --cpu-model} takes it
     * @param promised what it promises to user code, by the x86-64 psABI; a host without it can't show it
     * @param features all that a guest sees under {@code emulated}; under {@code direct} as far as the host has it
     */
    public record Model(String name, List<String> promised, List<String> features) {
        /** Copies the lists. */
        public Model {
            promised = List.copyOf(promised);
            features = List.copyOf(features);
        }
    }

    private CpuModels() {}

    /**
     * The named models, in rising order.
     *
     * @return without {@code host}, which is what the engine has
     */
    public static List<Model> models() {
        List<Model> models = new ArrayList<>();
        for (String name : CpuModel.names()) {
            models.add(new Model(
                    name,
                    names(CpuModel.promised(name)),
                    names(CpuModel.of(name).features())));
        }
        return models;
    }

    /**
     * Every feature that a model can have.
     *
     * @return names in alphabetical order
     */
    public static List<String> features() {
        return names(CpuModel.implemented());
    }

    private static List<String> names(Set<CpuFeature> features) {
        String text = FeatureNames.of(features);
        return text.isEmpty() ? List.of() : Arrays.asList(text.split(" "));
    }

    /**
     * Requires that a text names a processor.
     *
     * @param text such as {@code v2,-avx2,+aes}
     * @throws MachineException if it doesn't; the message lists what is known
     */
    public static void require(String text) throws MachineException {
        choice(text);
    }

    /**
     * Reads a choice.
     *
     * @param text such as {@code v2,-avx2,+aes}; empty: none
     * @return what it says
     * @throws MachineException if it names no processor; the message lists what is known
     */
    public static CpuChoice choice(String text) throws MachineException {
        try {
            return CpuChoice.parse(text);
        } catch (IllegalArgumentException e) {
            throw MachineException.input(e);
        }
    }
}
