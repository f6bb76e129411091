package dev.cloister.devices;

/**
 * The registers of a VGA in colour text mode 3 (IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem"), ports 0x3C0 to 0x3DF.
 * They keep what is written, so that a guest finds and moves the cursor, scrolls by the start address and sets its palette. There is no
 * picture: text lies in guest RAM at {@value #TEXT_GPA}, where {@link #startCharacter} and {@link #rowCharacters} say what would be
 * shown. Graphics modes and planes have no effect. Any vCPU thread.
 */
public final class TextDisplay implements ByteDevice {
    /** First port. */
    public static final int PORT = 0x3C0;
    /** How many ports it takes. */
    public static final int PORTS = 0x20;
    /** Guest-physical address of text memory. */
    public static final long TEXT_GPA = 0xB_8000;
    /** Bytes of text memory: two for each character. */
    public static final int TEXT_BYTES = 0x8000;
    /** Lines on the screen. */
    public static final int ROWS = 25;
    /** Characters in a line on the screen. */
    public static final int COLUMNS = 80;

    private static final int ATTRIBUTE = 0x00;
    private static final int ATTRIBUTE_READ = 0x01;
    private static final int MISC_WRITE = 0x02;
    private static final int SEQUENCER = 0x04;
    private static final int PALETTE_MASK = 0x06;
    private static final int PALETTE_READ = 0x07;
    private static final int PALETTE_WRITE = 0x08;
    private static final int PALETTE_DATA = 0x09;
    private static final int MISC_READ = 0x0C;
    private static final int GRAPHICS = 0x0E;
    private static final int CRTC = 0x14;
    private static final int STATUS = 0x1A;

    private static final int START_HIGH = 0x0C;
    private static final int START_LOW = 0x0D;
    private static final int OFFSET = 0x13;
    /** Colour addresses, memory enabled, 28 MHz, 400 lines. */
    private static final int MISC = 0x67;
    /** Display disabled and vertical retrace: they alternate, so that who waits for either edge sees it. */
    private static final int RETRACE = 0x09;

    private static final int PALETTE_BYTES = 256 * 3;
    private static final int[] MODE_3 = {
        0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F, 0x00, 0x4F, 0x0D, 0x0E, 0x00, 0x00, 0x00, 0x00, 0x9C, 0x8E,
        0x8F, 0x28, 0x1F, 0x96, 0xB9, 0xA3, 0xFF
    };

    /** An index register and what it selects; indices beyond its registers read 0 and keep nothing. */
    private static final class File {
        private final int[] registers;
        private int index;

        File(int... registers) {
            this.registers = registers;
        }

        int data() {
            return index < registers.length ? registers[index] : 0;
        }

        void setData(int value) {
            if (index < registers.length) {
                registers[index] = value;
            }
        }
    }

    private final File crtc = new File(MODE_3.clone());
    private final File sequencer = new File(0x03, 0x00, 0x03, 0x00, 0x02);
    private final File graphics = new File(0, 0, 0, 0, 0, 0x10, 0x0E, 0, 0xFF);
    private final File attribute = new File(
            0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 0x0C, 0x00, 0x0F, 0x08, 0x00);
    private final byte[] palette = new byte[PALETTE_BYTES];
    private int misc = MISC;
    private int paletteMask = 0xFF;
    private int paletteRead;
    private int paletteWrite;
    private boolean attributeData;
    private int status;

    /** A display in mode 3 with the cursor at the top left and a black palette. */
    public TextDisplay() {}

    /**
     * The first character on the screen.
     *
     * @return its number in text memory, in characters of two bytes, 0 to 0xFFFF
     */
    public synchronized int startCharacter() {
        return crtc.registers[START_HIGH] << 8 | crtc.registers[START_LOW];
    }

    /**
     * How far the lines of the screen lie apart.
     *
     * @return characters of two bytes, 0 to 510
     */
    public synchronized int rowCharacters() {
        return crtc.registers[OFFSET] * 2;
    }

    @Override
    public synchronized int readByte(int offset) {
        return switch (offset) {
            case ATTRIBUTE -> attribute.index;
            case ATTRIBUTE_READ -> attribute.data();
            case SEQUENCER -> sequencer.index;
            case SEQUENCER + 1 -> sequencer.data();
            case GRAPHICS -> graphics.index;
            case GRAPHICS + 1 -> graphics.data();
            case CRTC -> crtc.index;
            case CRTC + 1 -> crtc.data();
            default -> readOther(offset);
        };
    }

    private int readOther(int offset) {
        return switch (offset) {
            case PALETTE_MASK -> paletteMask;
            case PALETTE_WRITE -> paletteWrite / 3;
            case PALETTE_DATA -> {
                int value = palette[paletteRead];
                paletteRead = (paletteRead + 1) % PALETTE_BYTES;
                yield value;
            }
            case MISC_READ -> misc;
            case STATUS -> {
                attributeData = false;
                status ^= RETRACE;
                yield status;
            }
            default -> 0;
        };
    }

    @Override
    public synchronized void writeByte(int offset, int value) {
        switch (offset) {
            case ATTRIBUTE -> writeAttribute(value);
            case SEQUENCER -> sequencer.index = value;
            case SEQUENCER + 1 -> sequencer.setData(value);
            case GRAPHICS -> graphics.index = value;
            case GRAPHICS + 1 -> graphics.setData(value);
            case CRTC -> crtc.index = value;
            case CRTC + 1 -> crtc.setData(value);
            default -> writeOther(offset, value);
        }
    }

    private void writeOther(int offset, int value) {
        switch (offset) {
            case MISC_WRITE -> misc = value;
            case PALETTE_MASK -> paletteMask = value;
            case PALETTE_READ -> paletteRead = value * 3;
            case PALETTE_WRITE -> paletteWrite = value * 3;
            case PALETTE_DATA -> {
                palette[paletteWrite] = (byte) (value & 0x3F);
                paletteWrite = (paletteWrite + 1) % PALETTE_BYTES;
            }
            default -> {}
        }
    }

    /** One port takes index and data in turn; reading the status register makes the next one an index. */
    private void writeAttribute(int value) {
        if (attributeData) {
            attribute.setData(value);
        } else {
            attribute.index = value & 0x1F;
        }
        attributeData = !attributeData;
    }
}
