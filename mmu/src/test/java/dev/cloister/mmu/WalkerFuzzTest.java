package dev.cloister.mmu;

import static org.assertj.core.api.Assertions.assertThatCode;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The share of fuzzing page walks that every build runs: inputs from fixed seeds, random and made to lead somewhere. */
class WalkerFuzzTest {
    private static final int INPUTS = 1500;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void walkersAgreeAndNothingIsThrown(long seed) {
        Random random = new Random(seed);
        for (int n = 0; n < INPUTS; n++) {
            byte[] data = n % 4 == 0 ? noise(random) : tables(random);
            assertThatCode(() -> WalkerFuzz.fuzzerTestOneInput(data))
                    .as("seed %d input %d", seed, n)
                    .doesNotThrowAnyException();
        }
    }

    private static byte[] noise(Random random) {
        byte[] data = new byte[random.nextInt(2048)];
        random.nextBytes(data);
        return data;
    }

    static byte[] tables(Random random) {
        ByteBuffer out = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(random.nextInt() | (random.nextInt(4) == 0 ? 0 : 0x20) & ~0x40);
        out.putShort((short) (random.nextInt(4) == 0 ? random.nextInt() : 0x900));
        out.putInt(random.nextInt(4) * 4096);
        out.put((byte) random.nextInt());
        out.putInt(random.nextInt(2) * random.nextInt());
        out.putInt(random.nextInt(2) * random.nextInt());
        out.put((byte) random.nextInt(256));
        int entries = 100 + random.nextInt(100);
        out.put((byte) entries);
        for (int n = 0; n < entries; n++) {
            out.put((byte) random.nextInt(16));
            out.putShort((short) random.nextInt(2));
            long entry = random.nextInt(17) * 4096L | random.nextInt(4) << 5 | 7;
            entry ^= random.nextInt(4) == 0 ? 1L << random.nextInt(64) : 0;
            out.putLong(entry);
        }
        while (out.remaining() >= 9) {
            out.put((byte) random.nextInt());
            long linear = random.nextInt(0x2001);
            for (int shift = 21; shift < 57; shift += 9) {
                linear |= (long) random.nextInt(2) << shift;
            }
            out.putLong(linear);
        }
        return out.array();
    }
}
