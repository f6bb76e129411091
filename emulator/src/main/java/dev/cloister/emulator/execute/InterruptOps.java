package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.decode.Instruction;

/** Instructions whose purpose is an interrupt or exception. */
public final class InterruptOps {
    private static final long NOT_PERMITTED = -1;

    private InterruptOps() {}

    public static void register(HandlerRegistry table) {
        table.put(InterruptOps::software, "int");
        table.put((x, i) -> x.delivery.software(CpuException.BP, x.nextRip, EventDelivery.TRAP), "int3");
        table.put(
                (x, i) -> {
                    x.delivery.software(CpuException.DB, x.nextRip, EventDelivery.PRIVILEGED);
                    x.debug.joinPending();
                    x.debug.endBranchStepping();
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
        table.put(InterruptOps::hypercall, "vmcall", "vmmcall");
        table.put(
                (x, i) -> {
                    throw x.fault(CpuException.UD);
                },
                "ud0",
                "ud1",
                "ud2",
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

    /** KVM's convention, under which both mnemonics do the same and user code is refused (Linux, Documentation/virt/kvm/x86/hypercalls.rst). */
    private static void hypercall(Execution x, Instruction i) {
        if (!x.environment.offersHypercalls()) {
            throw x.fault(CpuException.UD);
        }
        int size = x.long64 ? 8 : 4;
        if (x.cpl != 0) {
            x.setRegister(CpuState.RAX, size, NOT_PERMITTED);
            return;
        }
        long[] arguments = x.a;
        arguments[0] = x.register(CpuState.RBX, size);
        arguments[1] = x.register(CpuState.RCX, size);
        arguments[2] = x.register(CpuState.RDX, size);
        arguments[3] = x.register(CpuState.RSI, size);
        x.setRegister(CpuState.RAX, size, x.environment.hypercall(x.register(CpuState.RAX, size), arguments));
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
