package dev.cloister.emulator.model;

/**
 * Where a processor stands among the machine's: one package, one thread for each core.
 *
 * @param apicId this processor's number and initial local APIC identifier, below {@code processors}
 * @param processors how many there are, 1 to 255
 */
public record Topology(int apicId, int processors) {
    private static final int MOST = 255;

    /** The only processor of a machine. */
    public static final Topology SINGLE = new Topology(0, 1);

    /**
     * Checks the numbers.
     *
     * @param apicId 0 to processors - 1
     * @param processors 1 to 255
     * @throws IllegalArgumentException where they are out of range
     */
    public Topology {
        if (processors < 1 || processors > MOST || apicId < 0 || apicId >= processors) {
            throw new IllegalArgumentException("processor " + apicId + " of " + processors
                    + " is not possible; expected 1 to " + MOST + " processors and a number below that");
        }
    }

    /** Bits that tell the processors of the package apart. */
    int shift() {
        return 32 - Integer.numberOfLeadingZeros(processors - 1);
    }
}
