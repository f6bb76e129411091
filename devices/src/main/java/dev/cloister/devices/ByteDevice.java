package dev.cloister.devices;

/**
 * A device with byte-wide registers. Like the bus of a PC, it takes a wider access as byte accesses to successive ports, lowest first.
 */
interface ByteDevice extends PortDevice {
    /** Reads the byte register at an offset of the attached range. */
    int readByte(int offset);

    /** Writes the byte register at an offset of the attached range; the value is 0 to 255. */
    void writeByte(int offset, int value);

    @Override
    default long read(int offset, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (readByte(offset + i) & 0xFFL) << (8 * i);
        }
        return value;
    }

    @Override
    default void write(int offset, int size, long value) {
        for (int i = 0; i < size; i++) {
            writeByte(offset + i, (int) (value >>> (8 * i)) & 0xFF);
        }
    }
}
