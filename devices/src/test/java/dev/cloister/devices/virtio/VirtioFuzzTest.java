package dev.cloister.devices.virtio;

import static org.assertj.core.api.Assertions.assertThatCode;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The fuzzer's target on inputs that are nearly queues. */
@Timeout(120)
class VirtioFuzzTest {
    private static final int INPUTS = 4000;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void noInputMakesADeviceFail(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < INPUTS; i++) {
            byte[] input = input(random);
            assertThatCode(() -> VirtioFuzz.fuzzerTestOneInput(input))
                    .as("seed %d input %d", seed, i)
                    .doesNotThrowAnyException();
        }
    }

    private static byte[] input(SplittableRandom random) {
        byte[] bytes = new byte[0x1000];
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes[0] = (byte) random.nextInt(8);
        for (int i = 0; i < 8; i++) {
            int at = 0x10 + 16 * i;
            buffer.putLong(at, QueueMemory.RAM + 0x400 + random.nextInt(0x1000))
                    .putInt(at + 8, random.nextInt(3) == 0 ? 512 * random.nextInt(4) : 16 * random.nextInt(4))
                    .putShort(at + 12, (short) random.nextInt(random.nextInt(8) + 1))
                    .putShort(at + 14, (short) ((i + 1) % 8));
        }
        buffer.putShort(0x112, (short) random.nextInt(10));
        for (int i = 0; i < 8; i++) {
            buffer.putShort(0x114 + 2 * i, (short) random.nextInt(8));
        }
        int[] types = {0, 1, 4, 8, 11, 13, 99};
        for (int at = 0x400; at < 0x1000; at += 16) {
            buffer.putInt(at, types[random.nextInt(types.length)]).putLong(at + 8, random.nextInt(2100));
        }
        for (int i = random.nextInt(6); i > 0; i--) {
            bytes[random.nextInt(0x300)] = (byte) random.nextInt();
        }
        return bytes;
    }
}
