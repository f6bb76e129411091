package dev.cloister.emulator.fuzz;

import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What Jazzer runs; it finds the methods by their names. See {@link FuzzCampaign}. */
public final class EmulatorFuzz {
    private static @Nullable Consumer<byte[]> target;

    private EmulatorFuzz() {}

    /** Chooses the target, and tries it once: loading classes must not count as the first input's time. */
    public static void fuzzerInitialize() {
        Consumer<byte[]> chosen = FuzzTargets.of(System.getProperty("fuzz", "executor"));
        chosen.accept(new byte[32]);
        target = chosen;
    }

    /** Runs the target once. */
    public static void fuzzerTestOneInput(byte[] data) {
        Objects.requireNonNull(target).accept(data);
    }
}
