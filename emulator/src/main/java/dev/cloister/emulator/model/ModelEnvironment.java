package dev.cloister.emulator.model;

import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuFeature;
import dev.cloister.emulator.cpu.CpuState;
import java.util.function.LongSupplier;

/**
 * The surroundings of one emulated processor without KVM: CPUID by its model, MSRs, time stamps. Used on the processor's
 * thread; answering allocates nothing.
 */
public final class ModelEnvironment implements CpuEnvironment {
    /** IA32_TIME_STAMP_COUNTER. */
    public static final int MSR_TSC = 0x10;
    /** IA32_TSC_ADJUST. */
    public static final int MSR_TSC_ADJUST = 0x3B;

    private final CpuModel model;
    private final CpuidLeaves leaves;
    private final MsrFile file;
    private final TimestampSource clock;
    private final LongSupplier random;
    private final LocalApicMsrs apic;
    private long offset;
    private long adjust;

    /**
     * Everything that an environment is made of.
     *
     * @param model which processor
     * @param state its registers, for the CPUID bits that follow them
     * @param topology its place
     * @param clock what the time-stamp counter counts
     * @param hertz ticks of the clock in a second, for CPUID; whole megahertz are told exactly
     * @param random a source of random numbers
     * @param apic the interrupt controller's MSRs
     */
    public record Parts(
            CpuModel model,
            CpuState state,
            Topology topology,
            TimestampSource clock,
            long hertz,
            LongSupplier random,
            LocalApicMsrs apic) {}

    /**
     * Makes the surroundings, with every MSR as after reset.
     *
     * @param parts what they are made of
     */
    public ModelEnvironment(Parts parts) {
        model = parts.model;
        clock = parts.clock;
        random = parts.random;
        apic = parts.apic;
        leaves = new CpuidLeaves(model, parts.state, parts.topology, apic, parts.hertz);
        file = new MsrFile(model);
    }

    /**
     * The model.
     *
     * @return what was given
     */
    public CpuModel model() {
        return model;
    }

    /** Returns the MSRs to their values after reset; the time-stamp counter starts at 0 again. */
    public void reset() {
        file.reset();
        adjust = 0;
        offset = -clock.ticks();
    }

    @Override
    public boolean offers(CpuFeature feature) {
        return model.has(feature);
    }

    @Override
    public void cpuid(int leaf, int subleaf, int[] result) {
        leaves.answer(leaf, subleaf, result);
    }

    @Override
    public long timestampCounter() {
        return clock.ticks() + offset;
    }

    /**
     * What the guest's time-stamp counter is ahead of the source.
     *
     * @return ticks; changes when the guest writes IA32_TIME_STAMP_COUNTER or IA32_TSC_ADJUST
     */
    public long timestampOffset() {
        return offset;
    }

    @Override
    public long random() {
        return random.getAsLong();
    }

    private static boolean isApic(int index) {
        return index == LocalApicMsrs.APIC_BASE
                || index == LocalApicMsrs.TSC_DEADLINE
                || index >= LocalApicMsrs.X2APIC_FIRST && index <= LocalApicMsrs.X2APIC_LAST;
    }

    /** Whether a register of the interrupt controller exists in this model at all. */
    private boolean hasApic(int index) {
        return switch (index) {
            case LocalApicMsrs.APIC_BASE -> model.has(CpuFeature.APIC);
            case LocalApicMsrs.TSC_DEADLINE -> model.has(CpuFeature.TSC_DEADLINE);
            default -> model.has(CpuFeature.X2APIC);
        };
    }

    /** IA32_APIC_BASE's bit for x2APIC mode is reserved where CPUID doesn't offer that mode (SDM vol. 3, 11.12.1). */
    private boolean hasMode(int index, long value) {
        return index != LocalApicMsrs.APIC_BASE
                || (value & LocalApicMsrs.EXTENDED) == 0
                || model.has(CpuFeature.X2APIC);
    }

    @Override
    public boolean readMsr(int index, long[] value) {
        if (isApic(index)) {
            return hasApic(index) && apic.readMsr(index, value);
        }
        if (index == MSR_TSC) {
            value[0] = timestampCounter();
            return true;
        }
        if (index == MSR_TSC_ADJUST) {
            value[0] = adjust;
            return model.has(CpuFeature.TSC_ADJUST);
        }
        return file.read(index, value);
    }

    @Override
    public boolean writeMsr(int index, long value) {
        if (isApic(index)) {
            return hasApic(index) && hasMode(index, value) && apic.writeMsr(index, value);
        }
        if (index == MSR_TSC) {
            move(value - timestampCounter());
            return true;
        }
        if (index == MSR_TSC_ADJUST) {
            if (model.has(CpuFeature.TSC_ADJUST)) {
                move(value - adjust);
                return true;
            }
            return false;
        }
        return file.write(index, value);
    }

    /** Both registers move by the same distance (Intel SDM vol. 3, 18.17.3). */
    private void move(long distance) {
        offset += distance;
        adjust += distance;
    }

    /**
     * The MSRs that a snapshot must hold, beside those of the interrupt controller.
     *
     * @return their numbers, rising; {@link #MSR_TSC} and {@link #MSR_TSC_ADJUST} are not among them
     */
    public int[] savedMsrs() {
        return file.indices();
    }

    /**
     * Puts back one of {@link #savedMsrs()}, read-only ones included, without the checks of WRMSR.
     *
     * @param index its number
     * @param value what it held
     * @return false where this model has no such register
     */
    public boolean restoreMsr(int index, long value) {
        return file.restore(index, value);
    }
}
