package dev.cloister.devices.pci;

/**
 * What the guest reaches in a range of a function without a visit to the bus, as memory or a doorbell that the host rings: told where the
 * range is.
 */
@FunctionalInterface
public interface BarPlacement {
    /** Nothing. */
    BarPlacement NONE = _ -> {};

    /**
     * The range is somewhere else from now on: inside a window of the bus, apart from every other range in force. Ranges that go are
     * told before ranges that come. On the thread of the processor that programmed it, one call at a time for all of the bus; must not
     * reach back into the bus.
     *
     * @param gpa its first guest-physical address, a multiple of its size; -1 for nowhere
     */
    void moved(long gpa);
}
