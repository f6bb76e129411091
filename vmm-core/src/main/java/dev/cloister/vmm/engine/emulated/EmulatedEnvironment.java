package dev.cloister.vmm.engine.emulated;

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
import dev.cloister.mmu.GuestMemory;
import dev.cloister.vmm.memory.GuestMap;
import dev.cloister.vmm.processor.CpuidTable;
import java.time.Clock;

/**
 * What a processor of the emulated engine is told and asks for: a processor model with Cloister's CPUID leaves beside it, a time-stamp
 * counter of 1 GHz that stands still with the guest, KVM's clock, and the local APIC behind its MSRs. The vCPU's thread.
 */
final class EmulatedEnvironment implements CpuEnvironment {
    /** Ticks of the time-stamp counter in a second: it counts guest time in nanoseconds, as the APIC's timer does. */
    private static final long HERTZ = 1_000_000_000L;

    private static final int PRIORITY_SHIFT = 4;
    private static final int MTRR_BASE_0 = 0x200;
    private static final int MTRR_MASK_0 = 0x201;
    private static final int MTRR_DEFAULT = 0x2FF;
    private static final long MTRR_VALID = 1L << 11;
    private static final long UNCACHED = 0;
    private static final long WRITE_BACK = 6;

    private final CpuState state;
    private final LocalApic apic;
    private final NumericErrorPort numericError;
    private final Hypercalls hypercalls;
    private final ModelEnvironment model;
    private final KvmClock kvmClock;

    EmulatedEnvironment(
            CpuModel processor,
            CpuState state,
            Topology place,
            GuestMemory memory,
            GuestClock clock,
            LocalApic apic,
            NumericErrorPort numericError,
            Hypercalls hypercalls) {
        this.state = state;
        this.hypercalls = hypercalls;
        this.apic = apic;
        this.numericError = numericError;
        HostRandom random = new HostRandom();
        this.model = new ModelEnvironment(
                new ModelEnvironment.Parts(processor, state, place, clock::nanos, HERTZ, random::next, new ApicMsrs()));
        this.kvmClock = new KvmClock(memory, clock, Clock.systemUTC(), new Counter(), HERTZ);
    }

    /** The counter of {@link ModelEnvironment}, one tick for each nanosecond of guest time. */
    private final class Counter implements KvmClock.Counter {
        @Override
        public long at(long nanos) {
            return nanos + model.timestampOffset();
        }

        @Override
        public boolean inStep() {
            return model.timestampOffset() == 0;
        }
    }

    /**
     * Sets the memory types as firmware does that the guest is started without: write-back by default, uncached where devices are
     * (Intel SDM vol. 3, 12.11).
     */
    void setMemoryTypes() {
        long mask = (1L << physicalBits()) - 1 & -(GuestMap.HIGH_RAM - GuestMap.LOW_RAM_END);
        model.restoreMsr(MTRR_BASE_0, GuestMap.LOW_RAM_END | UNCACHED);
        model.restoreMsr(MTRR_MASK_0, mask | MTRR_VALID);
        model.restoreMsr(MTRR_DEFAULT, WRITE_BACK | MTRR_VALID);
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
        if (kvmClock.cpuid(leaf, result) || CpuidTable.cloister(leaf, result)) {
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
        if (KvmClock.owns(index)) {
            value[0] = kvmClock.readMsr(index);
            return true;
        }
        return model.readMsr(index, value);
    }

    @Override
    public boolean writeMsr(int index, long value) {
        if (KvmClock.owns(index)) {
            kvmClock.writeMsr(index, value);
            return true;
        }
        boolean written = model.writeMsr(index, value);
        if (index == ModelEnvironment.MSR_TSC || index == ModelEnvironment.MSR_TSC_ADJUST) {
            kvmClock.refresh();
        }
        return written;
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
