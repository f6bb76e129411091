package dev.cloister.devices.interrupt;

/** A processor as its local APIC sees it. */
@FunctionalInterface
public interface Processor {
    /**
     * {@link LocalApic#attention()} has become true: if the processor waits it must wake, if it executes it must look soon. Called on any
     * thread with the chips' lock held: must not block and must not call back.
     */
    void attend();
}
