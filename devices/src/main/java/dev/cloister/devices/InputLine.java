package dev.cloister.devices;

/** The guest's end of a line that takes input from the host, with a bounded queue. Any thread. */
public interface InputLine {
    /**
     * Offers input, as much of it as there is room for.
     *
     * @param source the bytes
     * @param offset first index
     * @param length how many
     * @return how many were taken, in order; the caller keeps the rest and offers it again, for instance when told by
     *     {@link #onInputSpace}
     */
    int offerInput(byte[] source, int offset, int length);

    /**
     * How many bytes {@link #offerInput} would take now.
     *
     * @return 0 or more
     */
    int inputSpace();

    /**
     * Names who is told when a full input queue has emptied.
     *
     * @param listener called on a thread of the device with its lock held: it must only wake somebody
     */
    void onInputSpace(Runnable listener);
}
