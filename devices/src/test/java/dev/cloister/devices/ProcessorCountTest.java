package dev.cloister.devices;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProcessorCountTest {
    private final ProcessorCount device = new ProcessorCount(0x102);

    private long data() {
        return device.read(1, 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 15})
    void bothCountsAreTheMachinesInLittleEndianAndThenZeros(int item) {
        device.write(0, 2, item);
        assertThat(data()).isEqualTo(2);
        assertThat(data()).isEqualTo(1);
        for (int n = 0; n < 100; n++) {
            assertThat(data()).isZero();
        }
        device.write(0, 2, item);
        assertThat(data()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 0x19, 0x3FFF, 0xFFFF})
    void allElseIsZerosSoThatNobodySeesQemu(int item) {
        device.write(0, 2, item);
        for (int n = 0; n < 8; n++) {
            assertThat(data()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void anotherWidthSelectsNothing(int size) {
        device.write(0, 2, 5);
        device.write(0, size, 0);
        assertThat(device.read(0, 2)).isZero();
        assertThat(device.read(1, 2)).isZero();
        assertThat(data()).isEqualTo(2);
    }
}
