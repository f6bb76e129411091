package dev.cloister.kvm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * The layout of {@code struct kvm_run} (KVM API chapter 5): why a vCPU came back, the details of each kind of exit, and the register
 * sets shared by {@code KVM_CAP_SYNC_REGS}. Offsets are from the start of {@link Vcpu#runArea()}. Static accessors over
 * the segment: nothing is allocated.
 *
 * <p>What an exit says about addresses, ports and data is the guest's doing: callers treat it as hostile.
 */
public final class KvmRun {
    /** Internal error: an instruction that KVM's emulator does not know. */
    public static final int INTERNAL_ERROR_EMULATION = 1;
    /** Internal error: exceptions that cannot be delivered together. */
    public static final int INTERNAL_ERROR_SIMULTANEOUS_EXCEPTIONS = 2;
    /** Internal error: an exit while an event was delivered. */
    public static final int INTERNAL_ERROR_DELIVERY_EVENT = 3;
    /** Internal error: a hardware exit reason that KVM does not handle. */
    public static final int INTERNAL_ERROR_UNEXPECTED_EXIT_REASON = 4;

    /** {@link #ioDirection}: the guest reads a port. */
    public static final int IO_IN = 0;
    /** {@link #ioDirection}: the guest writes a port. */
    public static final int IO_OUT = 1;

    /** {@link #systemEventType}: shutdown. */
    public static final int SYSTEM_EVENT_SHUTDOWN = 1;
    /** {@link #systemEventType}: reset. */
    public static final int SYSTEM_EVENT_RESET = 2;
    /** {@link #systemEventType}: the guest crashed. */
    public static final int SYSTEM_EVENT_CRASH = 3;

    /** {@link #msrReason}: the MSR is known but this access to it is not valid. */
    public static final int MSR_REASON_INVALID = 1;
    /** {@link #msrReason}: KVM does not know the MSR. */
    public static final int MSR_REASON_UNKNOWN = 2;
    /** {@link #msrReason}: the filter denied it. */
    public static final int MSR_REASON_FILTER = 4;

    /** SYNC_REGS group: {@code kvm_regs}. */
    public static final long SYNC_REGS = 1;
    /** SYNC_REGS group: {@code kvm_sregs}. */
    public static final long SYNC_SREGS = 2;
    /** SYNC_REGS group: {@code kvm_vcpu_events}. */
    public static final long SYNC_EVENTS = 4;

    // Byte offsets; LayoutTest compares them with the generated layouts and with gcc.
    static final long OFF_REQUEST_INTERRUPT_WINDOW = 0;
    static final long OFF_IMMEDIATE_EXIT = 1;
    static final long OFF_EXIT_REASON = 8;
    static final long OFF_READY_FOR_INTERRUPT_INJECTION = 12;
    static final long OFF_IF_FLAG = 13;
    static final long OFF_FLAGS = 14;
    static final long OFF_CR8 = 16;
    static final long OFF_APIC_BASE = 24;
    static final long OFF_HARDWARE_EXIT_REASON = 32;
    static final long OFF_FAIL_ENTRY_REASON = 32;
    static final long OFF_FAIL_ENTRY_CPU = 40;
    static final long OFF_IO_DIRECTION = 32;
    static final long OFF_IO_SIZE = 33;
    static final long OFF_IO_PORT = 34;
    static final long OFF_IO_COUNT = 36;
    static final long OFF_IO_DATA_OFFSET = 40;
    static final long OFF_DEBUG_EXCEPTION = 32;
    static final long OFF_DEBUG_PC = 40;
    static final long OFF_DEBUG_DR6 = 48;
    static final long OFF_DEBUG_DR7 = 56;
    static final long OFF_MMIO_PHYS_ADDR = 32;
    static final long OFF_MMIO_DATA = 40;
    static final long OFF_MMIO_LEN = 48;
    static final long OFF_MMIO_IS_WRITE = 52;
    static final long OFF_HYPERCALL_NR = 32;
    static final long OFF_HYPERCALL_ARGS = 40;
    static final long OFF_HYPERCALL_RET = 88;
    static final long OFF_HYPERCALL_LONGMODE = 96;
    static final long OFF_INTERNAL_SUBERROR = 32;
    static final long OFF_INTERNAL_NDATA = 36;
    static final long OFF_INTERNAL_DATA = 40;
    static final long OFF_EMULATION_FLAGS = 40;
    static final long OFF_EMULATION_INSN_SIZE = 48;
    static final long OFF_EMULATION_INSN_BYTES = 49;
    static final long OFF_SYSTEM_EVENT_TYPE = 32;
    static final long OFF_SYSTEM_EVENT_NDATA = 36;
    static final long OFF_SYSTEM_EVENT_DATA = 40;
    static final long OFF_EOI_VECTOR = 32;
    static final long OFF_MSR_ERROR = 32;
    static final long OFF_MSR_REASON = 40;
    static final long OFF_MSR_INDEX = 44;
    static final long OFF_MSR_DATA = 48;
    static final long OFF_VALID_REGS = 288;
    static final long OFF_DIRTY_REGS = 296;
    static final long OFF_SYNC_REGS_OFFSET = 304;
    static final long OFF_SYNC_SREGS_OFFSET = 448;
    static final long OFF_SYNC_EVENTS_OFFSET = 760;
    static final int SIZE = 2352;
    static final int MAX_INTERNAL_DATA = 16;
    static final int MAX_INSTRUCTION = 15;
    private static final int EMULATION_FLAG_INSTRUCTION_BYTES = 1;

    private KvmRun() {}

    /**
     * Why {@code KVM_RUN} returned.
     *
     * @param run the run area
     * @return a constant of {@link KvmExit}, or a newer one
     */
    public static int exitReason(MemorySegment run) {
        return run.get(JAVA_INT, OFF_EXIT_REASON);
    }

    /**
     * Whether the guest can take an interrupt by {@link Vcpu#interrupt} now.
     *
     * @param run the run area
     * @return true when it can
     */
    public static boolean readyForInterrupt(MemorySegment run) {
        return run.get(JAVA_BYTE, OFF_READY_FOR_INTERRUPT_INJECTION) != 0;
    }

    /**
     * The guest's RFLAGS.IF.
     *
     * @param run the run area
     * @return whether interrupts are enabled
     */
    public static boolean interruptFlag(MemorySegment run) {
        return run.get(JAVA_BYTE, OFF_IF_FLAG) != 0;
    }

    /**
     * The guest's CR8, where the LAPIC is not in the kernel.
     *
     * @param run the run area
     * @return the task priority
     */
    public static long cr8(MemorySegment run) {
        return run.get(JAVA_LONG, OFF_CR8);
    }

    /**
     * {@link KvmExit#UNKNOWN}: the hardware reason.
     *
     * @param run the run area
     * @return the raw reason
     */
    public static long hardwareExitReason(MemorySegment run) {
        return run.get(JAVA_LONG, OFF_HARDWARE_EXIT_REASON);
    }

    /**
     * {@link KvmExit#FAIL_ENTRY}: the hardware reason (Intel SDM vol. 3 appendix C; AMD APM vol. 2 appendix C).
     *
     * @param run the run area
     * @return the raw reason
     */
    public static long entryFailureReason(MemorySegment run) {
        return run.get(JAVA_LONG, OFF_FAIL_ENTRY_REASON);
    }

    /**
     * {@link KvmExit#IO}: the direction.
     *
     * @param run the run area
     * @return {@link #IO_IN} or {@link #IO_OUT}
     */
    public static int ioDirection(MemorySegment run) {
        return run.get(JAVA_BYTE, OFF_IO_DIRECTION);
    }

    /**
     * {@link KvmExit#IO}: bytes of one access.
     *
     * @param run the run area
     * @return 1, 2 or 4
     */
    public static int ioSize(MemorySegment run) {
        return run.get(JAVA_BYTE, OFF_IO_SIZE);
    }

    /**
     * {@link KvmExit#IO}: the port.
     *
     * @param run the run area
     * @return 0 to 0xffff
     */
    public static int ioPort(MemorySegment run) {
        return Short.toUnsignedInt(run.get(JAVA_SHORT, OFF_IO_PORT));
    }

    /**
     * {@link KvmExit#IO}: how many accesses of {@link #ioSize} bytes stand at {@link #ioDataOffset} (more than 1 for string instructions).
     *
     * @param run the run area
     * @return the count
     */
    public static int ioCount(MemorySegment run) {
        return run.get(JAVA_INT, OFF_IO_COUNT);
    }

    /**
     * {@link KvmExit#IO}: where the data stands in the run area.
     *
     * @param run the run area
     * @return a byte offset
     */
    public static long ioDataOffset(MemorySegment run) {
        return run.get(JAVA_LONG, OFF_IO_DATA_OFFSET);
    }

    /**
     * Reads one datum of an I/O exit.
     *
     * @param run the run area
     * @param offset {@link #ioDataOffset} plus index times size
     * @param size {@link #ioSize}
     * @return the value, zero-extended
     */
    public static long ioRead(MemorySegment run, long offset, int size) {
        return switch (size) {
            case 1 -> Byte.toUnsignedLong(run.get(JAVA_BYTE, offset));
            case 2 -> Short.toUnsignedLong(run.get(JAVA_SHORT, offset));
            default -> Integer.toUnsignedLong(run.get(JAVA_INT, offset));
        };
    }

    /**
     * Writes one datum of an {@code in} exit; the guest gets it at the next {@code KVM_RUN}.
     *
     * @param run the run area
     * @param offset {@link #ioDataOffset} plus index times size
     * @param size {@link #ioSize}
     * @param value the value; higher bits are ignored
     */
    public static void ioWrite(MemorySegment run, long offset, int size, long value) {
        switch (size) {
            case 1 -> run.set(JAVA_BYTE, offset, (byte) value);
            case 2 -> run.set(JAVA_SHORT, offset, (short) value);
            default -> run.set(JAVA_INT, offset, (int) value);
        }
    }

    /**
     * {@link KvmExit#DEBUG}: the exception.
     *
     * @param run the run area
     * @return vector 1 or 3
     */
    public static int debugException(MemorySegment run) {
        return run.get(JAVA_INT, OFF_DEBUG_EXCEPTION);
    }

    /**
     * {@link KvmExit#DEBUG}: the linear address of the instruction.
     *
     * @param run the run area
     * @return a gva
     */
    public static long debugPc(MemorySegment run) {
        return run.get(JAVA_LONG, OFF_DEBUG_PC);
    }

    /**
     * {@link KvmExit#DEBUG}: DR6.
     *
     * @param run the run area
     * @return its value
     */
    public static long debugDr6(MemorySegment run) {
        return run.get(JAVA_LONG, OFF_DEBUG_DR6);
    }

    /**
     * {@link KvmExit#MMIO}: the address.
     *
     * @param run the run area
     * @return a gpa
     */
    public static long mmioAddress(MemorySegment run) {
        return run.get(JAVA_LONG, OFF_MMIO_PHYS_ADDR);
    }

    /**
     * {@link KvmExit#MMIO}: bytes.
     *
     * @param run the run area
     * @return 1 to 8
     */
    public static int mmioLength(MemorySegment run) {
        return run.get(JAVA_INT, OFF_MMIO_LEN);
    }

    /**
     * {@link KvmExit#MMIO}: the direction.
     *
     * @param run the run area
     * @return true when the guest writes
     */
    public static boolean mmioIsWrite(MemorySegment run) {
        return run.get(JAVA_BYTE, OFF_MMIO_IS_WRITE) != 0;
    }

    /**
     * {@link KvmExit#MMIO}: the written bytes, little-endian; only the lowest {@link #mmioLength} bytes count.
     *
     * @param run the run area
     * @return eight raw bytes
     */
    public static long mmioData(MemorySegment run) {
        return run.get(JAVA_LONG, OFF_MMIO_DATA);
    }

    /**
     * {@link KvmExit#MMIO}: answers a read; the guest gets it at the next {@code KVM_RUN}.
     *
     * @param run the run area
     * @param value the bytes, little-endian; those above {@link #mmioLength} are ignored
     */
    public static void setMmioData(MemorySegment run, long value) {
        run.set(JAVA_LONG, OFF_MMIO_DATA, value);
    }

    /**
     * {@link KvmExit#HYPERCALL}: the number.
     *
     * @param run the run area
     * @return the value of RAX
     */
    public static long hypercallNumber(MemorySegment run) {
        return run.get(JAVA_LONG, OFF_HYPERCALL_NR);
    }

    /**
     * {@link KvmExit#HYPERCALL}: an argument.
     *
     * @param run the run area
     * @param index 0 to 5
     * @return its value
     */
    public static long hypercallArgument(MemorySegment run, int index) {
        return run.get(JAVA_LONG, OFF_HYPERCALL_ARGS + 8L * Objects.checkIndex(index, 6));
    }

    /**
     * {@link KvmExit#HYPERCALL}: the value that the guest gets in RAX.
     *
     * @param run the run area
     * @param value the result
     */
    public static void setHypercallResult(MemorySegment run, long value) {
        run.set(JAVA_LONG, OFF_HYPERCALL_RET, value);
    }

    /**
     * {@link KvmExit#INTERNAL_ERROR}: the kind.
     *
     * @param run the run area
     * @return an {@code INTERNAL_ERROR_…} constant, or a newer one
     */
    public static int internalSuberror(MemorySegment run) {
        return run.get(JAVA_INT, OFF_INTERNAL_SUBERROR);
    }

    /**
     * {@link KvmExit#INTERNAL_ERROR}: words of detail.
     *
     * @param run the run area
     * @return 0 to 16
     */
    public static int internalDataCount(MemorySegment run) {
        return Math.clamp(run.get(JAVA_INT, OFF_INTERNAL_NDATA), 0, MAX_INTERNAL_DATA);
    }

    /**
     * {@link KvmExit#INTERNAL_ERROR}: a word of detail.
     *
     * @param run the run area
     * @param index 0 to {@link #internalDataCount} − 1
     * @return its value
     */
    public static long internalData(MemorySegment run, int index) {
        return run.get(JAVA_LONG, OFF_INTERNAL_DATA + 8L * Objects.checkIndex(index, MAX_INTERNAL_DATA));
    }

    /**
     * {@link #INTERNAL_ERROR_EMULATION}: how many bytes at RIP KVM had fetched (usually more than the instruction has).
     *
     * @param run the run area
     * @return 0 to 15; 0 where KVM does not say
     */
    public static int emulationInstructionSize(MemorySegment run) {
        // data[0] is flags, data[1..2] size and bytes: with fewer words, or without the flag, KVM did not say.
        boolean given = internalDataCount(run) >= 3
                && (run.get(JAVA_LONG, OFF_EMULATION_FLAGS) & EMULATION_FLAG_INSTRUCTION_BYTES) != 0;
        return given ? Math.clamp(run.get(JAVA_BYTE, OFF_EMULATION_INSN_SIZE), 0, MAX_INSTRUCTION) : 0;
    }

    /**
     * {@link #INTERNAL_ERROR_EMULATION}: a byte of the instruction.
     *
     * @param run the run area
     * @param index 0 to {@link #emulationInstructionSize} − 1
     * @return the byte
     */
    public static byte emulationInstructionByte(MemorySegment run, int index) {
        return run.get(JAVA_BYTE, OFF_EMULATION_INSN_BYTES + Objects.checkIndex(index, MAX_INSTRUCTION));
    }

    /**
     * {@link KvmExit#SYSTEM_EVENT}: the kind.
     *
     * @param run the run area
     * @return a {@code SYSTEM_EVENT_…} constant, or another
     */
    public static int systemEventType(MemorySegment run) {
        return run.get(JAVA_INT, OFF_SYSTEM_EVENT_TYPE);
    }

    /**
     * {@link KvmExit#IOAPIC_EOI}: the vector.
     *
     * @param run the run area
     * @return 0 to 255
     */
    public static int eoiVector(MemorySegment run) {
        return Byte.toUnsignedInt(run.get(JAVA_BYTE, OFF_EOI_VECTOR));
    }

    /**
     * {@link KvmExit#X86_RDMSR}, {@link KvmExit#X86_WRMSR}: the MSR.
     *
     * @param run the run area
     * @return its index
     */
    public static int msrIndex(MemorySegment run) {
        return run.get(JAVA_INT, OFF_MSR_INDEX);
    }

    /**
     * {@link KvmExit#X86_RDMSR}, {@link KvmExit#X86_WRMSR}: why it came to user space.
     *
     * @param run the run area
     * @return {@code MSR_REASON_…} bits
     */
    public static int msrReason(MemorySegment run) {
        return run.get(JAVA_INT, OFF_MSR_REASON);
    }

    /**
     * {@link KvmExit#X86_WRMSR}: the value written.
     *
     * @param run the run area
     * @return its value
     */
    public static long msrData(MemorySegment run) {
        return run.get(JAVA_LONG, OFF_MSR_DATA);
    }

    /**
     * {@link KvmExit#X86_RDMSR}: answers a read.
     *
     * @param run the run area
     * @param value the MSR's value
     */
    public static void setMsrData(MemorySegment run, long value) {
        run.set(JAVA_LONG, OFF_MSR_DATA, value);
    }

    /**
     * {@link KvmExit#X86_RDMSR}, {@link KvmExit#X86_WRMSR}: whether the guest gets #GP.
     *
     * @param run the run area
     * @param error true for #GP
     */
    public static void setMsrError(MemorySegment run, boolean error) {
        run.set(JAVA_BYTE, OFF_MSR_ERROR, (byte) (error ? 1 : 0));
    }

    /**
     * Asks for an exit as soon as the guest can take an interrupt; only without the in-kernel LAPIC.
     *
     * @param run the run area
     * @param request whether to ask
     */
    public static void setRequestInterruptWindow(MemorySegment run, boolean request) {
        run.set(JAVA_BYTE, OFF_REQUEST_INTERRUPT_WINDOW, (byte) (request ? 1 : 0));
    }

    /**
     * Makes {@code KVM_RUN} complete what is pending and return {@code -EINTR} without entering the guest; any thread may set it.
     *
     * @param run the run area
     * @param immediate whether to return at once
     */
    public static void setImmediateExit(MemorySegment run, boolean immediate) {
        run.set(JAVA_BYTE, OFF_IMMEDIATE_EXIT, (byte) (immediate ? 1 : 0));
    }

    /**
     * Says which register groups KVM stores into the run area at each exit.
     *
     * @param run the run area
     * @param groups {@code SYNC_…} bits
     */
    public static void setValidGroups(MemorySegment run, long groups) {
        run.set(JAVA_LONG, OFF_VALID_REGS, groups);
    }

    /**
     * Adds register groups that KVM loads from the run area at the next {@code KVM_RUN}; KVM clears the bits when it has.
     *
     * @param run the run area
     * @param groups {@code SYNC_…} bits
     */
    public static void markDirty(MemorySegment run, long groups) {
        run.set(JAVA_LONG, OFF_DIRTY_REGS, run.get(JAVA_LONG, OFF_DIRTY_REGS) | groups);
    }

    /**
     * Register groups that wait to be loaded.
     *
     * @param run the run area
     * @return {@code SYNC_…} bits
     */
    public static long dirtyGroups(MemorySegment run) {
        return run.get(JAVA_LONG, OFF_DIRTY_REGS);
    }
}
