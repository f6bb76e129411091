package dev.cloister.vmm.engine.emulated;

import dev.cloister.devices.timer.GuestClock;
import dev.cloister.mmu.GuestMemory;
import java.time.Clock;
import java.time.Instant;

/**
 * The paravirtual clock that KVM offers (Linux Documentation/virt/kvm/x86/msr.rst and cpuid.rst), for one vCPU of an engine without KVM:
 * the guest names a structure in its memory, from which it computes its time and its wall clock out of the time-stamp counter. Both
 * count the same guest time, so the structure changes only when the guest writes its counter. The vCPU's thread.
 */
final class KvmClock {
    /** First leaf of KVM's block. */
    static final int LEAF_BASE = 0x4000_0000;

    private static final int LEAF_FEATURES = LEAF_BASE + 1;
    private static final int LEAF_TIMING = LEAF_BASE + 0x10;
    /** Clock by old and new MSRs, no delays after port accesses, one clock for all vCPUs. */
    private static final int FEATURES = 1 | 1 << 1 | 1 << 3 | 1 << 24;

    private static final int MSR_WALL_CLOCK = 0x11;
    private static final int MSR_SYSTEM_TIME = 0x12;
    private static final int MSR_WALL_CLOCK_NEW = 0x4b56_4d00;
    private static final int MSR_SYSTEM_TIME_NEW = 0x4b56_4d01;
    private static final long ENABLED = 1;
    private static final long ALIGNMENT = 3;
    private static final int TIME_BYTES = 32;
    private static final int WALL_BYTES = 12;
    private static final int FLAG_TSC_STABLE = 1;
    private static final long NANOS = 1_000_000_000L;
    private static final int KILO = 1000;

    /** The time-stamp counter that the structure speaks of. */
    interface Counter {
        /** What the guest reads at a guest time. */
        long at(long nanos);

        /** Whether it counts as on all other vCPUs: the guest has not moved it. */
        boolean inStep();
    }

    private final GuestMemory memory;
    private final GuestClock clock;
    private final Clock wall;
    private final Counter counter;
    private final int kilohertz;
    private final int shift;
    private final int multiplier;
    private long wallMsr;
    private long timeMsr;
    private int version;

    /**
     * A clock that is off.
     *
     * @param hertz ticks of the counter in a second, 1 MHz or more
     * @param wall what the host takes for the time of day
     */
    KvmClock(GuestMemory memory, GuestClock clock, Clock wall, Counter counter, long hertz) {
        this.memory = memory;
        this.clock = clock;
        this.wall = wall;
        this.counter = counter;
        this.kilohertz = (int) (hertz / KILO);
        // nanos = (ticks << shift) * multiplier >> 32, with as many bits in the multiplier as it has.
        int left = 0;
        while (hertz << left <= NANOS) {
            left++;
        }
        while (left <= 0 && hertz >>> -left >= 2 * NANOS) {
            left--;
        }
        shift = left;
        long scaled = left >= 0 ? hertz << left : hertz >>> -left;
        multiplier = (int) Long.divideUnsigned(NANOS << Integer.SIZE, scaled);
    }

    /** Answers one of KVM's leaves with EAX, EBX, ECX and EDX; false for any other leaf. */
    boolean cpuid(int leaf, int[] result) {
        switch (leaf) {
            case LEAF_BASE -> set(result, LEAF_TIMING, word("KVMK"), word("VMKV"), word("M\0\0\0"));
            case LEAF_FEATURES -> set(result, FEATURES, 0, 0, 0);
            // The local APIC's timer counts nanoseconds.
            case LEAF_TIMING -> set(result, kilohertz, (int) (NANOS / KILO), 0, 0);
            default -> {
                return false;
            }
        }
        return true;
    }

    private static void set(int[] result, int eax, int ebx, int ecx, int edx) {
        result[0] = eax;
        result[1] = ebx;
        result[2] = ecx;
        result[3] = edx;
    }

    private static int word(String text) {
        return text.charAt(0) | text.charAt(1) << 8 | text.charAt(2) << 16 | text.charAt(3) << 24;
    }

    /** Whether an MSR is one of the clock's. */
    static boolean owns(int msr) {
        return switch (msr) {
            case MSR_WALL_CLOCK, MSR_SYSTEM_TIME, MSR_WALL_CLOCK_NEW, MSR_SYSTEM_TIME_NEW -> true;
            default -> false;
        };
    }

    /** What the guest wrote to one of the clock's MSRs. */
    long readMsr(int msr) {
        return msr == MSR_WALL_CLOCK || msr == MSR_WALL_CLOCK_NEW ? wallMsr : timeMsr;
    }

    /** A write to one of the clock's MSRs; an address without writable memory is kept but gets nothing, as under KVM. */
    void writeMsr(int msr, long value) {
        if (msr == MSR_WALL_CLOCK || msr == MSR_WALL_CLOCK_NEW) {
            wallMsr = value;
            tellWall(value & ~ALIGNMENT);
        } else {
            timeMsr = value;
            refresh();
        }
    }

    /** Writes the structure anew, because the guest has moved its time-stamp counter. */
    void refresh() {
        long gpa = timeMsr & ~ALIGNMENT;
        if ((timeMsr & ENABLED) == 0 || !isWritable(gpa, TIME_BYTES)) {
            return;
        }
        long now = clock.nanos();
        // Odd while the rest changes.
        memory.setReleaseInt(gpa, version + 1);
        memory.writeInt(gpa + 4, 0);
        memory.writeLong(gpa + 8, counter.at(now));
        memory.writeLong(gpa + 16, now);
        memory.writeInt(gpa + 24, multiplier);
        memory.writeInt(gpa + 28, shift & 0xff | (counter.inStep() ? FLAG_TSC_STABLE << Byte.SIZE : 0));
        version += 2;
        memory.setReleaseInt(gpa, version);
    }

    /** The time of day when guest time was 0. */
    private void tellWall(long gpa) {
        if (!isWritable(gpa, WALL_BYTES)) {
            return;
        }
        Instant start = wall.instant().minusNanos(clock.nanos());
        memory.setReleaseInt(gpa, 1);
        memory.writeInt(gpa + 4, (int) start.getEpochSecond());
        memory.writeInt(gpa + 8, start.getNano());
        memory.setReleaseInt(gpa, 2);
    }

    private boolean isWritable(long gpa, int bytes) {
        return gpa >= 0 && memory.contains(gpa, bytes, true);
    }
}
