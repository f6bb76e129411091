package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.decode.Instruction;

/** Instructions whose purpose is an interrupt or exception. */
public final class InterruptOps {
    private InterruptOps() {}

    public static void register(HandlerRegistry table) {
        table.put(InterruptOps::software, "int");
        table.put((x, i) -> x.delivery.software(CpuException.BP, x.nextRip, EventDelivery.TRAP), "int3");
        table.put(
                (x, i) -> {
                    x.delivery.software(CpuException.DB, x.nextRip, EventDelivery.PRIVILEGED);
                    x.debug.joinPending();
                },
                "int1");
        table.put(
                (x, i) -> {
                    if (x.state.flag(Flags.OF)) {
                        x.delivery.software(CpuException.OF, x.nextRip, EventDelivery.TRAP);
                    }
                },
                "into");
        table.put(InterruptOps::bound, "bound");
        table.put(
                (x, i) -> {
                    throw x.fault(CpuException.UD);
                },
                "ud0",
                "ud1",
                "ud2",
                "vmcall",
                "vmmcall",
                "vmlaunch",
                "vmresume",
                "vmxoff",
                "vmrun",
                "vmload",
                "vmsave",
                "stgi",
                "clgi",
                "skinit",
                "invlpga",
                "getsec",
                "rsm");
    }

    private static void software(Execution x, Instruction i) {
        x.delivery.software((int) i.immediate, x.nextRip, EventDelivery.SOFTWARE);
    }

    private static void bound(Execution x, Instruction i) {
        int size = i.operandSize;
        int segment = x.segmentOf(i);
        long at = x.effective(i);
        long value = Execution.signExtend(x.get(i, 0), size);
        long low = Execution.signExtend(x.read(segment, at, size, 0), size);
        long high = Execution.signExtend(x.read(segment, at + size & Execution.mask(i.addressSize), size, 0), size);
        if (value < low || value > high) {
            throw x.fault(CpuException.BR);
        }
    }
}
