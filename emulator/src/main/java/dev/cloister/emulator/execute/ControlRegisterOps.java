package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.SegmentRegister;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;

/** Moves to and from control registers, LMSW, SMSW, CLTS, and writes of IA32_EFER (Intel SDM vol. 3, 2.5 and 2.2.1). */
final class ControlRegisterOps {
    private static final long CR0_DEFINED = 0xE005003FL;
    private static final long TRANSLATION_BITS = ControlBits.CR0_PG | ControlBits.CR0_WP | ControlBits.CR0_PE;
    private static final long PCID = 0xFFF;
    private static final long CR3_KEEP = 1L << 63;
    private static final int TASK_PRIORITY = 15;
    /** Changes of these make the processor read PAE's pointers again (SDM vol. 3, 4.4.1). */
    private static final long CR0_POINTERS = ControlBits.CR0_PG | ControlBits.CR0_CD | ControlBits.CR0_NW;

    private static final long CR4_POINTERS =
            ControlBits.CR4_PAE | ControlBits.CR4_PGE | ControlBits.CR4_PSE | ControlBits.CR4_SMEP;

    private ControlRegisterOps() {}

    static void register(HandlerRegistry table) {
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

    /** MOV with a control or debug register as one operand. */
    static void move(Execution x, Instruction i) {
        int size = x.long64 ? 8 : 4;
        switch (i.kinds[0]) {
            case CONTROL -> writeControl(x, checked(x, i.registers[0]), x.register(i.registers[1], size));
            case DEBUG -> DebugOps.write(x, i.registers[0], x.register(i.registers[1], size));
            default -> {
                long value = i.kinds[1] == OperandKind.CONTROL
                        ? readControl(x, checked(x, i.registers[1]))
                        : DebugOps.read(x, i.registers[1]);
                x.setRegister(i.registers[0], size, value);
            }
        }
    }

    /** A register that doesn't exist raises #UD also at CPL 3. */
    private static int checked(Execution x, int index) {
        boolean exists = index == 0 || index >= 2 && index <= 4 || index == 8;
        if (!exists) {
            throw x.fault(CpuException.UD);
        }
        x.requireSupervisor();
        return index;
    }

    private static long readControl(Execution x, int index) {
        return switch (index) {
            case 0 -> x.state.cr0();
            case 2 -> x.state.cr2();
            case 3 -> x.state.cr3();
            case 4 -> x.state.cr4();
            default -> x.state.cr8();
        };
    }

    private static void writeControl(Execution x, int index, long value) {
        switch (index) {
            case 0 -> writeCr0(x, value);
            case 2 -> x.state.setCr2(value);
            case 3 -> writeCr3(x, value);
            case 4 -> writeCr4(x, value);
            default -> {
                require(x, (value & ~TASK_PRIORITY) == 0);
                x.state.setCr8(value);
                x.environment.taskPriorityChanged((int) value);
            }
        }
    }

    private static void require(Execution x, boolean allowed) {
        if (!allowed) {
            throw x.fault(CpuException.GP);
        }
    }

    static void writeCr0(Execution x, long value) {
        CpuState state = x.state;
        long next = value & CR0_DEFINED | ControlBits.CR0_ET;
        boolean paging = (next & ControlBits.CR0_PG) != 0;
        require(x, value >>> 32 == 0);
        require(x, !paging || (next & ControlBits.CR0_PE) != 0);
        require(x, (next & ControlBits.CR0_NW) == 0 || (next & ControlBits.CR0_CD) != 0);
        require(x, (next & ControlBits.CR0_WP) != 0 || (state.cr4() & ControlBits.CR4_CET) == 0);
        if (((next ^ state.cr0()) & CR0_POINTERS) != 0) {
            checkPointers(x, next, state.cr4(), state.cr3());
        }
        boolean switched = ((next ^ state.cr0()) & ControlBits.CR0_PG) != 0;
        if (switched && paging) {
            turnPagingOn(x);
        } else if (switched) {
            require(x, !x.long64 && (state.cr4() & ControlBits.CR4_PCIDE) == 0);
            state.setEfer(state.efer() & ~ControlBits.EFER_LMA);
        }
        boolean changed = ((next ^ state.cr0()) & TRANSLATION_BITS) != 0;
        state.setCr0(next);
        if (changed) {
            x.segmentation.memory().refresh();
        }
    }

    /** PAE paging, or the step into it: what CR3 points to must be good. */
    private static void checkPointers(Execution x, long cr0, long cr4, long cr3) {
        boolean used = (cr0 & ControlBits.CR0_PG) != 0
                && (cr4 & ControlBits.CR4_PAE) != 0
                && (x.state.efer() & ControlBits.EFER_LME) == 0;
        require(x, !used || x.segmentation.memory().arePointersValid(cr3));
    }

    /** With EFER.LME this is the step into IA-32e mode (SDM vol. 3, 10.8.5). */
    private static void turnPagingOn(Execution x) {
        CpuState state = x.state;
        if ((state.efer() & ControlBits.EFER_LME) == 0) {
            return;
        }
        require(x, (state.cr4() & ControlBits.CR4_PAE) != 0);
        require(x, !state.segment(CpuState.CS).has(SegmentRegister.LONG));
        int task = state.segment(CpuState.TR).type();
        require(x, task != 1 && task != 3);
        state.setEfer(state.efer() | ControlBits.EFER_LMA);
    }

    private static void writeCr3(Execution x, long value) {
        CpuState state = x.state;
        // Bit 63 asks that translations be kept where PCIDs are on; it is not stored.
        boolean keep = (state.cr4() & ControlBits.CR4_PCIDE) != 0 && value < 0;
        long next = keep ? value & ~CR3_KEEP : value;
        require(x, !state.isLongActive() || (next & x.limits.beyondPhysical) == 0);
        checkPointers(x, state.cr0(), state.cr4(), next);
        state.setCr3(next);
        x.segmentation.memory().loadedCr3(keep);
    }

    private static void writeCr4(Execution x, long value) {
        CpuState state = x.state;
        require(x, (value & ~x.limits.cr4) == 0);
        long changed = value ^ state.cr4();
        boolean isLong = state.isLongActive();
        require(x, !isLong || (changed & (ControlBits.CR4_PAE | ControlBits.CR4_LA57)) == 0);
        boolean pcidOn = (changed & value & ControlBits.CR4_PCIDE) != 0;
        require(x, !pcidOn || isLong && (state.cr3() & PCID) == 0);
        require(x, (value & ControlBits.CR4_CET) == 0 || (state.cr0() & ControlBits.CR0_WP) != 0);
        if ((changed & CR4_POINTERS) != 0) {
            checkPointers(x, state.cr0(), value, state.cr3());
        }
        state.setCr4(value);
        x.segmentation.memory().refresh();
    }

    static void writeEfer(Execution x, long value) {
        CpuState state = x.state;
        boolean modeChange = ((value ^ state.efer()) & ControlBits.EFER_LME) != 0;
        require(x, (value & ~x.limits.efer) == 0);
        require(x, !modeChange || !state.flagCr0(ControlBits.CR0_PG));
        // LMA is the processor's own; what is written to it is ignored.
        state.setEfer(value & ~ControlBits.EFER_LMA | state.efer() & ControlBits.EFER_LMA);
        x.segmentation.memory().refresh();
    }

    private static void lmsw(Execution x, Instruction i) {
        x.requireSupervisor();
        long low = x.get(i, 0) & 15;
        // LMSW can set PE but not clear it.
        writeCr0(x, x.state.cr0() & ~14L | low);
    }
}
