package dev.cloister.emulator;

/**
 * Executes instructions one at a time on a {@link CpuState}. Exceptions are precise: an instruction that faults leaves no
 * effect. One thread at a time; nothing is allocated per instruction.
 */
public final class Executor {
    private final EventDelivery delivery = new EventDelivery();
    private final Instruction instruction = new Instruction();
    private int vector;
    private int errorCode;
    private long faultAddress;
    private String reason = "";

    /**
     * Joins a processor to its surroundings.
     *
     * @param state the registers
     * @param memory linear memory
     * @param io ports
     * @param environment MSRs, CPUID, clock
     */
    public Executor(CpuState state, LinearMemory memory, PortIo io, CpuEnvironment environment) {
        java.util.Objects.requireNonNull(state);
    }

    /**
     * Executes the instruction at CS:RIP. Exceptions are reported, not delivered.
     *
     * @return what became of it
     */
    public StepResult step() {
        return StepResult.UNSUPPORTED;
    }

    /**
     * As {@link #step()}, but an exception is delivered through the guest's IDT.
     *
     * @return COMPLETED also when an exception was delivered; never EXCEPTION
     */
    public StepResult stepAndDeliver() {
        return StepResult.UNSUPPORTED;
    }

    /**
     * Calls {@link #stepAndDeliver()} until it returns something other than COMPLETED or REPEATING, or the bound is reached.
     *
     * @param maximum the bound, at least 1
     * @return the last result
     */
    public StepResult run(int maximum) {
        return StepResult.UNSUPPORTED;
    }

    /**
     * Instructions completed by this executor.
     *
     * @return a count that only grows
     */
    public long completed() {
        return 0;
    }

    /**
     * The instruction of the last step.
     *
     * @return the executor's own object, valid until the next step
     */
    public Instruction instruction() {
        return instruction;
    }

    /**
     * Event delivery on the same processor.
     *
     * @return the one object
     */
    public EventDelivery delivery() {
        return delivery;
    }

    /**
     * Vector of the last EXCEPTION.
     *
     * @return 0 to 31
     */
    public int vector() {
        return vector;
    }

    /**
     * Error code of the last EXCEPTION.
     *
     * @return 0 where the vector has none
     */
    public int errorCode() {
        return errorCode;
    }

    /**
     * Linear address of the last page fault.
     *
     * @return what CR2 receives
     */
    public long faultAddress() {
        return faultAddress;
    }

    /**
     * Why the last step was UNSUPPORTED.
     *
     * @return a short English text
     */
    public String reason() {
        return reason;
    }
}
