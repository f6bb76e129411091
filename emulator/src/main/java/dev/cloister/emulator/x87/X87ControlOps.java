package dev.cloister.emulator.x87;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.ExtendedState;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.Handler;
import dev.cloister.emulator.execute.HandlerRegistry;
import dev.cloister.emulator.vector.VectorUnit;

/** x87 control instructions; arithmetic is not implemented. */
public final class X87ControlOps {
    private X87ControlOps() {}

    public static void register(HandlerRegistry table) {
        table.put(X87ControlOps::fwait, "fwait");
        table.put(control((x, i) -> initialise(x)), "fninit");
        table.put(control((x, i) -> x.set(i, 0, x.state.extended().controlWord())), "fnstcw");
        table.put(control((x, i) -> x.set(i, 0, x.state.extended().statusWord())), "fnstsw");
        table.put(
                control((x, i) ->
                        x.state.extended().setStatusWord(x.state.extended().statusWord() & 0x7F00)),
                "fnclex");
        table.put(control(X87ControlOps::fldcw), "fldcw");
        table.put(
                (x, i) -> {
                    VectorUnit.checkMmx(x);
                    x.state.extended().setTagByte(0);
                },
                "emms",
                "femms");
        table.put(
                control((x, i) -> {
                    VectorUnit.checkPending(x);
                    int register = (x.state.extended().statusWord() >> 11) + i.registers[0] & 7;
                    x.state.extended().setTagByte(x.state.extended().tagByte() & ~(1 << register));
                }),
                "ffree");
        table.put(control((x, i) -> VectorUnit.checkPending(x)), "fnop");
        table.put(control((x, i) -> {}), "fneni(8087", "fndisi(8087", "fnsetpm(287");
    }

    private static Handler control(Handler handler) {
        return (x, i) -> {
            VectorUnit.checkX87(x);
            x.state.extended().normalize();
            handler.execute(x, i);
        };
    }

    private static void fwait(Execution x, Instruction i) {
        long both = ControlBits.CR0_MP | ControlBits.CR0_TS;
        if ((x.state.cr0() & both) == both) {
            throw x.fault(CpuException.NM);
        }
        VectorUnit.checkPending(x);
    }

    private static void initialise(Execution x) {
        ExtendedState extended = x.state.extended();
        extended.setTop(0);
        extended.setControlWord(ExtendedState.DEFAULT_CONTROL);
        extended.setStatusWord(0);
        extended.setTagByte(0);
        extended.setLong(8, 0);
        extended.setLong(16, 0);
    }

    private static void fldcw(Execution x, Instruction i) {
        VectorUnit.checkPending(x);
        int control = (int) x.get(i, 0);
        ExtendedState extended = x.state.extended();
        // Bit 6 always reads as one; an exception that becomes unmasked while flagged is pending from here on.
        extended.setControlWord(control & 0x1F3F | 0x40);
        boolean pending = (extended.statusWord() & ~control & 0x3F) != 0;
        extended.setStatusWord(extended.statusWord() & 0x7F7F | (pending ? 0x8080 : 0));
    }
}
