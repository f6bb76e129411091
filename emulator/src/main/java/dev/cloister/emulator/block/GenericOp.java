package dev.cloister.emulator.block;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.Handler;
import dev.cloister.mmu.GuestMemoryException;
import org.jspecify.annotations.Nullable;

/** Any instruction at all, by its handler. As the end of a block it hands control back to the engine, which looks around. */
final class GenericOp extends Op {
    private final Handler handler;
    private final Instruction instruction;
    private final Interpreter interpreter;

    GenericOp(Handler handler, Instruction instruction, Interpreter interpreter) {
        super(new Operands());
        this.handler = handler;
        this.instruction = instruction;
        this.interpreter = interpreter;
    }

    @Override
    void execute(BlockContext c) {
        Execution x = c.x;
        c.settle();
        x.begin();
        c.state.setRip(instruction.address);
        x.nextRip = c.mode.cutRip(instruction.address + instruction.length);
        try {
            handler.execute(x, instruction);
        } catch (CpuException | GuestMemoryException e) {
            x.undo();
            throw e;
        }
    }

    @Override
    @Nullable
    Block leave(BlockContext c, Block from) {
        execute(c);
        interpreter.finish(instruction);
        c.resync = true;
        c.result = c.x.result;
        return null;
    }
}
