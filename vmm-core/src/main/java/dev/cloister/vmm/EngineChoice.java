package dev.cloister.vmm;

import dev.cloister.kvm.Kvm;
import dev.cloister.linux.ErrnoException;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.engine.Engine;
import dev.cloister.vmm.engine.direct.DirectEngine;
import dev.cloister.vmm.engine.emulated.EmulatedEngine;
import dev.cloister.vmm.host.SupervisorSpeed;
import dev.cloister.vmm.loader.ImageFormat;
import dev.cloister.vmm.loader.ImageLoader;
import dev.cloister.vmm.report.MachineException;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The engine for a configuration, made.
 *
 * @param engine nothing runs yet; to be closed by whoever takes it
 * @param notes what a person should know about the choice
 */
record EngineChoice(Engine engine, List<String> notes) {
    private static final String NOT_HANDED = "none was handed over";
    private static final String INTERPRETED =
            "engine emulated: this host's KVM interprets a kernel's code, which the emulator runs many times faster; "
                    + "--engine direct uses KVM all the same";

    /** Opens {@code /dev/kvm} where the engine needs it. */
    static EngineChoice open(MachineConfig config) throws MachineException, ErrnoException {
        config.validate();
        return switch (config.processor().engine()) {
            case DIRECT -> with(Kvm.open(), config);
            case EMULATED, SHADOW -> with(null, config);
            case AUTO -> {
                Kvm kvm;
                try {
                    kvm = Kvm.open();
                } catch (ErrnoException e) {
                    yield emulated(config, e.getMessage());
                }
                yield with(kvm, config);
            }
        };
    }

    /** Takes the KVM that is there, or not; closes it, also when this fails. */
    static EngineChoice with(@Nullable Kvm kvm, MachineConfig config) throws MachineException, ErrnoException {
        Kvm unused = kvm;
        try {
            config.validate();
            return switch (config.processor().engine()) {
                case EMULATED -> new EngineChoice(new EmulatedEngine(config), List.of());
                case SHADOW ->
                    throw MachineException.input(
                            "engine shadow is not in this release; expected auto, direct or emulated");
                case DIRECT -> {
                    unused = null;
                    yield new EngineChoice(new DirectEngine(required(kvm), config), List.of());
                }
                case AUTO -> {
                    unused = null;
                    yield auto(kvm, config);
                }
            };
        } finally {
            if (unused != null) {
                unused.close();
            }
        }
    }

    private static Kvm required(@Nullable Kvm kvm) throws MachineException {
        if (kvm == null) {
            throw MachineException.input("engine direct without KVM: " + NOT_HANDED + "; expected " + Kvm.DEVICE);
        }
        return kvm;
    }

    private static EngineChoice auto(@Nullable Kvm kvm, MachineConfig config) throws ErrnoException, MachineException {
        if (kvm == null) {
            return emulated(config, NOT_HANDED);
        }
        try {
            if (interpretsKernels(kvm, config)) {
                kvm.close();
                return new EngineChoice(new EmulatedEngine(config), List.of(INTERPRETED));
            }
            return new EngineChoice(new DirectEngine(kvm, config), List.of());
        } catch (ErrnoException | MachineException e) {
            return emulated(config, e.getMessage());
        }
    }

    /**
     * Whether the guest is a Linux kernel, and the host's KVM would interpret its code, slower than the emulator by a factor of a
     * hundred. Others have little supervisor code, and nobody waits for the measurement.
     */
    private static boolean interpretsKernels(Kvm kvm, MachineConfig config) {
        try {
            ImageFormat asked = config.boot().image().format();
            ImageFormat format =
                    asked == null ? ImageLoader.detect(config.boot().image().bytes()) : asked;
            boolean linux = format == ImageFormat.BZIMAGE || format == ImageFormat.VMLINUX;
            return linux && !SupervisorSpeed.measure(kvm).isNative();
        } catch (IOException e) {
            // Whatever is wrong, the engine says it better.
            return false;
        }
    }

    private static EngineChoice emulated(MachineConfig config, @Nullable String why)
            throws ErrnoException, MachineException {
        return new EngineChoice(
                new EmulatedEngine(config),
                List.of("engine emulated: KVM cannot be used (" + why
                        + "); the guest finds the same machine, but a slow processor; cloister doctor says more"));
    }
}
