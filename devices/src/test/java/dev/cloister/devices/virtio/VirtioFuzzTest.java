package dev.cloister.devices.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The fuzzer's targets on a fixed share of inputs: half of them begin as a driver does. */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class VirtioFuzzTest {
    private static final int INPUTS = Integer.getInteger("fuzz.inputs", 1500);

    static Stream<String> targets() {
        return Stream.of(FuzzTarget.names()).filter(name -> name.contains(System.getProperty("fuzz.only", "")));
    }

    @ParameterizedTest
    @MethodSource("targets")
    void noInputMakesADeviceFailOrWriteWhatItWasNotGiven(String target) {
        play(target, INPUTS);
    }

    /** The devices are the same: a share is enough for the registers. */
    @ParameterizedTest
    @MethodSource("targets")
    void noInputMakesOneBehindMmioDoSo(String target) {
        play(VirtioFuzz.MMIO + target, INPUTS / 10);
    }

    private static void play(String target, int inputs) {
        long seed = Long.getLong("fuzz.seed", 7);
        SplittableRandom random = new SplittableRandom(seed);
        int[] sums = new int[2];
        for (int i = 0; i < inputs; i++) {
            byte[] input = input(random);
            assertThatCode(() -> {
                        int[] counts = VirtioFuzz.play(target, input);
                        sums[0] += counts[0];
                        sums[1] += counts[1];
                    })
                    .as("%s, seed %d, input %d", target, seed, i)
                    .doesNotThrowAnyException();
        }
        System.out.println(target + ": " + sums[0] + " services judged, " + sums[1] + " times requests came back");
        assertThat(sums[0]).as("services judged byte by byte").isGreaterThan(inputs);
        assertThat(sums[1]).as("requests that came back").isGreaterThan(inputs / 20);
    }

    @Test
    void noConfigurationMakesTheBusFailOrAnswerElsewhere() {
        long seed = Long.getLong("fuzz.seed", 7);
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < INPUTS; i++) {
            byte[] input = new byte[12 * random.nextInt(1, 60)];
            random.nextBytes(input);
            for (int at = 0; at < input.length; at += 12) {
                if (random.nextBoolean()) {
                    // A range of one of the functions, or its command register.
                    int slot = random.nextInt(4);
                    int register = random.nextInt(3) == 0 ? 4 : 0x10 + 4 * random.nextInt(6);
                    put(input, at, 3, 2, slot | register << 4, register >> 4);
                }
            }
            assertThatCode(() -> PciFuzz.fuzzerTestOneInput(input))
                    .as("pci, seed %d, input %d", seed, i)
                    .doesNotThrowAnyException();
        }
    }

    @Test
    void noGuestMakesTheFunctionOfAChannelDoWhatItsModelDoesNot() {
        long seed = Long.getLong("fuzz.seed", 7);
        SplittableRandom random = new SplittableRandom(seed);
        int[] interrupts = new int[1];
        for (int i = 0; i < INPUTS; i++) {
            byte[] input = new byte[12 * random.nextInt(1, 100)];
            random.nextBytes(input);
            assertThatCode(() -> interrupts[0] += IvshmemFuzz.play(input))
                    .as("ivshmem, seed %d, input %d", seed, i)
                    .doesNotThrowAnyException();
        }
        assertThat(interrupts[0]).as("interrupts").isGreaterThan(INPUTS / 20);
    }

    /** Any bytes, or a driver's way; of those that speak, half are polite. */
    static byte[] input(SplittableRandom random) {
        byte[] bytes = new byte[48 + random.nextInt(600)];
        random.nextBytes(bytes);
        if (random.nextBoolean()) {
            bytes[0] = 0;
            tidy(bytes, random);
        }
        return bytes;
    }

    /** A driver's way: up, then descriptors that follow each other, contents of buffers, and bells. */
    private static void tidy(byte[] bytes, SplittableRandom random) {
        bytes[1] = 6;
        int at = 11;
        while (at < bytes.length - 40) {
            int queue = random.nextInt(6);
            int place = random.nextInt(16);
            int head = random.nextInt(6);
            int request = 0x4000 + place * 0x100;
            int type = new int[] {0, 1, 4, 8, 11, 16 + random.nextInt(16)}[random.nextInt(6)];
            at = put(bytes, at, 0, request, request >> 8, type, 0, 0, 0, 0, 0, 0, 0, 3);
            at = put(bytes, at, 1, queue, head, place, 1, 16 * random.nextInt(1, 4), 0);
            at = put(
                    bytes,
                    at,
                    1,
                    queue,
                    head + 1,
                    random.nextInt(64),
                    2,
                    1 + 16 * random.nextInt(4),
                    random.nextInt(3));
            at = put(bytes, at, random.nextInt(8) == 0 ? 8 : 2, queue, head + (random.nextInt(4) == 0 ? 1 : 0));
        }
    }

    private static int put(byte[] bytes, int at, int... values) {
        int next = at;
        for (int value : values) {
            bytes[next++] = (byte) value;
        }
        return next;
    }
}
