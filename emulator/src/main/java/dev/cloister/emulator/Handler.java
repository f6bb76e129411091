package dev.cloister.emulator;

/** Executes one kind of instruction. Implementations are stateless. */
@FunctionalInterface
interface Handler {
    void execute(Execution x, Instruction i);
}
