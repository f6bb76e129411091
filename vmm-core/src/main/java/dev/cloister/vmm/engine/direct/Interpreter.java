package dev.cloister.vmm.engine.direct;

import dev.cloister.emulator.Executor;
import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.PortIo;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.kvm.CpuidEntries;
import dev.cloister.kvm.Vcpu;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.vmm.board.Board;
import dev.cloister.vmm.board.RunControl;
import dev.cloister.vmm.debug.DebuggedExecutor;
import dev.cloister.vmm.debug.Trace;
import dev.cloister.vmm.debug.VcpuDebug;
import dev.cloister.vmm.debug.WatchedMemory;
import dev.cloister.vmm.memory.GuestLinearMemory;
import dev.cloister.vmm.memory.GuestMap;
import dev.cloister.vmm.processor.CpuidTable;
import org.jspecify.annotations.Nullable;

/**
 * Executes a KVM vCPU's guest with the emulator, for a debugger, in bounded slices. What lies in KVM itself (interrupt chips and timer)
 * is not reached from here: such an instruction is left undone and told as {@link Outcome#NATIVE}. The vCPU's thread.
 */
final class Interpreter {
    /** No interrupt is to be delivered. */
    static final int NO_INTERRUPT = -1;

    private static final int SLICE = 10_000;
    private static final long PAGE_FRAME = -GuestMap.PAGE;
    private static final long IOAPIC = 0xFEC0_0000L;

    /** How a slice ended. */
    enum Outcome {
        /** With the bound, a stop or a step. */
        GOES_ON,
        /** With HLT. */
        HALTED,
        /** With a triple fault. */
        SHUTDOWN,
        /** With an instruction that KVM must execute. */
        NATIVE
    }

    private final DebuggedExecutor executor;

    /**
     * What an interpreter works on.
     *
     * @param ram guest memory
     * @param board ports and memory-mapped devices
     * @param cpuid what CPUID tells the vCPU
     * @param control whether it may run
     */
    record Surroundings(GuestMemory ram, Board board, CpuidEntries cpuid, RunControl control) {}

    Interpreter(Vcpu vcpu, VcpuDebug debug, @Nullable Trace trace, CpuState state, Surroundings around) {
        KernelChips chips = new KernelChips(around.board());
        CpuidEntries cpuid = around.cpuid();
        GuestLinearMemory linear = new GuestLinearMemory(
                around.ram(), chips, CpuidTable.physicalAddressBits(cpuid), CpuidTable.gigabytePages(cpuid));
        CpuEnvironment environment = new CompleterCore(
                new Completer.Surroundings(vcpu, linear, around.board(), cpuid, around.control()),
                new MnemonicCounts());
        linear.follow(state);
        WatchedMemory memory = new WatchedMemory(linear);
        Executor plain = new Executor(state, memory, chips, environment);
        executor = new DebuggedExecutor(
                debug.id(), debug, trace, new DebuggedExecutor.Executors(state, plain, plain, memory));
    }

    /**
     * Executes one slice.
     *
     * @param vector an interrupt to deliver first, or {@link #NO_INTERRUPT}
     */
    Outcome run(int vector) {
        if (vector != NO_INTERRUPT) {
            StepResult delivered = executor.interrupt(vector);
            if (delivered != StepResult.COMPLETED) {
                return delivered == StepResult.SHUTDOWN ? Outcome.SHUTDOWN : Outcome.NATIVE;
            }
        }
        return switch (executor.run(SLICE)) {
            case COMPLETED, REPEATING, EXCEPTION -> Outcome.GOES_ON;
            case HALTED -> Outcome.HALTED;
            case SHUTDOWN -> Outcome.SHUTDOWN;
            case UNSUPPORTED -> Outcome.NATIVE;
        };
    }

    /** The board, but for what KVM has in its place. */
    private static final class KernelChips implements PortIo, GuestLinearMemory.Devices {
        private final Board board;
        private final CpuException exception = new CpuException();

        KernelChips(Board board) {
            this.board = board;
        }

        /** The 8259s with their edge and level registers, the 8254 with its speaker gate. */
        private static boolean isKernelPort(int port) {
            boolean pic = (port & ~0x81) == 0x20 || (port & ~1) == 0x4d0;
            return pic || (port & ~3) == 0x40 || port == 0x61;
        }

        private void requirePort(int port) {
            if (isKernelPort(port)) {
                throw exception.unsupported("the port is KVM's");
            }
        }

        private void requireDevice(long gpa) {
            long page = gpa & PAGE_FRAME;
            if (page == GuestMap.LOCAL_APIC || page == IOAPIC) {
                throw exception.unsupported("the device is KVM's");
            }
        }

        @Override
        public int in(int port, int size) {
            requirePort(port);
            return board.in(port, size);
        }

        @Override
        public void out(int port, int size, int value) {
            requirePort(port);
            board.out(port, size, value);
        }

        @Override
        public long mmioRead(long gpa, int size) {
            requireDevice(gpa);
            return board.mmioRead(gpa, size);
        }

        @Override
        public void mmioWrite(long gpa, int size, long value) {
            requireDevice(gpa);
            board.mmioWrite(gpa, size, value);
        }
    }
}
