package dev.cloister.vmm.engine.emulated;

import dev.cloister.devices.interrupt.LocalApic;
import dev.cloister.emulator.Executor;
import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.PendingEvents;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.memory.TlbMemory;
import dev.cloister.linux.ErrnoException;
import dev.cloister.vmm.board.RunControl;
import dev.cloister.vmm.debug.DebuggedExecutor;
import dev.cloister.vmm.debug.VcpuDebug;
import dev.cloister.vmm.engine.CpuAffinity;
import dev.cloister.vmm.engine.ExitKind;
import dev.cloister.vmm.engine.FaultReporter;
import dev.cloister.vmm.engine.VcpuBody;
import dev.cloister.vmm.memory.GuestLinearMemory;
import dev.cloister.vmm.report.Outcome;
import dev.cloister.vmm.report.Report;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One vCPU of the emulated engine: executes, delivers what its local APIC has for it, sleeps while it is halted, until the machine ends.
 * While it sleeps nothing runs: a device, a timer or a kick wakes it.
 */
final class EmulatedVcpu implements VcpuBody {
    /** The bound of one run; whoever needs the thread sooner kicks it. */
    private static final int SLICE = 100_000;

    /** The same while somebody looks: each instruction alone sees no kick. */
    private static final int WATCHED_SLICE = 2_000;

    private static final int REAL_MODE_LIMIT = 0xffff;
    private static final int SIGNATURE_LEAF = 1;

    /**
     * What a vCPU is made of.
     *
     * @param number its number, which is its APIC id
     * @param state its registers, as at its first instruction
     * @param executor what executes
     * @param memory its linear memory
     * @param forReports the same without effects
     * @param bus its ports and devices
     * @param environment what it is told and asks for
     * @param apic its local APIC
     * @param signal what wakes it
     */
    record Parts(
            int number,
            CpuState state,
            Executor executor,
            TlbMemory memory,
            GuestLinearMemory forReports,
            EmulatedBus bus,
            CpuEnvironment environment,
            LocalApic apic,
            VcpuSignal signal) {}

    private final int number;
    private final CpuState state;
    private final Executor executor;
    private final TlbMemory memory;
    private final EmulatedBus bus;
    private final LocalApic apic;
    private final CpuEnvironment environment;
    private final int[] leaf = new int[4];
    private final VcpuSignal signal;
    private final RunControl control;
    private final Owner owner;
    private final CpuAffinity affinity;
    private final FaultReporter faults;
    private @Nullable DebuggedExecutor debugged;
    private @Nullable VcpuDebug watched;
    private volatile boolean halted;
    private boolean secondNmi;
    private long userRefusals;

    EmulatedVcpu(Parts parts, RunControl control, Owner owner, CpuAffinity affinity) {
        this.number = parts.number();
        this.state = parts.state();
        this.executor = parts.executor();
        this.memory = parts.memory();
        this.bus = parts.bus();
        this.apic = parts.apic();
        this.environment = parts.environment();
        this.signal = parts.signal();
        this.control = control;
        this.owner = owner;
        this.affinity = affinity;
        this.faults = new FaultReporter(number, () -> state, parts.forReports(), bus.ring());
        signal.executes(executor);
    }

    /** Before the start: somebody looks at the guest. */
    void debugWith(DebuggedExecutor executing, @Nullable VcpuDebug watching) {
        debugged = executing;
        watched = watching;
    }

    /** What it does apart from executing, for people; any thread. */
    String condition() {
        return apic.waitsForStartup() ? "waits for its start" : halted ? "halted" : "";
    }

    @Override
    public long[] exitCounts() {
        return bus.counts();
    }

    @Override
    public long emulated() {
        return executor.completed();
    }

    @Override
    public List<Report.Count> emulatedByMnemonic() {
        return List.of();
    }

    @Override
    public long exceptions() {
        return 0;
    }

    @Override
    public long userRefusals() {
        return userRefusals;
    }

    @Override
    public void run() {
        try {
            signal.runsHere();
            affinity.apply();
            loop();
        } catch (ErrnoException | RuntimeException | Error e) {
            control.finish(new RunControl.End(Outcome.HOST_FAILURE, "vCPU " + number + ": " + e, 0, null));
        } finally {
            if (control.threadEnded()) {
                owner.allEnded();
            }
        }
    }

    private void loop() {
        boolean first = number == 0;
        while (goesOn()) {
            if (first) {
                first = false;
                owner.firstEntry(System.nanoTime());
            }
            try {
                turn();
            } catch (InternalError e) {
                // A channel's memory was taken away under an access; the JVM may tell some steps later. The guest's
                // instruction is done again.
                if (!owner.severVanished()) {
                    throw e;
                }
            }
        }
    }

    private boolean goesOn() {
        if (control.mayRun()) {
            return true;
        }
        if (!control.stopping()) {
            bus.count(ExitKind.INTERRUPTED);
        }
        return control.park();
    }

    /** Sleeps, or takes what is pending and executes for a while. */
    private void turn() {
        if (isHeld()) {
            return;
        }
        if (apic.attention()) {
            takeUnmaskable();
        }
        takeNonMaskable();
        if (sleeps()) {
            signal.await();
            return;
        }
        DebuggedExecutor looking = debugged;
        if (halted || looking == null || !looking.holdsInterrupts()) {
            halted = false;
            takeInterrupt();
        }
        memory.poll();
        // The IRET that unblocks a waiting NMI is to be seen at once.
        int slice = state.events().nmiPending() ? 1 : SLICE;
        handle(looking == null ? executor.run(slice) : looking.run(Math.min(slice, WATCHED_SLICE)));
    }

    /** Stands still while a debugger lets only others run; afterwards the machine may have other wishes, whose signal was swallowed. */
    private boolean isHeld() {
        DebuggedExecutor looking = debugged;
        if (looking == null) {
            return false;
        }
        looking.standIfHeld();
        return !control.mayRun();
    }

    private boolean sleeps() {
        boolean wakes = apic.attention() && state.flag(Flags.IF);
        return apic.waitsForStartup() || halted && !wakes;
    }

    /** INIT, SIPI and NMI, which RFLAGS.IF does not hold back. */
    private void takeUnmaskable() {
        if (apic.takeInit()) {
            environment.cpuid(SIGNATURE_LEAF, 0, leaf);
            state.initialise(leaf[0]);
            memory.flush();
            memory.refresh();
            halted = false;
            secondNmi = false;
        }
        int page = apic.takeStartup();
        if (page >= 0) {
            start(page);
        }
        PendingEvents events = state.events();
        while (apic.takeNonMaskable()) {
            secondNmi = events.nmiPending() && !events.nmiBlocked();
            events.setNmiPending(true);
        }
    }

    /**
     * An NMI that waits, unless the handler of the one before it hasn't returned, or the instruction behind STI or a load of SS is still to
     * be executed (Intel SDM vol. 3, 6.7.1 and 6.8.3). While one is served, one more can wait.
     */
    private void takeNonMaskable() {
        PendingEvents events = state.events();
        if (events.nmiPending() && !events.nmiBlocked() && !state.interruptShadow()) {
            halted = false;
            delivered(executor.delivery().deliverNmi());
            events.setNmiPending(secondNmi);
            secondNmi = false;
        }
    }

    /** Begins in real mode at a page (Intel SDM vol. 3, 9.4.4). */
    private void start(int page) {
        int attributes = state.segment(CpuState.CS).attributes();
        state.segment(CpuState.CS).set(page << 8, (long) page << 12, REAL_MODE_LIMIT, attributes);
        state.setRip(0);
    }

    private void takeInterrupt() {
        boolean pending = apic.attention();
        if (pending && executor.isInterruptWindowOpen()) {
            int vector = apic.acknowledge();
            if (vector >= 0) {
                DebuggedExecutor looking = debugged;
                delivered(looking == null ? executor.delivery().deliverInterrupt(vector) : looking.interrupt(vector));
            }
            pending = apic.attention();
        }
        executor.awaitInterruptWindow(pending);
    }

    private void handle(StepResult result) {
        switch (result) {
            case HALTED -> {
                bus.count(ExitKind.HALT);
                halted = true;
            }
            case SHUTDOWN, EXCEPTION -> tripleFault();
            case UNSUPPORTED -> refuse();
            case COMPLETED, REPEATING -> {
                // The bound was reached, or somebody wants this thread to look around.
            }
        }
    }

    private void delivered(StepResult result) {
        if (result == StepResult.SHUTDOWN) {
            tripleFault();
        } else if (result == StepResult.UNSUPPORTED) {
            unsupported();
        }
    }

    private void tripleFault() {
        bus.count(ExitKind.SHUTDOWN);
        fault(FaultReporter.TRIPLE_FAULT, FaultReporter.TRIPLE_FAULT_ADVICE);
    }

    /** User code that the emulator cannot execute gets #UD, as under the direct engine; a kernel's instruction ends the guest. */
    private void refuse() {
        bus.count(ExitKind.EMULATION_FAILURE);
        if (state.cpl() != 3) {
            unsupported();
            return;
        }
        userRefusals++;
        delivered(executor.delivery().deliverException(CpuException.UD, 0, 0));
    }

    private void unsupported() {
        String why = executor.reason();
        fault(
                "the emulator cannot execute the instruction at rip: "
                        + (why.isEmpty() ? "it does not implement this instruction" : why),
                "run the guest with the direct engine, on a host with hardware virtualisation, or avoid the"
                        + " instruction");
    }

    private void fault(String reason, String suggestion) {
        VcpuDebug looking = watched;
        if (looking != null) {
            looking.fault(reason);
        }
        control.finish(new RunControl.End(Outcome.GUEST_FAULT, reason, 0, faults.report(reason, suggestion)));
    }
}
