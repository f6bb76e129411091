package dev.cloister.devices.virtio;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The bytes of a device's configuration (virtio 1.2, 2.5), little-endian. Any thread; what is larger than a byte changes as a whole. */
public final class ConfigSpace {
    private final ByteBuffer bytes;

    /**
     * A configuration of zeroes.
     *
     * @param length bytes
     */
    public ConfigSpace(int length) {
        bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * How long it is.
     *
     * @return bytes
     */
    public int length() {
        return bytes.capacity();
    }

    /**
     * Reads a field, as the driver does.
     *
     * @param offset its first byte
     * @param size its bytes, 1 to 8
     * @return its value, unsigned
     * @throws IndexOutOfBoundsException if it lies outside
     */
    public synchronized long get(int offset, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (bytes.get(offset + i) & 0xffL) << Byte.SIZE * i;
        }
        return value;
    }

    /**
     * Sets a field.
     *
     * @param offset its first byte
     * @param size its bytes, 1 to 8
     * @param value its value; what is above so many bytes is ignored
     * @return this
     * @throws IndexOutOfBoundsException if it lies outside
     */
    public synchronized ConfigSpace put(int offset, int size, long value) {
        for (int i = 0; i < size; i++) {
            bytes.put(offset + i, (byte) (value >>> Byte.SIZE * i));
        }
        return this;
    }
}
