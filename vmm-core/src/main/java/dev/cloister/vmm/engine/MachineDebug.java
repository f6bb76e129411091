package dev.cloister.vmm.engine;

import dev.cloister.devices.Waiting;
import dev.cloister.emulator.Disassembler;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.linux.ErrnoException;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.WalkContext;
import dev.cloister.vmm.board.RunControl;
import dev.cloister.vmm.config.DebugOptions;
import dev.cloister.vmm.config.GdbListener;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.debug.DebugMachine;
import dev.cloister.vmm.debug.DebugTarget;
import dev.cloister.vmm.debug.Debugger;
import dev.cloister.vmm.debug.GuestView;
import dev.cloister.vmm.debug.StopEvent;
import dev.cloister.vmm.debug.StopPlan;
import dev.cloister.vmm.debug.StopPoint;
import dev.cloister.vmm.debug.Trace;
import dev.cloister.vmm.debug.VcpuDebug;
import dev.cloister.vmm.debug.gdb.GdbServer;
import dev.cloister.vmm.loader.ImageFormat;
import dev.cloister.vmm.report.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Whoever looks at one machine's guest: its trace, its debugger, and either the stub for gdb or, without one, a thread that tells of the
 * first breakpoint and ends the guest. Made before the engine connects its vCPUs; owns what {@link DebugOptions} hands over.
 */
public final class MachineDebug implements DebugMachine, AutoCloseable {
    /** The most that a processor has (Intel SDM vol. 3, 4.1.4): reserved bits are the guest's affair. */
    private static final int ADDRESS_BITS = 52;

    private static final int CODE_LINES = 8;
    private static final int MOST_CODE = 15 * CODE_LINES;

    private final DebugOptions options;
    private final RunControl control;
    private final GuestMemory memory;
    private @Nullable Engine engine;
    private boolean narrow;
    private final List<DebugTarget> targets = new ArrayList<>();
    private final @Nullable Trace trace;
    private final @Nullable Debugger debugger;
    private final @Nullable GdbServer server;
    private final @Nullable Thread watcher;
    private final Semaphore changes = new Semaphore(0);

    /** Opens what the configuration asks for; nobody looks until vCPUs are there. */
    public MachineDebug(MachineConfig config, RunControl control, GuestMemory memory) throws ErrnoException {
        this.options = config.watch().debug();
        this.control = control;
        this.memory = memory;
        this.trace = options.trace() == null ? null : new Trace(options.trace(), options.traceLimit());
        this.debugger = options.stops() ? new Debugger(this, config.processor().cpus()) : null;
        GdbListener listener = options.gdb();
        GdbServer made = null;
        Thread watching = null;
        if (debugger != null) {
            StopPlan plan = StopPlan.EMPTY;
            for (String text : options.breakpoints()) {
                StopPlan more = plan.with(StopPoint.parse(text));
                plan = more == null ? plan : more;
            }
            debugger.setPlan(plan);
            if (listener != null) {
                made = new GdbServer(debugger, listener.stream(), options.say(), this::tell);
            } else {
                watching =
                        new Thread(null, this::watch, "break-" + config.domain().name(), 0, false);
                watching.setDaemon(true);
            }
        }
        this.server = made;
        this.watcher = watching;
    }

    /** What is booted. */
    public void image(ImageFormat format) {
        narrow = format == ImageFormat.FLAT || format == ImageFormat.MULTIBOOT || format == ImageFormat.FIRMWARE;
    }

    /** The record of events, if there is one. */
    @Nullable
    public Trace trace() {
        return trace;
    }

    /** The part of a vCPU in stopping, if it may be stopped. */
    @Nullable
    public VcpuDebug vcpu(int id) {
        return debugger == null ? null : debugger.vcpu(id);
    }

    /** The next vCPU as the debugger sees it; in the order of their numbers. */
    public void add(DebugTarget target) {
        targets.add(target);
    }

    /**
     * The vCPUs are about to start.
     *
     * @return whether they may run at once; if not, a debugger will let them
     */
    public boolean start(Engine running) {
        engine = running;
        Debugger stopping = debugger;
        if (stopping == null) {
            return true;
        }
        boolean stands = server != null && stopping.plan().isEmpty();
        if (stands) {
            stopping.stop(StopEvent.of(StopEvent.Kind.ASKED, 0));
        }
        if (server != null) {
            server.start();
        }
        if (watcher != null) {
            stopping.listen(changes::release);
            watcher.start();
        }
        return !stands;
    }

    /** The last vCPU thread has ended. */
    public void ended() {
        Debugger stopping = debugger;
        if (stopping != null) {
            stopping.ended();
        }
    }

    private void watch() {
        Debugger stopping = debugger;
        while (stopping != null && !stopping.isOver()) {
            changes.acquireUninterruptibly();
            StopEvent event = stopping.next();
            if (event != null && event.kind() == StopEvent.Kind.FAULT) {
                // Nobody is there to look at it: it ends the guest as it would have.
                stopping.resume();
            } else if (event != null) {
                tell(event);
                control.finish(
                        new RunControl.End(Outcome.BREAKPOINT, event.point() + " on vCPU " + event.vcpu(), 0, null));
            }
        }
    }

    /** Tells a person where the guest stands. */
    private void tell(StopEvent event) {
        StopPoint point = event.point();
        if (point == null) {
            return;
        }
        StringBuilder text = new StringBuilder(2048)
                .append("stopped on vCPU ")
                .append(event.vcpu())
                .append(" at ")
                .append(point)
                .append('\n');
        try {
            CpuState state = targets.get(event.vcpu()).load();
            text.append(describe(state));
            appendCode(text, state);
        } catch (ErrnoException e) {
            text.append("  the registers cannot be read: ")
                    .append(e.getMessage())
                    .append('\n');
        }
        options.say().accept(text.toString().stripTrailing());
    }

    private void appendCode(StringBuilder text, CpuState state) {
        long gva = VcpuDebug.instructionAddress(state);
        byte[] code = new byte[MOST_CODE];
        int length = new GuestView(this).read(state, gva, code, MOST_CODE);
        Disassembler disassembler = new Disassembler();
        text.append(length == 0 ? "  no memory at rip\n" : "  code from rip on:\n");
        int at = 0;
        for (int i = 0; i < CODE_LINES && at < length; i++) {
            boolean known =
                    disassembler.decode(code, at, length - at, state.mode().bits(), state.rip() + at);
            text.append("    %016x  %s%n".formatted(gva + at, disassembler.text()));
            if (!known) {
                return;
            }
            at += disassembler.length();
        }
    }

    @Override
    public List<DebugTarget> targets() {
        return targets;
    }

    @Override
    public GuestMemory memory() {
        return memory;
    }

    @Override
    public WalkContext walkContext() {
        return new WalkContext(ADDRESS_BITS, true);
    }

    @Override
    public boolean isNarrow() {
        try {
            for (DebugTarget target : targets) {
                narrow &= !target.load().mode().isLong();
            }
            return narrow;
        } catch (ErrnoException e) {
            return false;
        }
    }

    @Override
    public void requestStop() {
        control.requestPause();
    }

    @Override
    public boolean awaitStill() {
        boolean still = control.pause();
        if (still && engine != null) {
            engine.stopTime();
        }
        return still;
    }

    @Override
    public boolean resume() {
        if (engine != null) {
            engine.startTime();
        }
        return control.resume();
    }

    @Override
    public void standWhile(BooleanSupplier held) {
        control.standWhile(held);
    }

    @Override
    public void kill() {
        control.finish(new RunControl.End(Outcome.STOPPED, "killed by its debugger", 0, null));
    }

    @Override
    public int exitCode() {
        RunControl.End end = control.end();
        return end.outcome().exitCode(end.debugValue());
    }

    @Override
    public String describe(CpuState state) {
        StringBuilder text = new StringBuilder(2048);
        FaultReporter.dump(state).appendTo(text);
        return text.toString();
    }

    /** Ends the trace; the guest has ended. Returns what a person should know about it, or nothing. */
    public String endTrace() {
        Trace ending = trace;
        return ending == null ? "" : ending.end();
    }

    /** Ends the threads; the guest has ended. */
    @Override
    public void close() {
        GdbServer stub = server;
        if (stub != null) {
            stub.close();
        }
        Thread watching = watcher;
        if (watching != null && watching.isAlive()) {
            ended();
            Waiting.join(watching);
        }
        endTrace();
    }
}
