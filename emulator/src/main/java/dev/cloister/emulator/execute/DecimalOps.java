package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.decode.Instruction;

/** Decimal adjustment, which exists outside 64-bit mode only. */
public final class DecimalOps {
    private DecimalOps() {}

    public static void register(HandlerRegistry table) {
        table.put((x, i) -> packed(x, 1), "daa");
        table.put((x, i) -> packed(x, -1), "das");
        table.put((x, i) -> unpacked(x, 1), "aaa");
        table.put((x, i) -> unpacked(x, -1), "aas");
        table.put(DecimalOps::aam, "aam");
        table.put(DecimalOps::aad, "aad");
        table.put((x, i) -> x.setRegister(CpuState.RAX, 1, x.state.flag(Flags.CF) ? 0xFF : 0), "salc");
    }

    private static void result(CpuState state, long al, long carries) {
        state.setRflags(state.rflags() & ~Flags.STATUS | Alu.resultFlags(al, 1) | carries);
    }

    private static void packed(Execution x, int sign) {
        CpuState state = x.state;
        int old = (int) x.register(CpuState.RAX, 1);
        int al = old;
        long carries = 0;
        boolean carry = state.flag(Flags.CF);
        if ((old & 15) > 9 || state.flag(Flags.AF)) {
            al += 6 * sign;
            carries = Flags.AF;
            // DAS also carries where the low adjustment borrows (SDM vol. 2, DAS).
            carry |= sign < 0 && al < 0;
        }
        if (old > 0x99 || state.flag(Flags.CF)) {
            al += 0x60 * sign;
            carry = true;
        }
        x.setRegister(CpuState.RAX, 1, al);
        result(state, al, carries | (carry ? Flags.CF : 0));
    }

    private static void unpacked(Execution x, int sign) {
        CpuState state = x.state;
        long ax = x.register(CpuState.RAX, 2);
        long carries = 0;
        if ((ax & 15) > 9 || state.flag(Flags.AF)) {
            ax += 0x106L * sign;
            carries = Flags.AF | Flags.CF;
        }
        x.setRegister(CpuState.RAX, 2, ax & 0xFF0F);
        result(state, ax & 15, carries);
    }

    private static void aam(Execution x, Instruction i) {
        int base = (int) i.immediate & 0xFF;
        if (base == 0) {
            throw x.fault(CpuException.DE);
        }
        int al = (int) x.register(CpuState.RAX, 1);
        x.setRegister(CpuState.RAX, 2, (al / base) << 8 | al % base);
        result(x.state, al % base, 0);
    }

    private static void aad(Execution x, Instruction i) {
        int ax = (int) x.register(CpuState.RAX, 2);
        int al = (ax & 0xFF) + (ax >> 8) * ((int) i.immediate & 0xFF) & 0xFF;
        x.setRegister(CpuState.RAX, 2, al);
        result(x.state, al, 0);
    }
}
