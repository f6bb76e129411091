package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.SegmentRegister;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;

/** Moves to and from control and debug registers, LMSW, SMSW, CLTS (Intel SDM vol. 3, 2.5 and 17.2). */
public final class ControlRegisterOps {
    private static final long CR0_DEFINED = 0xE005003FL;
    private static final long CR4_DEFINED = 0x1FF7FFFL;
    private static final long PAGING_BITS = ControlBits.CR0_PG | ControlBits.CR0_WP | ControlBits.CR0_PE;

    private ControlRegisterOps() {}

    public static void register(HandlerRegistry table) {
        table.put(ControlRegisterOps::lmsw, "lmsw");
        table.put(
                (x, i) -> {
                    DescriptorTableOps.checkUmip(x);
                    x.set(i, 0, x.state.cr0());
                },
                "smsw");
        table.put(
                (x, i) -> {
                    x.requireSupervisor();
                    x.state.setCr0(x.state.cr0() & ~ControlBits.CR0_TS);
                },
                "clts");
    }

    public static void move(Execution x, Instruction i) {
        x.requireSupervisor();
        int size = x.long64 ? 8 : 4;
        switch (i.kinds[0]) {
            case CONTROL -> writeControl(x, i.registers[0], x.register(i.registers[1], size));
            case DEBUG -> writeDebug(x, i.registers[0], x.register(i.registers[1], size));
            default -> {
                long value = i.kinds[1] == OperandKind.CONTROL
                        ? readControl(x, i.registers[1])
                        : readDebug(x, i.registers[1]);
                x.setRegister(i.registers[0], size, value);
            }
        }
    }

    private static long readControl(Execution x, int index) {
        return switch (index) {
            case 0 -> x.state.cr0();
            case 2 -> x.state.cr2();
            case 3 -> x.state.cr3();
            case 4 -> x.state.cr4();
            case 8 -> x.state.cr8();
            default -> throw x.fault(CpuException.UD);
        };
    }

    private static void writeControl(Execution x, int index, long value) {
        switch (index) {
            case 0 -> writeCr0(x, value);
            case 2 -> x.state.setCr2(value);
            case 3 -> writeCr3(x, value);
            case 4 -> writeCr4(x, value);
            case 8 -> {
                require(x, (value & ~15L) == 0);
                x.state.setCr8(value);
            }
            default -> throw x.fault(CpuException.UD);
        }
    }

    private static void require(Execution x, boolean allowed) {
        if (!allowed) {
            throw x.fault(CpuException.GP);
        }
    }

    public static void writeCr0(Execution x, long value) {
        CpuState state = x.state;
        long next = value & CR0_DEFINED | 0x10;
        boolean paging = (next & ControlBits.CR0_PG) != 0;
        require(x, value >>> 32 == 0);
        require(x, !paging || (next & ControlBits.CR0_PE) != 0);
        require(x, (next & ControlBits.CR0_NW) == 0 || (next & ControlBits.CR0_CD) != 0);
        boolean turnedOn = paging && (state.cr0() & ControlBits.CR0_PG) == 0;
        boolean turnedOff = !paging && (state.cr0() & ControlBits.CR0_PG) != 0;
        if (turnedOn && (state.efer() & ControlBits.EFER_LME) != 0) {
            require(x, (state.cr4() & ControlBits.CR4_PAE) != 0);
            require(x, !state.segment(CpuState.CS).has(SegmentRegister.LONG));
            state.setEfer(state.efer() | ControlBits.EFER_LMA);
        }
        if (turnedOff) {
            require(x, !x.long64 && (state.cr4() & ControlBits.CR4_PCIDE) == 0);
            state.setEfer(state.efer() & ~ControlBits.EFER_LMA);
        }
        boolean changed = ((next ^ state.cr0()) & PAGING_BITS) != 0;
        state.setCr0(next);
        if (changed) {
            x.segmentation.memory().refresh();
            x.environment.invalidateAll();
        }
    }

    private static void writeCr3(Execution x, long value) {
        CpuState state = x.state;
        // Bit 63 asks that translations be kept where PCIDs are on; it is not stored.
        boolean keep = (state.cr4() & ControlBits.CR4_PCIDE) != 0 && value < 0;
        long next = keep ? value & Long.MAX_VALUE : value;
        require(x, !state.isLongActive() || (next & 0xFFF0000000000000L) == 0);
        state.setCr3(next);
        x.segmentation.memory().loadedCr3(keep);
        if (!keep) {
            x.environment.invalidateAll();
        }
    }

    private static void writeCr4(Execution x, long value) {
        CpuState state = x.state;
        require(x, (value & ~CR4_DEFINED) == 0);
        long changed = value ^ state.cr4();
        boolean lost = (changed & ~value) != 0;
        require(x, !(state.isLongActive() && lost && (changed & ControlBits.CR4_PAE) != 0));
        require(x, !(x.long64 && (changed & ControlBits.CR4_LA57) != 0));
        boolean pcidOn = (changed & value & ControlBits.CR4_PCIDE) != 0;
        require(x, !pcidOn || state.isLongActive() && (state.cr3() & 0xFFF) == 0);
        state.setCr4(value);
        x.segmentation.memory().refresh();
        x.environment.invalidateAll();
    }

    private static int debugIndex(Execution x, int index) {
        if (index > 7) {
            throw x.fault(CpuException.UD);
        }
        if (index == 4 || index == 5) {
            if ((x.state.cr4() & ControlBits.CR4_DE) != 0) {
                throw x.fault(CpuException.UD);
            }
            return index + 2;
        }
        return index;
    }

    private static long readDebug(Execution x, int index) {
        return x.state.drs()[debugIndex(x, index)];
    }

    private static void writeDebug(Execution x, int index, long value) {
        int at = debugIndex(x, index);
        require(x, at < 6 || value >>> 32 == 0);
        x.state.drs()[at] = switch (at) {
            case 6 -> value & 0x1E00FL | 0xFFFE0FF0L;
            case 7 -> value & 0xFFFF2BFFL | 0x400;
            default -> value;
        };
    }

    private static void lmsw(Execution x, Instruction i) {
        x.requireSupervisor();
        long low = x.get(i, 0) & 15;
        // LMSW can set PE but not clear it.
        writeCr0(x, x.state.cr0() & ~14L | low);
    }
}
