package dev.cloister.emulator.fuzz;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.HexFormat;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The share of fuzzing that every build runs, from fixed seeds: no exception, no hang. {@code -Dfuzz.inputs=N} for more. */
class FuzzRegressionTest {
    private static final Duration TIME = Duration.ofMinutes(5);
    private static final byte[] LIKELY = {
        0x0F,
        0x66,
        (byte) 0xF2,
        (byte) 0xF3,
        0x48,
        (byte) 0xC4,
        (byte) 0xC5,
        0x62,
        (byte) 0xD9,
        (byte) 0xDD,
        (byte) 0xFF,
        0x38,
        0x3A
    };

    static Stream<String> targets() {
        return FuzzTargets.all().keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("targets")
    void nothingUndeclaredWithinBounds(String name) {
        Consumer<byte[]> target = FuzzTargets.of(name);
        int inputs = Integer.getInteger("fuzz.inputs", 3000);
        assertTimeoutPreemptively(TIME, () -> {
            Random random = new Random(name.hashCode());
            for (int n = 0; n < inputs; n++) {
                byte[] data = input(random);
                try {
                    target.accept(data);
                } catch (RuntimeException | AssertionError e) {
                    throw new AssertionError(
                            name + " input " + n + ": " + HexFormat.of().formatHex(data), e);
                }
            }
        });
    }

    private static byte[] input(Random random) {
        byte[] data = new byte[random.nextInt(1, 120)];
        random.nextBytes(data);
        for (int n = 0; n < data.length; n++) {
            if (random.nextInt(5) == 0) {
                data[n] = LIKELY[random.nextInt(LIKELY.length)];
            }
        }
        return data;
    }
}
