package dev.cloister.vmm;

import dev.cloister.kvm.Kvm;
import dev.cloister.linux.ErrnoException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The engine for a configuration, made.
 *
 * @param engine nothing runs yet; to be closed by whoever takes it
 * @param notes what a person should know about the choice
 */
record EngineChoice(Engine engine, List<String> notes) {
    /** Opens {@code /dev/kvm} where the engine needs it. */
    static EngineChoice open(MachineConfig config) throws MachineException, ErrnoException {
        config.validate();
        return switch (config.engine()) {
            case DIRECT -> with(Kvm.open(), config);
            case EMULATED, SHADOW -> with(null, config);
            case AUTO -> {
                try {
                    yield new EngineChoice(new DirectEngine(Kvm.open(), config), List.of());
                } catch (ErrnoException e) {
                    yield emulated(config, String.valueOf(e.getMessage()));
                }
            }
        };
    }

    /** Takes the KVM that is there, or not; closes it, also when this fails. */
    static EngineChoice with(@Nullable Kvm kvm, MachineConfig config) throws MachineException, ErrnoException {
        boolean taken = false;
        try {
            config.validate();
            switch (config.engine()) {
                case EMULATED -> {
                    return new EngineChoice(new EmulatedEngine(config), List.of());
                }
                case SHADOW ->
                    throw MachineException.input(
                            "engine shadow is not in this release; expected auto, direct or emulated");
                default -> {
                    // Both want KVM.
                }
            }
            if (kvm != null) {
                taken = true;
                return new EngineChoice(new DirectEngine(kvm, config), List.of());
            }
            if (config.engine() == dev.cloister.policy.model.Engine.AUTO) {
                return emulated(config, "none was handed over");
            }
            throw MachineException.input("engine direct without KVM; expected " + Kvm.DEVICE + " to be handed over");
        } finally {
            if (kvm != null && !taken) {
                kvm.close();
            }
        }
    }

    private static EngineChoice emulated(MachineConfig config, String why) throws ErrnoException {
        return new EngineChoice(
                new EmulatedEngine(config),
                List.of("engine emulated: KVM cannot be used (" + why
                        + "); the guest runs the same, but slower; cloister doctor says more"));
    }
}
