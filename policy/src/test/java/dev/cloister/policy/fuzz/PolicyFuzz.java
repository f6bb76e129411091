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

    /** Chooses the target, and tries it once: loading classes must not count as the first input's time. */
    public static void fuzzerInitialize() throws Exception {
        String name = System.getProperty("fuzz", "loader");
        Supplier<FuzzTarget> maker = FuzzTargets.all().get(name);
        if (maker == null) {
            throw new IllegalArgumentException(
                    "-Dfuzz=" + name + ": expected one of " + FuzzTargets.all().keySet());
        }
        target = maker.get();
        target.run(new byte[0]);
        target.run(new byte[] {FuzzTarget.STRUCTURED, 1, 2, 3});
    }

    /** Runs the target once. */
    public static void fuzzerTestOneInput(byte[] data) throws Exception {
        Objects.requireNonNull(target).run(data);
    }
}
