package dev.cloister.emulator.execute;

import dev.cloister.emulator.decode.Instruction;

/** Executes one kind of instruction. Implementations are stateless. */
@FunctionalInterface
public interface Handler {
    void execute(Execution x, Instruction i);
}
