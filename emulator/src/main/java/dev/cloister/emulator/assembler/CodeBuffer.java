package dev.cloister.emulator.assembler;

/** The bytes of one instruction while they are put together. */
final class CodeBuffer {
    private final byte[] bytes = new byte[32];
    private int length;
    private boolean missedShort;
    private long distance;

    void add(int value) {
        bytes[length++] = (byte) value;
    }

    void add(long value, int size) {
        for (int i = 0; i < size; i++) {
            add((int) (value >>> 8 * i));
        }
    }

    void patch32(int at, int value) {
        for (int i = 0; i < 4; i++) {
            bytes[at + i] = (byte) (value >>> 8 * i);
        }
    }

    /** Notes that an 8-bit displacement can't hold the distance. */
    void missShort(long actual) {
        missedShort = true;
        distance = actual;
    }

    boolean missedShort() {
        return missedShort;
    }

    long distance() {
        return distance;
    }

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }
}
