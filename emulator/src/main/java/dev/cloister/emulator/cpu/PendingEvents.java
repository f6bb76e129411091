package dev.cloister.emulator.cpu;

/**
 * Events on their way to a processor, and what holds them back: with {@link CpuState#interruptShadow()} all that KVM's
 * {@code struct kvm_vcpu_events} tells, so that a state can go there and back without loss. The executor keeps {@link
 * #nmiBlocked()}, {@link #afterStackLoad()} and {@link #debugTraps()}; the rest is between those who convert states and
 * {@code EventDelivery.deliverPending}. Mutable; owned by the processor's thread.
 */
public final class PendingEvents {
    /** No event. */
    public static final int NONE = -1;

    private boolean nmiBlocked;
    private boolean nmiPending;
    private boolean afterStackLoad;
    private long debugTraps;
    private int exception = NONE;
    private int errorCode;
    private int interrupt = NONE;
    private boolean softInterrupt;
    private int startupVector;

    PendingEvents() {}

    void reset() {
        nmiBlocked = false;
        nmiPending = false;
        afterStackLoad = false;
        debugTraps = 0;
        exception = NONE;
        errorCode = 0;
        interrupt = NONE;
        softInterrupt = false;
        startupVector = 0;
    }

    void copyFrom(PendingEvents other) {
        nmiBlocked = other.nmiBlocked;
        nmiPending = other.nmiPending;
        afterStackLoad = other.afterStackLoad;
        debugTraps = other.debugTraps;
        exception = other.exception;
        errorCode = other.errorCode;
        interrupt = other.interrupt;
        softInterrupt = other.softInterrupt;
        startupVector = other.startupVector;
    }

    /**
     * Whether NMIs are blocked: from the delivery of one until the next IRET.
     *
     * @return true if so
     */
    public boolean nmiBlocked() {
        return nmiBlocked;
    }

    /**
     * Blocks NMIs, or ends that.
     *
     * @param value whether they are blocked
     */
    public void setNmiBlocked(boolean value) {
        nmiBlocked = value;
    }

    /**
     * Whether an NMI waits.
     *
     * @return true if so
     */
    public boolean nmiPending() {
        return nmiPending;
    }

    /**
     * Lets an NMI wait.
     *
     * @param value whether one waits
     */
    public void setNmiPending(boolean value) {
        nmiPending = value;
    }

    /**
     * Whether the interrupt shadow is that of a load of SS, which holds off debug traps as well.
     *
     * @return meaningful in an interrupt shadow
     */
    public boolean afterStackLoad() {
        return afterStackLoad;
    }

    /**
     * Says which instruction made the interrupt shadow.
     *
     * @param value true for MOV SS and POP SS, false for STI
     */
    public void setAfterStackLoad(boolean value) {
        afterStackLoad = value;
    }

    /**
     * Debug traps that a load of SS holds off.
     *
     * @return bits of DR6
     */
    public long debugTraps() {
        return debugTraps;
    }

    /**
     * Sets the debug traps that wait.
     *
     * @param value bits of DR6
     */
    public void setDebugTraps(long value) {
        debugTraps = value;
    }

    /**
     * The vector of an exception that is to be delivered before the next instruction.
     *
     * @return 0 to 31, or {@link #NONE}
     */
    public int exception() {
        return exception;
    }

    /**
     * Its error code.
     *
     * @return meaningful where the vector has one
     */
    public int errorCode() {
        return errorCode;
    }

    /**
     * Sets the exception that is to be delivered before the next instruction. CR2 and DR6 are already as the handler shall
     * see them.
     *
     * @param vector 0 to 31, or {@link #NONE}
     * @param code the error code, 0 where the vector has none
     */
    public void setException(int vector, int code) {
        exception = vector;
        errorCode = code;
    }

    /**
     * The vector of an interrupt that the interrupt controller has given up already.
     *
     * @return 0 to 255, or {@link #NONE}
     */
    public int interrupt() {
        return interrupt;
    }

    /**
     * Whether that interrupt is one of INT n.
     *
     * @return meaningful with an interrupt
     */
    public boolean isSoftInterrupt() {
        return softInterrupt;
    }

    /**
     * Sets the interrupt that is to be delivered before the next instruction.
     *
     * @param vector 0 to 255, or {@link #NONE}
     * @param soft whether it is one of INT n
     */
    public void setInterrupt(int vector, boolean soft) {
        interrupt = vector;
        softInterrupt = soft;
    }

    /**
     * The vector of the last start-up message, for a processor that waits for one.
     *
     * @return 0 to 255
     */
    public int startupVector() {
        return startupVector;
    }

    /**
     * Sets the vector of a start-up message.
     *
     * @param value 0 to 255
     */
    public void setStartupVector(int value) {
        startupVector = value;
    }
}
