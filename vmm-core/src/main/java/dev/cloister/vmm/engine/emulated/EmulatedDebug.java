package dev.cloister.vmm.engine.emulated;

import dev.cloister.emulator.Executor;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.vmm.debug.DebugTarget;
import dev.cloister.vmm.debug.DebuggedExecutor;
import dev.cloister.vmm.debug.VcpuDebug;
import dev.cloister.vmm.debug.WatchedMemory;
import dev.cloister.vmm.engine.MachineDebug;
import java.util.OptionalLong;

/** One vCPU of the emulated engine for a debugger: its registers are where the executor has them. */
final class EmulatedDebug implements DebugTarget {
    private final EmulatedVcpu vcpu;
    private final EmulatedVcpu.Parts parts;

    private EmulatedDebug(EmulatedVcpu vcpu, EmulatedVcpu.Parts parts) {
        this.vcpu = vcpu;
        this.parts = parts;
    }

    /** Joins a vCPU that does not run yet to whoever looks at the guest. */
    static void connect(MachineDebug debug, EmulatedVcpu vcpu, EmulatedVcpu.Parts parts) {
        WatchedMemory memory = new WatchedMemory(parts.memory());
        Executor watched = new Executor(parts.state(), memory, parts.bus(), parts.environment());
        VcpuDebug watching = debug.vcpu(parts.number());
        DebuggedExecutor executing = new DebuggedExecutor(
                parts.number(),
                watching,
                debug.trace(),
                new DebuggedExecutor.Executors(parts.state(), parts.executor(), watched, memory));
        vcpu.debugWith(executing, watching);
        parts.bus().observe(parts.number(), debug.trace());
        debug.add(new EmulatedDebug(vcpu, parts));
    }

    @Override
    public int id() {
        return parts.number();
    }

    @Override
    public CpuState load() {
        return parts.state();
    }

    @Override
    public void store() {
        parts.memory().flush();
        parts.memory().refresh();
    }

    @Override
    public OptionalLong msr(int index) {
        long[] value = new long[1];
        return parts.environment().readMsr(index, value) ? OptionalLong.of(value[0]) : OptionalLong.empty();
    }

    @Override
    public String condition() {
        return vcpu.condition();
    }
}
