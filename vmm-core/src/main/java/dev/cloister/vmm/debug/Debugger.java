package dev.cloister.vmm.debug;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.linux.ErrnoException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where vCPUs that stop and whoever debugs them meet: holds the stop points, the events that have not been looked at (at most one of
 * each vCPU), and what each vCPU does at the next resume. vCPU threads report; one debugger thread asks and resumes.
 */
public final class Debugger {
    /** What a vCPU does at a resume. */
    public enum Action {
        /** Runs until something stops it. */
        RUN,
        /** Executes one instruction. */
        STEP,
        /** Stands still while others run. */
        HOLD
    }

    private final DebugMachine machine;
    private final List<VcpuDebug> vcpus = new ArrayList<>();
    private final ArrayDeque<StopEvent> events = new ArrayDeque<>();
    private volatile StopPlan plan = StopPlan.EMPTY;
    private volatile boolean stopping;
    private volatile boolean over;
    private Runnable listener = () -> {};

    /**
     * A debugger of a machine that does not run yet.
     *
     * @param machine the machine
     * @param vcpus how many vCPUs it has
     */
    public Debugger(DebugMachine machine, int vcpus) {
        this.machine = machine;
        for (int i = 0; i < vcpus; i++) {
            this.vcpus.add(new VcpuDebug(i, this));
        }
    }

    /**
     * The machine.
     *
     * @return as given
     */
    public DebugMachine machine() {
        return machine;
    }

    /**
     * The part of one vCPU.
     *
     * @param id its number
     * @return always the same object
     */
    public VcpuDebug vcpu(int id) {
        return vcpus.get(id);
    }

    /**
     * How many vCPUs there are.
     *
     * @return 1 or more
     */
    public int count() {
        return vcpus.size();
    }

    /**
     * Says whom to tell of new events and of the machine's end. Called on any thread; must not block.
     *
     * @param told who
     */
    public synchronized void listen(Runnable told) {
        listener = told;
    }

    /**
     * The stop points in force.
     *
     * @return an immutable plan
     */
    public StopPlan plan() {
        return plan;
    }

    /**
     * Puts other stop points in force; vCPUs that run see them at their next instruction or slice.
     *
     * @param next the plan
     */
    public void setPlan(StopPlan next) {
        plan = next;
    }

    /** Whether the vCPUs are to leave the guest; one volatile read. */
    boolean isStopping() {
        return stopping;
    }

    /**
     * Reports a stop and makes every vCPU stand still; returns at once. Any thread; a vCPU's thread goes to stand still after it.
     *
     * @param event why
     */
    public void stop(StopEvent event) {
        Runnable told;
        synchronized (this) {
            if (events.size() <= vcpus.size()) {
                events.add(event);
            }
            stopping = true;
            told = listener;
        }
        machine.requestStop();
        told.run();
    }

    /** The last vCPU thread has ended: nothing more will happen. Any thread. */
    public void ended() {
        Runnable told;
        synchronized (this) {
            over = true;
            told = listener;
        }
        told.run();
    }

    /**
     * Whether the machine has ended.
     *
     * @return true after {@link #ended}
     */
    public boolean isOver() {
        return over;
    }

    /**
     * Debugger's thread: the oldest event that nobody looked at. When it returns one, all vCPUs stand still.
     *
     * @return the event; null if there is none or the machine is ending
     */
    public @Nullable StopEvent next() {
        synchronized (this) {
            if (events.isEmpty()) {
                return null;
            }
        }
        if (!machine.awaitStill()) {
            return null;
        }
        StopEvent event;
        synchronized (this) {
            event = oldest();
        }
        if (event != null && event.kind() == StopEvent.Kind.BREAKPOINT) {
            vcpu(event.vcpu()).passOnce(event.address());
        } else if (event != null && event.kind() == StopEvent.Kind.ASKED && !plan.isEmpty()) {
            passHere(event.vcpu());
        }
        return event;
    }

    /** A stop that was merely asked for tells least: it gives way to one that the guest brought about. */
    private @Nullable StopEvent oldest() {
        StopEvent told = events.stream()
                .filter(e -> e.kind() != StopEvent.Kind.ASKED)
                .findFirst()
                .orElse(null);
        if (told == null) {
            return events.poll();
        }
        events.remove(told);
        return told;
    }

    /** Whoever asked sees a vCPU stand at a breakpoint that it would meet next: that counts as met. */
    private void passHere(int id) {
        try {
            CpuState state = machine.targets().get(id).load();
            vcpu(id).passOnce(VcpuDebug.instructionAddress(state));
        } catch (ErrnoException e) {
            // The registers can't be had: the breakpoint is met once more.
        }
    }

    /**
     * Debugger's thread: goes on, unless an event of another vCPU waits to be looked at; then {@link #next} has it at once.
     *
     * @param actions what each vCPU does, by number
     * @return whether the guest runs
     */
    public boolean resume(List<Action> actions) {
        synchronized (this) {
            // A breakpoint that nobody was told of is met again, if it is still wanted.
            events.removeIf(e -> e.kind() == StopEvent.Kind.BREAKPOINT || e.kind() == StopEvent.Kind.ASKED);
            if (!events.isEmpty()) {
                listener.run();
                return false;
            }
            for (VcpuDebug vcpu : vcpus) {
                vcpu.set(actions.get(vcpu.id()));
            }
            stopping = false;
        }
        return machine.resume();
    }

    /**
     * Debugger's thread: goes on with every vCPU.
     *
     * @return whether the guest runs
     */
    public boolean resume() {
        return resume(vcpus.stream().map(_ -> Action.RUN).toList());
    }
}
