package dev.cloister.vmm;

import dev.cloister.devices.NumericErrorPort;
import dev.cloister.devices.interrupt.LocalApic;
import dev.cloister.devices.timer.GuestClock;
import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuFeature;
import dev.cloister.emulator.cpu.CpuMode;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.model.CpuModel;
import dev.cloister.emulator.model.LocalApicMsrs;
import dev.cloister.emulator.model.ModelEnvironment;
import dev.cloister.emulator.model.Topology;

/**
 * What a processor of the emulated engine is told and asks for: a processor model with Cloister's CPUID leaves beside it, a time-stamp
 * counter of 1 GHz that stands still with the guest, and the local APIC behind its MSRs. The vCPU's thread.
 */
final class EmulatedEnvironment implements CpuEnvironment {
    /** Ticks of the time-stamp counter in a second: it counts guest time in nanoseconds, as the APIC's timer does. */
    private static final long HERTZ = 1_000_000_000L;

    private static final String MODEL = "max";
    private static final int PRIORITY_SHIFT = 4;

    private final CpuState state;
    private final LocalApic apic;
    private final NumericErrorPort numericError;
    private final Hypercalls hypercalls;
    private final ModelEnvironment model;

    EmulatedEnvironment(
            CpuState state,
            Topology place,
            GuestClock clock,
            LocalApic apic,
            NumericErrorPort numericError,
            Hypercalls hypercalls) {
        this.state = state;
        this.hypercalls = hypercalls;
        this.apic = apic;
        this.numericError = numericError;
        HostRandom random = new HostRandom();
        this.model = new ModelEnvironment(new ModelEnvironment.Parts(
                CpuModel.of(MODEL), state, place, clock::nanos, HERTZ, random::next, new ApicMsrs()));
    }

    /** How many physical address bits the processor has. */
    int physicalBits() {
        return model.model().physicalBits();
    }

    /** Whether it has 1 GiB pages. */
    boolean gigabytePages() {
        return model.model().has(CpuFeature.PAGE_1GB);
    }

    @Override
    public boolean offers(CpuFeature feature) {
        return model.offers(feature);
    }

    @Override
    public void cpuid(int leaf, int subleaf, int[] result) {
        if (CpuidTable.cloister(leaf, result)) {
            return;
        }
        model.cpuid(leaf, subleaf, result);
    }

    @Override
    public long timestampCounter() {
        return model.timestampCounter();
    }

    @Override
    public long random() {
        return model.random();
    }

    @Override
    public boolean readMsr(int index, long[] value) {
        return model.readMsr(index, value);
    }

    @Override
    public boolean writeMsr(int index, long value) {
        return model.writeMsr(index, value);
    }

    @Override
    public boolean offersHypercalls() {
        return true;
    }

    @Override
    public long hypercall(long number, long[] arguments) {
        boolean wide = state.mode() == CpuMode.LONG_64;
        return hypercalls.answer(number, arguments, wide ? Long.SIZE : Integer.SIZE);
    }

    @Override
    public void taskPriorityChanged(int priority) {
        apic.setTaskPriority(priority << PRIORITY_SHIFT);
    }

    @Override
    public void numericError(boolean asserted) {
        numericError.setError(asserted);
    }

    @Override
    public boolean ignoresNumericError() {
        return numericError.ignoresError();
    }

    /** The local APIC behind the model's MSRs. */
    private final class ApicMsrs implements LocalApicMsrs {
        @Override
        public boolean readMsr(int index, long[] value) {
            switch (index) {
                case APIC_BASE -> value[0] = apic.base();
                case TSC_DEADLINE -> value[0] = apic.deadline();
                default -> {
                    return apic.readMsr(index, value);
                }
            }
            return true;
        }

        @Override
        public boolean writeMsr(int index, long value) {
            switch (index) {
                case APIC_BASE -> {
                    boolean allowed = apic.setBase(value, physicalBits());
                    showPriority();
                    return allowed;
                }
                case TSC_DEADLINE -> {
                    apic.setDeadline(value, timestampCounter());
                    return true;
                }
                default -> {
                    boolean allowed = apic.writeMsr(index, value);
                    showPriority();
                    return allowed;
                }
            }
        }

        /** CR8 is the high half of the task priority (Intel SDM vol. 3, 11.8.6). */
        private void showPriority() {
            state.setCr8(apic.taskPriority() >>> PRIORITY_SHIFT);
        }

        @Override
        public long apicBase() {
            return apic.base();
        }
    }
}
