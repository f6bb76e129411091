package dev.cloister.vmm;

import dev.cloister.devices.interrupt.LocalApic;
import dev.cloister.devices.timer.GuestClock;
import dev.cloister.emulator.cpu.CpuEnvironment;

/** temporary. */
final class EmulatedEnvironment implements CpuEnvironment {
    private final GuestClock clock;
    private final LocalApic apic;
    private final int number;
    private final int cpus;
    private final HostRandom random = new HostRandom();

    EmulatedEnvironment(int number, int cpus, GuestClock clock, LocalApic apic) {
        this.clock = clock;
        this.apic = apic;
        this.number = number;
        this.cpus = cpus;
    }

    @Override
    public void cpuid(int leaf, int subleaf, int[] result) {
        java.util.Arrays.fill(result, 0);
        if (CpuidTable.cloister(leaf, result)) {
            return;
        }
        switch (leaf) {
            case 0 -> {
                result[0] = 0xb;
                result[1] = 0x756e6547;
                result[2] = 0x6c65746e;
                result[3] = 0x49656e69;
            }
            case 1 -> {
                result[0] = 0x663;
                result[1] = number << 24 | cpus << 16;
                result[2] = 1 << 31;
                result[3] = 0x0781abfd & ~(1 << 12);
            }
            case 0x80000000 -> result[0] = 0x80000008;
            case 0x80000001 -> {
                result[2] = 1;
                result[3] = 0x2c100800;
            }
            case 0x80000008 -> result[0] = 0x3028;
            default -> {}
        }
    }

    @Override
    public long timestampCounter() {
        return clock.nanos();
    }

    @Override
    public long random() {
        return random.next();
    }

    @Override
    public boolean readMsr(int index, long[] value) {
        if (index == 0x1b) {
            value[0] = apic.base();
            return true;
        }
        if (index >= 0x800 && index < 0x900) {
            return apic.readMsr(index, value);
        }
        value[0] = index == 0x10 ? timestampCounter() : 0;
        return true;
    }

    @Override
    public boolean writeMsr(int index, long value) {
        if (index == 0x1b) {
            return apic.setBase(value, 40);
        }
        if (index >= 0x800 && index < 0x900) {
            return apic.writeMsr(index, value);
        }
        return true;
    }
}
