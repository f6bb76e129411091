package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.cpu.SegmentRegister;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.decode.Instruction;
import java.lang.invoke.VarHandle;

/** Processor control that is neither a control register nor a descriptor: MSRs, TLB, caches, clocks, identification. */
public final class SystemOps {
    private static final int MSR_EFER = 0xC0000080;
    private static final int MSR_FS_BASE = 0xC0000100;
    private static final int MSR_GS_BASE = 0xC0000101;
    private static final int MSR_KERNEL_GS_BASE = 0xC0000102;
    private static final int MSR_COUNTERS = 0xC1;
    private static final int MSR_FIXED_COUNTERS = 0x309;
    private static final int MSR_TSC_AUX = 0xC0000103;

    private SystemOps() {}

    public static void register(HandlerRegistry table) {
        table.put(
                (x, i) -> {}, "nop", "pause", "endbr32", "endbr64", "prefetch", "prefetchw", "prefetchwt1", "cldemote");
        table.put((x, i) -> {}, "prefetchnta", "prefetcht0", "prefetcht1", "prefetcht2");
        table.put((x, i) -> VarHandle.acquireFence(), "lfence");
        table.put((x, i) -> VarHandle.releaseFence(), "sfence");
        table.put((x, i) -> VarHandle.fullFence(), "mfence");
        // Without CET in force these two do nothing, not even clear the register (SDM vol. 2, RDSSP).
        table.put(SystemOps::shadowStack, "rdsspd", "rdsspq", "incsspd", "incsspq");
        table.put(SystemOps::flushLine, "clflush", "clflushopt", "clwb");
        table.put((x, i) -> x.requireSupervisor(), "wbinvd", "invd", "wbnoinvd");
        table.put(SystemOps::serialize, "serialize");
        table.put(SystemOps::halt, "hlt");
        table.put(SystemOps::cpuid, "cpuid");
        table.put((x, i) -> timestamp(x), "rdtsc");
        table.put(
                (x, i) -> {
                    timestamp(x);
                    x.setRegister(CpuState.RCX, 4, x.needMsr(MSR_TSC_AUX));
                },
                "rdtscp");
        table.put((x, i) -> x.set(i, 0, x.needMsr(MSR_TSC_AUX)), "rdpid");
        table.put(SystemOps::rdpru, "rdpru");
        table.put(SystemOps::random, "rdrand", "rdseed");
        table.put(SystemOps::readMsr, "rdmsr");
        table.put(SystemOps::writeMsr, "wrmsr");
        table.put(SystemOps::swapgs, "swapgs");
        table.put(SystemOps::readCounter, "rdpmc");
        table.put(SystemOps::monitor, "monitor");
        table.put(SystemOps::mwait, "mwait");
        table.put((x, i) -> readBase(x, i, CpuState.FS), "rdfsbase");
        table.put((x, i) -> readBase(x, i, CpuState.GS), "rdgsbase");
        table.put((x, i) -> writeBase(x, i, CpuState.FS), "wrfsbase");
        table.put((x, i) -> writeBase(x, i, CpuState.GS), "wrgsbase");
    }

    private static void shadowStack(Execution x, Instruction i) {
        boolean read = i.form.mnemonic.startsWith("rdssp");
        if ((x.state.cr4() & ControlBits.CR4_CET) != 0) {
            throw x.unsupported("shadow stacks");
        }
        if (!read) {
            throw x.fault(CpuException.UD);
        }
    }

    /** Checked as a load of a byte, but for execute-only segments (SDM vol. 2, CLFLUSH). */
    private static void flushLine(Execution x, Instruction i) {
        long linear = x.segmentation.linear(x.segmentOf(i), x.effective(i), 1, LinearMemory.FETCH);
        x.segmentation.memory().probe(linear, 1, x.cpl == 3 ? LinearMemory.USER : 0);
    }

    private static void serialize(Execution x, Instruction i) {
        // Execution is in order here: nothing is left to wait for.
        x.environment.cpuid(0, 0, x.leaf);
    }

    private static void halt(Execution x, Instruction i) {
        x.requireSupervisor();
        x.result = StepResult.HALTED;
    }

    private static void cpuid(Execution x, Instruction i) {
        // It serializes, and stands inside blocks (Intel SDM volume 3, 9.3).
        VarHandle.fullFence();
        x.environment.cpuid((int) x.state.gprs()[CpuState.RAX], (int) x.state.gprs()[CpuState.RCX], x.leaf);
        x.setRegister(CpuState.RAX, 4, x.leaf[0]);
        x.setRegister(CpuState.RBX, 4, x.leaf[1]);
        x.setRegister(CpuState.RCX, 4, x.leaf[2]);
        x.setRegister(CpuState.RDX, 4, x.leaf[3]);
    }

    private static void pair(Execution x, long value) {
        x.setRegister(CpuState.RAX, 4, value);
        x.setRegister(CpuState.RDX, 4, value >>> 32);
    }

    private static long edxEax(Execution x) {
        return x.register(CpuState.RDX, 4) << 32 | x.register(CpuState.RAX, 4);
    }

    private static void timestamp(Execution x) {
        if (x.cpl > 0 && (x.state.cr4() & ControlBits.CR4_TSD) != 0) {
            throw x.fault(CpuException.GP);
        }
        pair(x, x.environment.timestampCounter());
    }

    private static void rdpru(Execution x, Instruction i) {
        if (!x.environment.offersRdpru()) {
            throw x.fault(CpuException.UD);
        }
        // MPERF and APERF (ECX 0 and 1) both count at the TSC's rate here; other indices read as zero.
        pair(x, x.register(CpuState.RCX, 4) <= 1 ? x.environment.timestampCounter() : 0);
    }

    private static void random(Execution x, Instruction i) {
        x.set(i, 0, x.environment.random());
        x.state.setRflags(x.state.rflags() & ~Flags.STATUS | Flags.CF);
    }

    private static void readMsr(Execution x, Instruction i) {
        x.requireSupervisor();
        int index = (int) x.state.gprs()[CpuState.RCX];
        pair(
                x,
                switch (index) {
                    case MSR_EFER -> x.state.efer();
                    case MSR_FS_BASE -> x.state.segment(CpuState.FS).base();
                    case MSR_GS_BASE -> x.state.segment(CpuState.GS).base();
                    default -> {
                        if (!x.readMsr(index)) {
                            throw x.fault(CpuException.GP);
                        }
                        yield x.msr[0];
                    }
                });
    }

    private static void writeMsr(Execution x, Instruction i) {
        x.requireSupervisor();
        int index = (int) x.state.gprs()[CpuState.RCX];
        long value = edxEax(x);
        switch (index) {
            case MSR_EFER -> ControlRegisterOps.writeEfer(x, value);
            case MSR_FS_BASE -> x.state.segment(CpuState.FS).setBase(base(x, value));
            case MSR_GS_BASE -> x.state.segment(CpuState.GS).setBase(base(x, value));
            default -> {
                if (!x.environment.writeMsr(index, value)) {
                    throw x.fault(CpuException.GP);
                }
            }
        }
    }

    private static long base(Execution x, long value) {
        if (!x.segmentation.isBase(value)) {
            throw x.fault(CpuException.GP);
        }
        return value;
    }

    private static long canonical(Execution x, long value) {
        if (!x.segmentation.isCanonical(value)) {
            throw x.fault(CpuException.GP);
        }
        return value;
    }

    /** The counters are MSRs too: general ones from 0xC1, with bit 30 fixed ones from 0x309. */
    private static void readCounter(Execution x, Instruction i) {
        if (x.cpl > 0 && (x.state.cr4() & ControlBits.CR4_PCE) == 0) {
            throw x.fault(CpuException.GP);
        }
        int index = (int) x.state.gprs()[CpuState.RCX];
        int fixed = 1 << 30;
        int msr = (index & fixed) != 0 ? MSR_FIXED_COUNTERS + (index & ~fixed) : MSR_COUNTERS + index;
        if ((index & ~fixed) >>> 8 != 0 || !x.readMsr(msr)) {
            throw x.fault(CpuException.GP);
        }
        pair(x, x.msr[0]);
    }

    private static void requireMonitor(Execution x, long reserved) {
        if (x.cpl != 0) {
            throw x.fault(CpuException.UD);
        }
        if ((x.register(CpuState.RCX, 4) & ~reserved) != 0) {
            throw x.fault(CpuException.GP);
        }
    }

    private static void monitor(Execution x, Instruction i) {
        requireMonitor(x, 0);
        x.read(x.sourceSegment(i), x.register(CpuState.RAX, i.addressSize), 1, 0);
    }

    /** A wait may end at any time: it ends at once. */
    private static void mwait(Execution x, Instruction i) {
        requireMonitor(x, 1);
    }

    private static void swapgs(Execution x, Instruction i) {
        x.requireSupervisor();
        SegmentRegister gs = x.state.segment(CpuState.GS);
        long kernel = x.needMsr(MSR_KERNEL_GS_BASE);
        if (!x.environment.writeMsr(MSR_KERNEL_GS_BASE, gs.base())) {
            throw x.unsupported("the surroundings refuse to write KernelGSBase");
        }
        gs.setBase(kernel);
    }

    private static void checkFsGsBase(Execution x) {
        if ((x.state.cr4() & ControlBits.CR4_FSGSBASE) == 0) {
            throw x.fault(CpuException.UD);
        }
    }

    private static void readBase(Execution x, Instruction i, int segment) {
        checkFsGsBase(x);
        x.set(i, 0, x.state.segment(segment).base());
    }

    private static void writeBase(Execution x, Instruction i, int segment) {
        checkFsGsBase(x);
        x.state.segment(segment).setBase(canonical(x, x.get(i, 0)));
    }
}
