package dev.cloister.vmm.engine.direct;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.kvm.KvmEvents;
import dev.cloister.kvm.KvmExit;
import dev.cloister.kvm.KvmRun;
import dev.cloister.kvm.Vcpu;
import dev.cloister.linux.Errno;
import dev.cloister.linux.ErrnoException;
import dev.cloister.vmm.board.RunControl;
import dev.cloister.vmm.debug.DebugTarget;
import dev.cloister.vmm.debug.VcpuDebug;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;

/**
 * One vCPU of the direct engine for a debugger. With no stop points and no step it runs as ever. What the processor's debug registers
 * can do KVM does, where it does it right ({@link dev.cloister.vmm.host.GuestDebugSupport}); all else the emulator executes with KVM's
 * interrupt chips, and whatever must happen in KVM (accesses to those chips, instructions that the emulator lacks) as single steps of
 * KVM. {@link #enter}, {@link #exited} and {@link #settle} are the vCPU thread's, the rest the debugger's.
 */
final class DirectDebug implements DebugTarget {
    /** A native step may take an exit for its data and then another for its end; more means that the guest is being stopped. */
    private static final int STEP_EXITS = 8;

    /**
     * What it works with.
     *
     * @param vcpu the vCPU
     * @param control whether it may run
     * @param portals its exits
     * @param registers its whole state
     * @param interpreter what executes when KVM cannot be asked to stop
     * @param shadows makes KVM forget what it knows of the guest's page tables
     * @param supported whether KVM's own debugging can be trusted
     */
    record Parts(
            Vcpu vcpu,
            RunControl control,
            Portals portals,
            KvmRegisters registers,
            Interpreter interpreter,
            Shadows shadows,
            boolean supported) {}

    /** Makes KVM drop translations that it made from the guest's page tables. */
    interface Shadows {
        /** Drops all. */
        void forget() throws ErrnoException;
    }

    /** How late a halted guest sees an interrupt while the emulator executes it. */
    private static final long HALT_POLL_NANOS = 200_000;

    private final VcpuDebug debug;
    private final Parts parts;
    private final Vcpu vcpu;
    private final MemorySegment area;
    private final RunControl control;
    private final NativeStops stops = new NativeStops();
    private boolean interpreted;
    private volatile boolean halted;

    DirectDebug(VcpuDebug debug, Parts parts) {
        this.debug = debug;
        this.parts = parts;
        this.vcpu = parts.vcpu();
        this.area = vcpu.runArea();
        this.control = parts.control();
    }

    /**
     * Before each entry.
     *
     * @return true where the turn is done; false where the vCPU is to be entered as ever
     */
    boolean enter() throws ErrnoException {
        debug.standIfHeld();
        if (!control.mayRun()) {
            return true;
        }
        if (debug.isWatched() && !(parts.supported() && stops.fit(debug.plan()))) {
            settle();
            if (control.mayRun()) {
                stops.disarm(vcpu);
                interpret();
            }
            return true;
        }
        forgetIfInterpreted();
        if (debug.isWatched()) {
            stops.arm(vcpu, debug, parts.registers().load());
        } else {
            stops.disarm(vcpu);
        }
        return false;
    }

    /** After an exit: whether it is the debugger's, and was handled. */
    boolean exited(int reason) throws ErrnoException {
        if (reason != KvmExit.DEBUG) {
            return false;
        }
        stops.exited(debug, parts.registers().load(), KvmRun.debugDr6(area));
        return true;
    }

    /** Before standing still: what KVM has half done is completed, and what waits for its next entry is in its registers. */
    void settle() throws ErrnoException {
        for (int i = 0; i < STEP_EXITS; i++) {
            KvmRun.setImmediateExit(area, true);
            int result = vcpu.run();
            KvmRun.setImmediateExit(area, false);
            if (result != 0) {
                return;
            }
            handleExit();
        }
    }

    private void handleExit() throws ErrnoException {
        int reason = KvmRun.exitReason(area);
        if (reason != KvmExit.DEBUG) {
            parts.portals().handle(Portal.of(reason), Portal.NOTHING);
        }
    }

    private void forgetIfInterpreted() throws ErrnoException {
        if (interpreted) {
            interpreted = false;
            parts.shadows().forget();
        }
        if (halted) {
            halted = false;
            vcpu.setMpState(Vcpu.MP_HALTED);
        }
    }

    private void interpret() throws ErrnoException {
        if (!isStarted()) {
            return;
        }
        int vector = debug.isStepping() && !halted ? Interpreter.NO_INTERRUPT : takeInterrupt();
        if (!control.mayRun()) {
            return;
        }
        if (vector < Interpreter.NO_INTERRUPT) {
            halted = false;
            nativeStep();
            return;
        }
        if (halted && vector == Interpreter.NO_INTERRUPT) {
            // KVM's chips wake nobody but a vCPU that sleeps in KVM, and that would run on at once.
            LockSupport.parkNanos(HALT_POLL_NANOS);
            return;
        }
        halted = false;
        parts.registers().load();
        interpreted = true;
        Interpreter.Outcome outcome = parts.interpreter().run(vector);
        parts.registers().store();
        goOn(outcome);
    }

    private void goOn(Interpreter.Outcome outcome) throws ErrnoException {
        switch (outcome) {
            case GOES_ON -> {
                // Nothing but the bound, a stop or a step.
            }
            case HALTED -> halted = true;
            case SHUTDOWN -> parts.portals().handle(Portal.SHUTDOWN, Portal.NOTHING);
            case NATIVE -> nativeStep();
        }
    }

    /** Whether it executes or is halted; one that waits for INIT or SIPI does so in KVM, which returns before its first instruction. */
    private boolean isStarted() throws ErrnoException {
        int now = vcpu.mpState();
        if (now == Vcpu.MP_HALTED) {
            halted = true;
            vcpu.setMpState(Vcpu.MP_RUNNABLE);
        } else if (now != Vcpu.MP_RUNNABLE) {
            int result = vcpu.run();
            if (result == 0) {
                handleExit();
            } else {
                fails(result);
            }
        }
        return now == Vcpu.MP_HALTED || now == Vcpu.MP_RUNNABLE;
    }

    /**
     * Takes from KVM's interrupt chips what they have for this vCPU: an entry that a signal ends before the guest runs leaves the
     * interrupt among the events, acknowledged.
     *
     * @return the vector, {@link Interpreter#NO_INTERRUPT}, or less where KVM must deliver what is pending
     */
    private int takeInterrupt() throws ErrnoException {
        vcpu.kick();
        int result = vcpu.run();
        if (result == 0) {
            handleExit();
        }
        MemorySegment events = vcpu.readEvents();
        boolean other = KvmEvents.get(events, KvmEvents.EXCEPTION_INJECTED) != 0
                || KvmEvents.get(events, KvmEvents.EXCEPTION_PENDING) != 0
                || KvmEvents.get(events, KvmEvents.NMI_INJECTED) != 0
                || KvmEvents.get(events, KvmEvents.NMI_PENDING) != 0;
        if (other) {
            return Interpreter.NO_INTERRUPT - 1;
        }
        if (KvmEvents.get(events, KvmEvents.INTERRUPT_INJECTED) == 0) {
            return Interpreter.NO_INTERRUPT;
        }
        if (KvmEvents.get(events, KvmEvents.INTERRUPT_SOFT) != 0) {
            return Interpreter.NO_INTERRUPT - 1;
        }
        int vector = KvmEvents.get(events, KvmEvents.INTERRUPT_NR) & 0xff;
        KvmEvents.set(events, KvmEvents.INTERRUPT_INJECTED, 0);
        vcpu.writeEvents();
        return vector;
    }

    /** One instruction by KVM. */
    private void nativeStep() throws ErrnoException {
        forgetIfInterpreted();
        boolean steps = parts.supported() || parts.registers().load().cpl() != 3;
        vcpu.setGuestDebug(steps ? NativeStops.STEP : 0);
        boolean executed = false;
        for (int i = 0; i < STEP_EXITS && control.mayRun() && !executed; i++) {
            int result = vcpu.run();
            if (result != 0) {
                executed = fails(result);
                break;
            }
            executed = !steps || KvmRun.exitReason(area) == KvmExit.DEBUG;
            handleExit();
        }
        vcpu.setGuestDebug(0);
        settle();
        if (executed) {
            debug.stopsAfter(null, 0, false);
        }
    }

    private boolean fails(int result) {
        boolean harmless = result == -Errno.EINTR || result == -Errno.EAGAIN;
        if (!harmless) {
            parts.portals().runFailed(-result);
        }
        return false;
    }

    @Override
    public int id() {
        return vcpu.id();
    }

    @Override
    public CpuState load() throws ErrnoException {
        return parts.registers().load();
    }

    @Override
    public void store() throws ErrnoException {
        parts.registers().store();
    }

    @Override
    public OptionalLong msr(int index) {
        try {
            return OptionalLong.of(vcpu.readMsr(index));
        } catch (ErrnoException e) {
            return OptionalLong.empty();
        }
    }

    @Override
    public String condition() {
        try {
            return switch (vcpu.mpState()) {
                case Vcpu.MP_RUNNABLE -> halted ? "halted" : "";
                case Vcpu.MP_HALTED -> "halted";
                default -> "waits for its start";
            };
        } catch (ErrnoException e) {
            return "unknown";
        }
    }
}
