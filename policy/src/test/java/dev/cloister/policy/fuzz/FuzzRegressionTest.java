package dev.cloister.policy.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The short share of fuzzing that every build runs: the committed inputs, and some two thousand made from fixed seeds. Only what is
 * declared may be thrown; no input may take long or much memory.
 */
class FuzzRegressionTest {
    private static final int INPUTS = 400;
    private static final int MOST_DECISIONS = 120;
    private static final Duration TIME = Duration.ofSeconds(90);
    private static final long MILLIS_FOR_ONE = 5000;
    private static final long MEMORY_FOR_ONE = 256L << 20;

    static Stream<String> targets() {
        return FuzzTargets.all().keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("targets")
    void onlyDeclaredErrorsWithinBounds(String name) {
        assertTimeoutPreemptively(TIME, () -> {
            FuzzTarget target = FuzzTargets.of(name);
            for (Path file : Seeds.regressions(name)) {
                run(target, Seeds.read(file), file.toString());
            }
            for (String seed : Seeds.policies()) {
                run(target, seed.getBytes(StandardCharsets.UTF_8), "a seed document");
            }
            Random random = new Random(name.hashCode());
            List<String> policies = Seeds.policies();
            for (int i = 0; i < INPUTS; i++) {
                run(target, input(random, policies), name + " input " + i);
            }
        });
    }

    private static byte[] input(Random random, List<String> policies) {
        byte[] data;
        if (random.nextInt(4) == 0) {
            data = policies.get(random.nextInt(policies.size())).getBytes(StandardCharsets.UTF_8);
            for (int edits = random.nextInt(1, 5); edits > 0; edits--) {
                data = spoil(data, random);
            }
            return data;
        }
        data = new byte[random.nextInt(2, MOST_DECISIONS)];
        random.nextBytes(data);
        data[0] = random.nextInt(5) == 0 ? data[0] : FuzzTarget.STRUCTURED;
        return data;
    }

    /** Changes, cuts or doubles some bytes. */
    private static byte[] spoil(byte[] data, Random random) {
        int at = random.nextInt(data.length);
        int to = Math.min(data.length, at + random.nextInt(1, 40));
        switch (random.nextInt(3)) {
            case 0 -> {
                data[at] = (byte) random.nextInt(256);
                return data;
            }
            case 1 -> {
                byte[] cut = Arrays.copyOf(data, data.length - (to - at));
                System.arraycopy(data, to, cut, at, data.length - to);
                return cut.length == 0 ? data : cut;
            }
            default -> {
                byte[] longer = Arrays.copyOf(data, data.length + to - at);
                System.arraycopy(data, at, longer, to, data.length - at);
                return longer;
            }
        }
    }

    private static void run(FuzzTarget target, byte[] data, String what) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long allocated = threads.getCurrentThreadAllocatedBytes();
        long begin = System.nanoTime();
        try {
            target.run(data);
        } catch (Exception | Error e) {
            throw new AssertionError(what + ", base64 " + Base64.getEncoder().encodeToString(data), e);
        }
        assertThat((System.nanoTime() - begin) / 1_000_000)
                .as("milliseconds for %s", what)
                .isLessThan(MILLIS_FOR_ONE);
        assertThat(threads.getCurrentThreadAllocatedBytes() - allocated)
                .as("bytes allocated for %s", what)
                .isLessThan(MEMORY_FOR_ONE);
    }
}
