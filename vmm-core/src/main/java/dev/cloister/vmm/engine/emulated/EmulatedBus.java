package dev.cloister.vmm.engine.emulated;

import dev.cloister.devices.interrupt.LocalApic;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.PortIo;
import dev.cloister.mmu.DeviceWindow;
import dev.cloister.vmm.board.Board;
import dev.cloister.vmm.debug.Trace;
import dev.cloister.vmm.engine.ExitKind;
import dev.cloister.vmm.engine.ExitRing;
import dev.cloister.vmm.memory.GuestMap;
import org.jspecify.annotations.Nullable;

/**
 * What one vCPU of the emulated engine reaches beyond memory: its local APIC's page, bound doorbells, and the board for the rest.
 * Counts and remembers each access, as exits are under the other engines. The vCPU's thread alone; allocates nothing.
 */
final class EmulatedBus implements PortIo, DeviceWindow {
    /** CR8 is the high half of the task priority (Intel SDM vol. 3, 11.8.6). */
    private static final int PRIORITY_SHIFT = 4;

    private final CpuState state;
    private final Board board;
    private final LocalApic apic;
    private final Doorbells doorbells;
    private final ExitRing ring = new ExitRing();
    private final long[] counts = new long[ExitKind.COUNT];
    private int vcpu;
    private @Nullable Trace trace;

    EmulatedBus(CpuState state, Board board, LocalApic apic, Doorbells doorbells) {
        this.state = state;
        this.board = board;
        this.apic = apic;
        this.doorbells = doorbells;
    }

    /** Before the first access: whom to tell of each. */
    void observe(int number, @Nullable Trace told) {
        vcpu = number;
        trace = told;
    }

    /** By ordinal of {@link ExitKind}. */
    long[] counts() {
        return counts;
    }

    /** The last accesses. */
    ExitRing ring() {
        return ring;
    }

    /** Counts something else that happened. */
    void count(ExitKind kind) {
        counts[kind.index()]++;
    }

    private void count(ExitKind kind, long place, int size, long value) {
        counts[kind.index()]++;
        ring.add(kind, place, size, value);
        if (trace != null) {
            trace.exit(vcpu, ExitRing.text(kind, place, size, value));
        }
    }

    @Override
    public int in(int port, int size) {
        long value = board.portRead(port, size);
        count(ExitKind.IO_IN, port, size, value);
        return (int) value;
    }

    @Override
    public void out(int port, int size, int value) {
        long wide = Integer.toUnsignedLong(value) & -1L >>> Long.SIZE - Byte.SIZE * size;
        if (doorbells.ring(port, size)) {
            return;
        }
        count(ExitKind.IO_OUT, port, size, wide);
        board.portWrite(port, size, wide);
    }

    @Override
    public long read(long gpa, int size) {
        if (apic.claims(gpa)) {
            return apic.read((int) gpa & GuestMap.PAGE - 1, size);
        }
        long value = board.mmioRead(gpa, size);
        count(ExitKind.MMIO_READ, gpa, size, value);
        return value;
    }

    @Override
    public void write(long gpa, int size, long value) {
        if (apic.claims(gpa)) {
            apic.write((int) gpa & GuestMap.PAGE - 1, size, value);
            state.setCr8(apic.taskPriority() >>> PRIORITY_SHIFT);
            return;
        }
        count(ExitKind.MMIO_WRITE, gpa, size, value);
        board.mmioWrite(gpa, size, value);
    }
}
