package dev.cloister.emulator.cpu;

/**
 * Where whoever runs a processor hands it events between two instructions: exceptions it decided on itself, interrupts, NMIs. They go
 * through the guest's own tables (Intel SDM vol. 3, chapter 6). On the processor's thread.
 */
public interface EventInjection {
    /**
     * Delivers an exception that an instruction raised, with double- and triple-fault rules.
     *
     * @param vector 0 to 31
     * @param errorCode pushed where the vector has one
     * @param faultAddress goes to CR2 for vector 14
     * @return COMPLETED, SHUTDOWN after a triple fault, or UNSUPPORTED
     */
    StepResult deliverException(int vector, int errorCode, long faultAddress);

    /**
     * Delivers an external interrupt; the caller has checked that it may be.
     *
     * @param vector 0 to 255
     * @return as {@link #deliverException}
     */
    StepResult deliverInterrupt(int vector);

    /**
     * Delivers a non-maskable interrupt and blocks further ones until IRET; the caller has checked that it may be.
     *
     * @return as {@link #deliverException}
     */
    StepResult deliverNmi();

    /**
     * Delivers what {@link PendingEvents} holds for before the next instruction: an exception or interrupt on its way, then
     * an NMI that waits and isn't blocked.
     *
     * @return as {@link #deliverException}; COMPLETED also where nothing waits
     */
    StepResult deliverPending();
}
