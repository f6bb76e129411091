package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuMode;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.cpu.SegmentRegister;
import dev.cloister.emulator.decode.Instruction;

/** Port input and output with the IOPL and bitmap checks (Intel SDM vol. 1, 19.5). */
public final class IoOps {
    private static final int MAP_BASE = 102;

    private IoOps() {}

    public static void register(HandlerRegistry table) {
        table.put(
                (x, i) -> {
                    int port = port(x, i, 1, i.sizes[0]);
                    x.set(i, 0, x.io.in(port, i.sizes[0]) & Execution.mask(i.sizes[0]));
                },
                "in");
        table.put(
                (x, i) -> {
                    int port = port(x, i, 0, i.sizes[1]);
                    x.io.out(port, i.sizes[1], (int) x.get(i, 1));
                },
                "out");
    }

    private static int port(Execution x, Instruction i, int operand, int size) {
        int port = (int) x.get(i, operand) & 0xFFFF;
        check(x, port, size);
        x.debug.port(port, size);
        return port;
    }

    private static void check(Execution x, int port, int size) {
        boolean trusted = x.cpl <= (x.state.rflags() & Flags.IOPL) >>> 12 && x.mode != CpuMode.VIRTUAL_8086;
        if ((x.state.cr0() & ControlBits.CR0_PE) == 0 || trusted) {
            return;
        }
        SegmentRegister task = x.state.segment(CpuState.TR);
        long limit = task.limit() & 0xFFFFFFFFL;
        if ((task.type() & 8) == 0 || limit < MAP_BASE + 1) {
            throw x.fault(CpuException.GP);
        }
        long at = x.segmentation.readSystem(task.base() + MAP_BASE, 2) + (port >> 3);
        if (at + 1 > limit) {
            throw x.fault(CpuException.GP);
        }
        long bits = x.segmentation.readSystem(task.base() + at, 2) >>> (port & 7);
        if ((bits & (1L << size) - 1) != 0) {
            throw x.fault(CpuException.GP);
        }
    }

    /** Checks the right of INS and OUTS to their port. */
    static void checkString(Execution x, Instruction i) {
        check(x, (int) x.register(CpuState.RDX, 2), i.sizes[i.opcode < 0x6E ? 0 : 1]);
    }

    public static void ins(Execution x, Instruction i) {
        int size = i.sizes[0];
        int port = port(x, i, 1, size);
        // The port must not be read where the store will fault.
        x.segmentation.probe(CpuState.ES, x.register(CpuState.RDI, i.addressSize), size, LinearMemory.WRITE);
        x.set(i, 0, x.io.in(port, size) & Execution.mask(size));
        StringOps.advance(x, i, CpuState.RDI, size);
    }

    public static void outs(Execution x, Instruction i) {
        int size = i.sizes[1];
        int port = port(x, i, 0, size);
        x.io.out(port, size, (int) x.get(i, 1));
        StringOps.advance(x, i, CpuState.RSI, size);
    }
}
