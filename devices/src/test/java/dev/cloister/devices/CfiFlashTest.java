package dev.cloister.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Commands by the Intel data sheet and JESD68.01, and by what UEFI's driver does with QEMU's chip. */
class CfiFlashTest {
    private static final int BLOCK = CfiFlash.BLOCK_BYTES;

    private final byte[] array = new byte[4 * BLOCK];
    private final CfiFlash flash;

    CfiFlashTest() {
        for (int i = 0; i < array.length; i++) {
            array[i] = (byte) (i * 7 + (i >>> 8));
        }
        flash = new CfiFlash(MemorySegment.ofArray(array));
    }

    @Test
    void itReadsAsItsArrayAfterPowerOnInEverySize() {
        array[5000] = (byte) 0x88;
        for (int size = 1; size <= 8; size *= 2) {
            long expected = 0;
            for (int i = size - 1; i >= 0; i--) {
                expected = expected << 8 | array[5000 + i] & 0xFF;
            }
            assertThat(flash.read(5000, size)).as("%d bytes", size).isEqualTo(expected);
        }
    }

    @Test
    void programmingClearsBitsAndSetsNone() {
        array[10] = (byte) 0b1100_1010;
        for (int command : new int[] {0x40, 0x10}) {
            flash.write(10, 1, command);
            flash.write(10, 1, 0b1111_0110);
            assertThat(flash.read(3000, 1)).as("status of any address").isEqualTo(0x80);
        }
        assertThat(array[10]).isEqualTo((byte) 0b1100_0010);
        flash.write(10, 1, 0xFF);
        assertThat(flash.read(10, 1)).isEqualTo(0b1100_0010);
    }

    @Test
    void erasingSetsTheBlockOfTheAddressAndNoOther() {
        byte[] before = array.clone();
        flash.write(BLOCK + 77, 1, 0x20);
        flash.write(2 * BLOCK - 1, 1, 0xD0);
        assertThat(flash.read(0, 1)).isEqualTo(0x80);
        Arrays.fill(before, BLOCK, 2 * BLOCK, (byte) 0xFF);
        assertThat(array).isEqualTo(before);
    }

    @Test
    void anEraseThatIsNotConfirmedErasesNothingAndSaysSo() {
        byte[] before = array.clone();
        flash.write(0, 1, 0x20);
        flash.write(0, 1, 0xFF);
        assertThat(flash.read(0, 1)).isEqualTo(0xB0);
        assertThat(array).isEqualTo(before);
        flash.write(0, 1, 0x50);
        flash.write(0, 1, 0x70);
        assertThat(flash.read(0, 1) & 0x30).as("cleared").isZero();
    }

    @Test
    void firmwareTellsItFromRamAndRom() {
        array[0] = 0x12;
        flash.write(0, 1, 0x50);
        assertThat(flash.read(0, 1)).as("not RAM").isNotEqualTo(0x50);
        flash.write(0, 1, 0x70);
        assertThat(flash.read(0, 1)).as("a cleared status, and not the array").isZero();
        flash.write(0, 1, 0xFF);
        assertThat(flash.read(0, 1)).isEqualTo(0x12);
    }

    @Test
    void theTableTellsCommandSetAndGeometry() {
        flash.write(0x55, 1, 0x98);
        assertThat(flash.read(0x10, 4)).isEqualTo('Q' | 'R' << 8 | 'Y' << 16 | 1 << 24);
        assertThat(flash.read(0x27, 1)).as("2^14 bytes").isEqualTo(14);
        assertThat(flash.read(0x2A, 2)).as("no write buffer").isZero();
        assertThat(flash.read(0x2C, 1)).as("one region").isEqualTo(1);
        assertThat(flash.read(0x2D, 2)).as("of 4 blocks").isEqualTo(3);
        assertThat(flash.read(0x2F, 2)).as("of 16 times 256 bytes").isEqualTo(16);
        assertThat(flash.read(flash.read(0x15, 2), 4)).isEqualTo('P' | 'R' << 8 | 'I' << 16 | '1' << 24);
        assertThat(flash.read(0xFF0, 8)).isZero();
        flash.write(0, 1, 0x90);
        assertThat(flash.read(0, 2)).as("Intel").isEqualTo(0x1789);
    }

    @Test
    void aWideWriteIsAsManyCycles() {
        array[100] = (byte) 0xFF;
        array[101] = (byte) 0xFF;
        flash.write(100, 2, 0x5A << 8 | 0x40);
        assertThat(array[101]).isEqualTo((byte) 0x5A);
        assertThat(array[100]).isEqualTo((byte) 0xFF);
    }

    @Test
    void noAccessReachesBeyondTheArray() {
        assertThatThrownBy(() -> new CfiFlash(MemorySegment.ofArray(new byte[BLOCK + 1])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("4097 bytes");
        flash.write(array.length - 8, 8, 0xD020_FFFF_5A40L);
        assertThat(flash.read(array.length - 8, 8)).isNotZero();
    }
}
