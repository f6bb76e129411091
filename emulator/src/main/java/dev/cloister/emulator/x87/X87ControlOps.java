package dev.cloister.emulator.x87;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.ExtendedState;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.HandlerRegistry;
import dev.cloister.emulator.vector.VectorUnit;

/** x87 control instructions, and the announcement of every x87 instruction. */
public final class X87ControlOps {
    /** Bits of the control word that can be written. */
    static final int CONTROL_BITS = 0x1F3F;

    private X87ControlOps() {}

    /**
     * Announces all x87 instructions and EMMS.
     *
     * @param table receives the handlers
     */
    public static void register(HandlerRegistry table) {
        table.put(X87ControlOps::fwait, "fwait");
        table.put(X87Handlers.control((u, x, i) -> initialise(u)), "fninit");
        table.put(X87Handlers.control((u, x, i) -> x.set(i, 0, u.extended().controlWord())), "fnstcw");
        table.put(X87Handlers.control((u, x, i) -> x.set(i, 0, u.statusWord())), "fnstsw");
        table.put(X87Handlers.control((u, x, i) -> clearExceptions(u)), "fnclex");
        table.put(X87Handlers.waitingControl(X87ControlOps::loadControl), "fldcw");
        table.put(
                (x, i) -> {
                    VectorUnit.checkMmx(x);
                    x.state.extended().setTagByte(0);
                },
                "emms",
                "femms");
        table.put(X87Handlers.waiting((u, x, i) -> u.setEmpty(i.registers[0])), "ffree");
        table.put(X87Handlers.waiting((u, x, i) -> freeAndPop(u, i)), "ffreep");
        table.put(X87Handlers.waiting((u, x, i) -> u.rotate(1)), "fincstp");
        table.put(X87Handlers.waiting((u, x, i) -> u.rotate(-1)), "fdecstp");
        table.put(X87Handlers.waiting((u, x, i) -> u.keepConditions()), "fnop");
        table.put(X87Handlers.control((u, x, i) -> {}), "fneni(8087", "fndisi(8087", "fnsetpm(287");
        X87ArithmeticOps.register(table);
        X87CompareOps.register(table);
        X87LoadStoreOps.register(table);
        X87RemainderOps.register(table);
        X87EnvironmentOps.register(table);
        X87LogarithmOps.register(table);
        X87TrigonometricOps.register(table);
    }

    private static void fwait(Execution x, Instruction i) {
        long both = ControlBits.CR0_MP | ControlBits.CR0_TS;
        if ((x.state.cr0() & both) == both) {
            throw x.fault(CpuException.NM);
        }
        x.x87.prepare(i);
        x.x87.checkPending();
    }

    private static void freeAndPop(X87Unit u, Instruction i) {
        u.setEmpty(i.registers[0]);
        u.pop();
    }

    static void initialise(X87Unit u) {
        ExtendedState extended = u.extended();
        extended.setTop(0);
        extended.setControlWord(ExtendedState.DEFAULT_CONTROL);
        extended.setStatusWord(extended.statusWord() & X87Unit.SUMMARY);
        extended.setTagByte(0);
        extended.setShort(6, 0);
        extended.setLong(8, 0);
        extended.setLong(16, 0);
        u.summarize();
    }

    private static void clearExceptions(X87Unit u) {
        u.extended().setStatusWord(u.statusWord() & 0xFF00);
        u.summarize();
    }

    private static void loadControl(X87Unit u, Execution x, Instruction i) {
        setControlWord(u, (int) x.get(i, 0));
    }

    /** Bit 6 always reads as one; an exception that becomes unmasked while flagged is pending from here on. */
    static void setControlWord(X87Unit u, int value) {
        u.extended().setControlWord(value & CONTROL_BITS | 0x40);
        u.summarize();
    }
}
