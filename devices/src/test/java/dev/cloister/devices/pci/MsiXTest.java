package dev.cloister.devices.pci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.devices.MmioDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** MSI-X against a model that keeps one record for each vector. */
class MsiXTest {
    private static final int VECTORS = 70;
    private static final int ENABLE = 1 << 31;
    private static final int FUNCTION_MASK = 1 << 30;

    private final List<String> sent = new ArrayList<>();
    private final MsiX msix =
            new MsiX(VECTORS, 0, 0, 0x1000, (address, data) -> sent.add(Long.toHexString(address) + ":" + data));
    private final MmioDevice table = msix.table();
    private final MmioDevice pendingBits = msix.pendingBits();

    /** What one vector should be. */
    private static final class Model {
        long address;
        int data;
        boolean masked = true;
        boolean pending;

        String message() {
            return Long.toHexString(address) + ":" + data;
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void sendsOnceWhatIsUnmaskedAndKeepsTheRest(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Model[] model = new Model[VECTORS];
        for (int i = 0; i < VECTORS; i++) {
            model[i] = new Model();
        }
        List<String> expected = new ArrayList<>();
        int control = 0;
        for (int step = 0; step < 20_000; step++) {
            int vector = random.nextInt(VECTORS);
            Model m = model[vector];
            switch (random.nextInt(6)) {
                case 0 -> {
                    m.address = random.nextLong() & ~3L;
                    table.write(vector * 16L, 8, m.address | random.nextInt(4));
                }
                case 1 -> {
                    m.data = random.nextInt();
                    table.write(vector * 16L + 8, 4, m.data & 0xffff_ffffL);
                }
                case 2 -> {
                    m.masked = random.nextBoolean();
                    table.write(vector * 16L + 12, 4, random.nextInt() & ~1 | (m.masked ? 1 : 0));
                }
                case 3 -> {
                    control = random.nextInt() & (ENABLE | FUNCTION_MASK);
                    control |= random.nextInt(3) > 0 ? ENABLE : 0;
                    msix.write(0, control, 0xc000_0000);
                }
                default -> {
                    if ((control & ENABLE) != 0) {
                        m.pending = true;
                    }
                    msix.signal(vector);
                }
            }
            for (Model each : model) {
                if (each.pending && !each.masked && control == ENABLE) {
                    each.pending = false;
                    expected.add(each.message());
                }
            }
            assertThat(sent).as("seed %d step %d", seed, step).isEqualTo(expected);
            sent.clear();
            expected.clear();
            long bits = pendingBits.read(vector / 64 * 8L, 8);
            assertThat((bits >>> vector & 1) != 0)
                    .as("seed %d step %d pending", seed, step)
                    .isEqualTo(m.pending);
            assertThat(table.read(vector * 16L, 8)).isEqualTo(m.address);
            assertThat(table.read(vector * 16L + 12, 4)).isEqualTo(m.masked ? 1 : 0);
        }
    }

    @Test
    void oddAccessesReadRightAndWriteNothing() {
        table.write(0, 8, 0x1122_3344_5566_7788L);
        assertThat(table.read(1, 2)).isEqualTo(0x6677);
        table.write(0, 2, 0);
        table.write(1, 4, 0);
        table.write(4, 8, 0);
        table.write(VECTORS * 16L, 8, -1);
        pendingBits.write(0, 8, -1);
        assertThat(table.read(0, 8)).isEqualTo(0x1122_3344_5566_7788L);
        assertThat(table.read(VECTORS * 16L, 8)).isZero();
        assertThat(pendingBits.read(0, 8)).isZero();
        msix.write(0, ENABLE, ENABLE);
        msix.signal(VECTORS);
        msix.signal(-1);
        msix.signal(0xffff);
        assertThat(sent).isEmpty();
    }
}
