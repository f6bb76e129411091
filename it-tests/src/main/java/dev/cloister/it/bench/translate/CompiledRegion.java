package dev.cloister.it.bench.translate;

import dev.cloister.emulator.memory.TlbMemory;

/** What a translator makes of a {@link Region}. */
@FunctionalInterface
public interface CompiledRegion {
    /**
     * Executes until the region is left, {@link TlbMemory#isBehind()} asks for a poll, or the budget is used up.
     *
     * @param gpr general registers in encoding order
     * @param memory linear memory
     * @param budget instructions, checked at block ends
     * @return address of the next instruction in the high 32 bits, budget left in the low ones
     */
    long run(long[] gpr, TlbMemory memory, int budget);
}
