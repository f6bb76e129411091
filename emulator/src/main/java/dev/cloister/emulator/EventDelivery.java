package dev.cloister.emulator;

/** stub */
public final class EventDelivery {
    EventDelivery() {}

    /**
     * Delivers an exception that an instruction raised, with double- and triple-fault rules.
     *
     * @param vector 0 to 31
     * @param errorCode pushed where the vector has one
     * @param faultAddress goes to CR2 for vector 14
     * @return COMPLETED, SHUTDOWN after a triple fault, or UNSUPPORTED (task gates)
     */
    public StepResult deliverException(int vector, int errorCode, long faultAddress) {
        return StepResult.UNSUPPORTED;
    }

    /**
     * Delivers an external interrupt or NMI; the caller has checked that it may be.
     *
     * @param vector 0 to 255
     * @return as {@link #deliverException}
     */
    public StepResult deliverInterrupt(int vector) {
        return StepResult.UNSUPPORTED;
    }
}
