package dev.cloister.vmm.engine.direct;

import dev.cloister.devices.InterruptLine;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A device's line into the in-kernel interrupt chips (KVM API 4.25, KVM_IRQ_LINE). Any thread; allocates nothing when driven. */
final class GsiLine implements InterruptLine {
    /** {@code _IOW(KVMIO, 0x61, struct kvm_irq_level)}. */
    private static final long KVM_IRQ_LINE = 0x4008_AE61L;

    private static final int LEVEL_BYTES = 8;

    private final Fd vm;
    private final MemorySegment low;
    private final MemorySegment high;

    GsiLine(Fd vm, int gsi) {
        this.vm = vm;
        this.low = level(gsi, 0);
        this.high = level(gsi, 1);
    }

    /** struct kvm_irq_level: u32 irq, u32 level. */
    private static MemorySegment level(int gsi, int value) {
        MemorySegment level = Arena.ofAuto().allocate(LEVEL_BYTES, Integer.BYTES);
        level.set(ValueLayout.JAVA_INT, 0, gsi);
        level.set(ValueLayout.JAVA_INT, Integer.BYTES, value);
        return level;
    }

    @Override
    public void setLevel(boolean isHigh) {
        // Fails only for a VM without chips or an unknown GSI, neither of which this machine has.
        Linux.ioctl(vm.number(), KVM_IRQ_LINE, isHigh ? high : low);
    }
}
