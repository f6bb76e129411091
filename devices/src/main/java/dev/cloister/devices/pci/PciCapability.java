package dev.cloister.devices.pci;

/**
 * An entry of a function's capabilities list (PCI 3.0, 6.7). Any thread, several at once: it has its own lock.
 */
public interface PciCapability {
    /**
     * What kind it is (PCI 3.0, appendix H).
     *
     * @return the capability's id, 8 bits
     */
    int id();

    /**
     * How long it is.
     *
     * @return its length in 32-bit words, with the one that holds id and next pointer
     */
    int words();

    /**
     * Reads a word. Any of its bytes may be what the guest asked for.
     *
     * @param word 0 to {@link #words()} - 1
     * @return its value; bits 15:0 of word 0 are ignored
     */
    int read(int word);

    /**
     * Writes bytes of a word.
     *
     * @param word 0 to {@link #words()} - 1
     * @param value the bytes in their places
     * @param mask ones where bytes are written
     */
    void write(int word, int value, int mask);

    /** Back to the state after power-on: the machine is reset, nothing runs. */
    default void reset() {
        // Most have no state.
    }
}
