package dev.cloister.vmm.engine.direct;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.kvm.Vcpu;
import dev.cloister.linux.ErrnoException;
import dev.cloister.vmm.debug.StopPlan;
import dev.cloister.vmm.debug.StopPoint;
import dev.cloister.vmm.debug.VcpuDebug;
import java.util.List;

/**
 * Stop points in the processor's debug registers, through KVM (KVM_SET_GUEST_DEBUG): at most four, each of the kinds and lengths that
 * the hardware knows (Intel SDM vol. 3, 18.2). Used on the vCPU's thread.
 */
final class NativeStops {
    /** One instruction; an interrupt delivered meanwhile would save the step's trap flag on the guest's stack. */
    static final int STEP = Vcpu.DEBUG_ENABLE | Vcpu.DEBUG_SINGLE_STEP | Vcpu.DEBUG_BLOCK_INTERRUPTS;

    private static final int MOST = 4;
    private static final long DR6_STEP = 1 << 14;
    private static final int DR7 = 7;
    private static final int DR7_FIELDS = 16;
    private static final int TYPE_WRITE = 1;
    private static final int TYPE_ACCESS = 3;

    private final long[] registers = new long[8];
    private List<StopPoint> armed = List.of();
    private int control;

    /** Whether the debug registers can hold all of these. */
    boolean fit(StopPlan plan) {
        return plan.points().size() <= MOST && plan.points().stream().allMatch(NativeStops::fits);
    }

    private static boolean fits(StopPoint point) {
        boolean aligned = Integer.bitCount(point.length()) == 1
                && point.length() <= Long.BYTES
                && point.address() % point.length() == 0;
        return switch (point.kind()) {
            case EXECUTE -> true;
            case WRITE, ACCESS -> aligned;
            // There is no type for reads alone, and no register for guest-physical addresses.
            case READ, EXECUTE_GPA -> false;
        };
    }

    /** Makes the next entry stop where it must. */
    void arm(Vcpu vcpu, VcpuDebug debug, CpuState state) throws ErrnoException {
        prepare(debug.plan().points(), debug.isStepping(), debug.passes(state));
        vcpu.setGuestDebug(control, registers);
    }

    /**
     * Fills what KVM is told.
     *
     * @param points at most four that fit
     * @param stepping whether one instruction is wanted
     * @param passes whether the instruction at RIP was stopped at already
     */
    void prepare(List<StopPoint> points, boolean stepping, boolean passes) {
        armed = points;
        int wanted = Vcpu.DEBUG_ENABLE | (stepping || passes ? STEP : 0);
        java.util.Arrays.fill(registers, 0);
        for (int i = 0; i < armed.size(); i++) {
            StopPoint point = armed.get(i);
            if (passes && point.kind() == StopPoint.Kind.EXECUTE) {
                // The instruction here was stopped at already: this one step is made without.
                continue;
            }
            wanted |= Vcpu.DEBUG_HARDWARE_BREAKPOINTS;
            registers[i] = point.address();
            registers[DR7] |= 2L << 2 * i | fields(point) << DR7_FIELDS + 4 * i;
        }
        control = wanted;
    }

    /** The flags of KVM_SET_GUEST_DEBUG that {@link #prepare} chose; 0 when nothing is armed. */
    int control() {
        return control;
    }

    /** Its debug registers, DR0 to DR7. */
    long[] registers() {
        return registers.clone();
    }

    private static long fields(StopPoint point) {
        if (!point.kind().isData()) {
            return 0;
        }
        long length = switch (point.length()) {
            case 1 -> 0;
            case 2 -> 1;
            case 8 -> 2;
            default -> 3;
        };
        return length << 2 | (point.kind() == StopPoint.Kind.WRITE ? TYPE_WRITE : TYPE_ACCESS);
    }

    /** Makes entries stop nowhere. */
    void disarm(Vcpu vcpu) throws ErrnoException {
        if (control != 0) {
            control = 0;
            vcpu.setGuestDebug(0);
        }
    }

    /** Tells the debugger why KVM stopped the vCPU. */
    void exited(VcpuDebug debug, CpuState state, long dr6) {
        for (int i = 0; i < armed.size(); i++) {
            StopPoint point = armed.get(i);
            if ((dr6 >> i & 1) == 0 || registers[DR7] == 0) {
                continue;
            }
            if (point.kind().isData()) {
                debug.stopsAfter(point, point.address(), false);
                return;
            }
            if (debug.stopsBefore(state)) {
                return;
            }
        }
        if ((dr6 & DR6_STEP) != 0) {
            debug.stopsAfter(null, 0, false);
        }
    }
}
