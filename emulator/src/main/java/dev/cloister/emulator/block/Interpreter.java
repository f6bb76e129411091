package dev.cloister.emulator.block;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.decode.Form;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.execute.Handler;
import org.jspecify.annotations.Nullable;

/** The plain interpreter of the same processor, to which blocks turn for all that they don't do themselves. */
public interface Interpreter {
    /**
     * Executes one instruction and delivers its exception.
     *
     * @return never EXCEPTION
     */
    StepResult stepAndDeliver();

    /**
     * Delivers an exception; RIP is that of the instruction that raised it.
     *
     * @param raised the exception, an architectural one
     * @return never EXCEPTION
     */
    StepResult deliver(CpuException raised);

    /**
     * What executes a form.
     *
     * @param form a form
     * @return null where nothing does
     */
    @Nullable
    Handler handler(Form form);

    /**
     * Whether the processor has all that a form needs, so that it does what its mnemonic says.
     *
     * @param form a form
     * @return false where it raises #UD, or does what older processors did, for some operands at least
     */
    boolean isOffered(Form form);

    /**
     * Whether an encoding with this form may be executed here at all: LOCK where it is allowed, VEX in protected mode.
     *
     * @param instruction decoded
     * @param descriptors whether the mode uses descriptors
     * @return false where #UD is due
     */
    boolean isAllowed(Instruction instruction, boolean descriptors);

    /**
     * Completes an instruction after its handler: RIP, RF, interrupt shadow.
     *
     * @param instruction whose handler has returned
     */
    void finish(Instruction instruction);
}
