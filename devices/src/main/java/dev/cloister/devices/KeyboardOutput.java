package dev.cloister.devices;

/**
 * What the keyboard controller has for the guest: bytes of the keyboard's port and of the auxiliary one, in the order in which they came.
 * Holds 16; what comes beyond that is lost. Its owner locks.
 */
final class KeyboardOutput {
    private static final int BYTES = 16;

    private final ByteFifo bytes = new ByteFifo(BYTES);
    /** Bit n: byte n from the head is the auxiliary port's. */
    private int auxiliary;

    /** Where one of the two devices puts its bytes. */
    interface Port {
        /** Appends a byte, if there is room. */
        void add(int value);
    }

    Port keyboard() {
        return value -> add(value, false);
    }

    Port auxiliary() {
        return value -> add(value, true);
    }

    private void add(int value, boolean isAuxiliary) {
        int at = bytes.count();
        if (bytes.add((byte) value) && isAuxiliary) {
            auxiliary |= 1 << at;
        }
    }

    boolean isEmpty() {
        return bytes.isEmpty();
    }

    /** Whether the next byte is the auxiliary port's. */
    boolean isAuxiliary() {
        return (auxiliary & 1) != 0;
    }

    int take() {
        auxiliary >>>= 1;
        return bytes.take() & 0xFF;
    }

    void clear() {
        bytes.clear();
        auxiliary = 0;
    }
}
