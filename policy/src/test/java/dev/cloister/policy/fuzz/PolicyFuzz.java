package dev.cloister.policy.fuzz;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What Jazzer runs: {@code mvn -Pfuzz test -pl policy -am -DskipTests -Dfuzz=TARGET -Dfuzz.minutes=MINUTES}. Jazzer finds the
 * methods by their names.
 */
public final class PolicyFuzz {
    private static @Nullable FuzzTarget target;

    private PolicyFuzz() {}

    /** Chooses the target, and tries it once: loading classes must not count as the first input's time. */
    public static void fuzzerInitialize() throws Exception {
        FuzzTarget chosen = FuzzTargets.of(System.getProperty("fuzz", "loader"));
        chosen.run(new byte[0]);
        chosen.run(new byte[] {FuzzTarget.STRUCTURED, 1, 2, 3});
        target = chosen;
    }

    /** Runs the target once. */
    public static void fuzzerTestOneInput(byte[] data) throws Exception {
        Objects.requireNonNull(target).run(data);
    }
}
