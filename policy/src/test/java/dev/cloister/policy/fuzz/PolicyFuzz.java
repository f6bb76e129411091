package dev.cloister.policy.fuzz;

import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What Jazzer runs: {@code mvn -Pfuzz test -pl policy -am -DskipTests -Dfuzz=TARGET -Dfuzz.minutes=MINUTES}. Jazzer finds the
 * methods by their names.
 */
public final class PolicyFuzz {
    private static @Nullable FuzzTarget target;

    private PolicyFuzz() {}

    /** Chooses the target. */
    public static void fuzzerInitialize() {
        String name = System.getProperty("fuzz", "loader");
        Supplier<FuzzTarget> maker = FuzzTargets.all().get(name);
        if (maker == null) {
            throw new IllegalArgumentException(
                    "-Dfuzz=" + name + ": expected one of " + FuzzTargets.all().keySet());
        }
        target = maker.get();
    }

    /** Runs the target once. */
    public static void fuzzerTestOneInput(byte[] data) throws Exception {
        Objects.requireNonNull(target).run(data);
    }
}
