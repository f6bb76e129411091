package dev.cloister.devices;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** The registers of the text display, through the port bus as a guest reaches them. */
class TextDisplayTest {
    private static final long SEED = 20_261_121;

    private final TextDisplay display = new TextDisplay();
    private final PortBus ports = new PortBus();

    TextDisplayTest() {
        ports.attach(TextDisplay.PORT, TextDisplay.PORTS, display, "display");
    }

    @Test
    void theCursorStartsAtTheTopLeftAndStaysWhereItIsPut() {
        assertThat(crtc(0x0E) << 8 | crtc(0x0F)).isZero();
        // A 16-bit write is an index and its value.
        ports.write(0x3D4, 2, 0x070E);
        ports.write(0x3D4, 2, 0xCF0F);
        assertThat(crtc(0x0E) << 8 | crtc(0x0F)).isEqualTo(0x7CF);
    }

    private int crtc(int index) {
        ports.write(0x3D4, 1, index);
        return (int) ports.read(0x3D5, 1);
    }

    @Test
    void theStartAddressSaysWhatIsOnTheScreen() {
        assertThat(display.startCharacter()).isZero();
        assertThat(display.rowCharacters()).isEqualTo(80);
        ports.write(0x3D4, 2, 0x010C);
        ports.write(0x3D4, 2, 0x900D);
        assertThat(display.startCharacter()).isEqualTo(0x190);
    }

    @Test
    void whoWaitsForARetraceSeesItBeginAndEnd() {
        long first = ports.read(0x3DA, 1) & 8;
        assertThat(ports.read(0x3DA, 1) & 8).isNotEqualTo(first);
        assertThat(ports.read(0x3DA, 1) & 8).isEqualTo(first);
    }

    @Test
    void readingTheStatusMakesTheNextAttributeWriteAnIndex() {
        ports.write(0x3C0, 1, 0x30);
        ports.read(0x3DA, 1);
        ports.write(0x3C0, 1, 0x11);
        ports.write(0x3C0, 1, 0x2A);
        ports.read(0x3DA, 1);
        ports.write(0x3C0, 1, 0x11);
        assertThat(ports.read(0x3C1, 1)).isEqualTo(0x2A);
    }

    @Test
    void aColourOfThePaletteIsThreeWritesAndThreeReads() {
        ports.write(0x3C8, 1, 255);
        for (int value : new int[] {1, 2, 0xFF, 7}) {
            ports.write(0x3C9, 1, value);
        }
        ports.write(0x3C7, 1, 255);
        assertThat(new long[] {ports.read(0x3C9, 1), ports.read(0x3C9, 1), ports.read(0x3C9, 1), ports.read(0x3C9, 1)})
                .as("the third has six bits, the fourth is colour 0's first")
                .containsExactly(1, 2, 0x3F, 7);
    }

    @Test
    void noAccessMakesItFail() {
        Random random = new Random(SEED);
        for (int i = 0; i < 100_000; i++) {
            int port = TextDisplay.PORT + random.nextInt(TextDisplay.PORTS);
            int size = 1 << random.nextInt(3);
            if (random.nextBoolean()) {
                ports.write(port, size, random.nextLong());
            } else {
                ports.read(port, size);
            }
        }
        assertThat(ports.failures()).as("seed " + SEED).isEmpty();
    }
}
