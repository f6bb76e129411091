package dev.cloister.emulator.execute;

/** Where groups of instructions announce what executes them. */
@FunctionalInterface
public interface HandlerRegistry {
    /**
     * Registers a handler under each of the names.
     *
     * @param handler executes them
     * @param mnemonics names in the form tables
     * @throws IllegalStateException if a name is taken
     */
    void put(Handler handler, String... mnemonics);
}
