package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;

/** Instructions that only move flags. */
public final class FlagOps {
    private static final long AH = Flags.SF | Flags.ZF | Flags.AF | Flags.PF | Flags.CF;

    private FlagOps() {}

    public static void register(HandlerRegistry table) {
        table.put((x, i) -> Alu.setFlag(x.state, Flags.CF, false), "clc");
        table.put((x, i) -> Alu.setFlag(x.state, Flags.CF, true), "stc");
        table.put((x, i) -> x.state.setRflags(x.state.rflags() ^ Flags.CF), "cmc");
        table.put((x, i) -> Alu.setFlag(x.state, Flags.DF, false), "cld");
        table.put((x, i) -> Alu.setFlag(x.state, Flags.DF, true), "std");
        table.put((x, i) -> interrupts(x, false), "cli");
        table.put((x, i) -> interrupts(x, true), "sti");
        table.put((x, i) -> alignment(x, false), "clac");
        table.put((x, i) -> alignment(x, true), "stac");
        table.put(
                (x, i) -> {
                    checkAh(x);
                    long ah = x.register(CpuState.RAX, 2) >>> 8;
                    x.state.setRflags(x.state.rflags() & ~AH | ah & AH);
                },
                "sahf");
        table.put(
                (x, i) -> {
                    checkAh(x);
                    long ah = x.state.rflags() & AH | Flags.RESERVED;
                    x.setRegister(CpuState.RAX, 2, ah << 8 | x.register(CpuState.RAX, 1));
                },
                "lahf");
    }

    /** In 64-bit mode the first processors had neither LAHF nor SAHF (SDM vol. 2, LAHF). */
    private static void checkAh(Execution x) {
        if (x.long64 && !x.limits.flagsToAh64) {
            throw x.fault(CpuException.UD);
        }
    }

    private static void interrupts(Execution x, boolean on) {
        if (Virtual8086.setInterruptFlag(x, on)) {
            return;
        }
        if (x.cpl > (x.state.rflags() & Flags.IOPL) >>> 12) {
            throw x.fault(CpuException.GP);
        }
        x.shadow = on && !x.state.flag(Flags.IF);
        Alu.setFlag(x.state, Flags.IF, on);
    }

    private static void alignment(Execution x, boolean on) {
        if (x.cpl != 0) {
            throw x.fault(CpuException.UD);
        }
        Alu.setFlag(x.state, Flags.AC, on);
    }
}
