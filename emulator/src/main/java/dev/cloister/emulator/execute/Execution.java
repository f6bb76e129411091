package dev.cloister.emulator.execute;

import dev.cloister.emulator.Executor;
import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuMode;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.ExtendedState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.cpu.PortIo;
import dev.cloister.emulator.cpu.SegmentRegister;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import dev.cloister.emulator.vector.FloatArithmetic;
import dev.cloister.emulator.x87.X87Unit;
import java.lang.invoke.VarHandle;

/**
 * One processor while it executes an instruction: the state, its surroundings, operands, stack and the undo log that makes
 * exceptions precise. General registers and flags are snapshot before each instruction; segment registers when an
 * instruction announces that it will load one.
 */
public final class Execution {
    public final CpuState state;
    public final PortIo io;
    public final CpuEnvironment environment;
    public final CpuException exception = new CpuException();
    public final Segmentation segmentation;
    public final EventDelivery delivery;
    public final Debugging debug;
    final Limits limits;
    public final long[] msr = new long[1];
    public final int[] leaf = new int[4];
    public final long[] a = new long[4];
    public final long[] b = new long[4];
    public final long[] r = new long[4];
    public final byte[] buffer = new byte[ExtendedState.SIZE];
    /** Floating-point arithmetic of vector instructions. */
    public final FloatArithmetic floats = new FloatArithmetic();
    /** The x87's own. */
    public final X87Unit x87;

    /** Facts about the present instruction's surroundings, fixed before it executes. */
    public CpuMode mode = CpuMode.REAL;

    public int cpl;
    public boolean long64;
    /** Where RIP goes when the instruction completes; branches replace it. */
    public long nextRip;
    /** Whether the instruction transferred control, be it to the one that follows. */
    public boolean branched;
    /** What {@link Executor#step()} answers when the instruction completes. */
    public StepResult result = StepResult.COMPLETED;
    /** Set by STI and loads of SS. */
    public boolean shadow;
    /** Set by loads of SS. */
    boolean stackLoad;
    /** Set by IRET and task switches, which load RFLAGS.RF. */
    boolean keepResume;
    /** The error code of stack faults: the new stack's selector while privilege changes, else 0. */
    int stackError;
    /** Whether the instruction's memory operand is replaced atomically. */
    boolean locked;
    /** Words of a stack on their way to another. */
    final long[] words = new long[32];

    private final long[] savedGpr = new long[16];
    private long savedFlags;
    private final SegmentRegister[] savedSegments = new SegmentRegister[8];
    private boolean segmentsSaved;

    public Execution(CpuState state, LinearMemory memory, PortIo io, CpuEnvironment environment) {
        this.state = state;
        this.io = io;
        this.environment = environment;
        segmentation = new Segmentation(this, memory);
        for (int i = 0; i < savedSegments.length; i++) {
            savedSegments[i] = new SegmentRegister();
        }
        delivery = new EventDelivery(this);
        debug = new Debugging(this);
        limits = new Limits(environment);
        x87 = new X87Unit(this);
    }

    /** Derives mode and privilege again; also needed after an instruction changed them midway. */
    public void refresh() {
        mode = state.mode();
        cpl = state.cpl();
        long64 = mode == CpuMode.LONG_64;
    }

    public void begin() {
        refresh();
        System.arraycopy(state.gprs(), 0, savedGpr, 0, 16);
        savedFlags = state.rflags();
        segmentsSaved = false;
        result = StepResult.COMPLETED;
        shadow = false;
        stackLoad = false;
        keepResume = false;
        branched = false;
        stackError = 0;
        debug.begin();
    }

    public void protectSegments() {
        if (!segmentsSaved) {
            for (int i = 0; i < savedSegments.length; i++) {
                savedSegments[i].copyFrom(state.segment(i));
            }
            segmentsSaved = true;
        }
    }

    public void undo() {
        System.arraycopy(savedGpr, 0, state.gprs(), 0, 16);
        state.setRflags(savedFlags);
        if (segmentsSaved) {
            for (int i = 0; i < savedSegments.length; i++) {
                state.segment(i).copyFrom(savedSegments[i]);
            }
        }
    }

    /** Makes the general registers permanent as they are: one iteration of a repeated string instruction. */
    public void commitRegisters() {
        System.arraycopy(state.gprs(), 0, savedGpr, 0, 16);
    }

    /** The processor belongs to another task from here on: faults leave that task's registers. */
    void commitTask() {
        commitRegisters();
        savedFlags = state.rflags();
        segmentsSaved = false;
        protectSegments();
        keepResume = true;
    }

    /**
     * Ends an instruction that completed: moves RIP on, keeps or ends RFLAGS.RF and the interrupt shadow.
     *
     * @return whether a debug trap (#DB) is due now
     */
    public boolean finish() {
        // Among those that end here are all that serialize or drain the store buffer (Intel SDM volume 3, 9.3 and
        // 12.10).
        VarHandle.fullFence();
        state.setRip(nextRip);
        if (result == StepResult.REPEATING) {
            // What interrupts it comes back to an instruction that has passed its breakpoint (SDM vol. 3, 18.3.1.1).
            state.setRflags(state.rflags() | Flags.RF);
        } else if (!keepResume) {
            state.setRflags(state.rflags() & ~Flags.RF);
        }
        state.setInterruptShadow(shadow);
        state.events().setAfterStackLoad(stackLoad);
        return debug.finish(stackLoad);
    }

    public CpuException fault(int vector) {
        return exception.with(vector, 0);
    }

    public CpuException fault(int vector, int errorCode) {
        return exception.with(vector, errorCode);
    }

    public CpuException unsupported(String what) {
        return exception.unsupported(what);
    }

    public void requireSupervisor() {
        if (cpl != 0) {
            throw fault(CpuException.GP);
        }
    }

    public static long mask(int size) {
        return size >= 8 ? -1L : (1L << 8 * size) - 1;
    }

    public static long signExtend(long value, int size) {
        int shift = 64 - 8 * size;
        return value << shift >> shift;
    }

    /** Reads a general register, zero-extended. */
    public long register(int index, int size) {
        return state.gprs()[index] & mask(size);
    }

    /** Writes a general register: four bytes clear the upper half, one and two leave the rest. */
    public void setRegister(int index, int size, long value) {
        if (size >= 4) {
            state.gprs()[index] = value & mask(size);
        } else {
            long mask = mask(size);
            state.gprs()[index] = state.gprs()[index] & ~mask | value & mask;
        }
    }

    /** The offset that the memory operand names, cut to the address size. */
    public long effective(Instruction i) {
        long offset = i.displacement;
        if (i.base == Instruction.RIP_BASE) {
            offset += state.rip() + i.length;
        } else if (i.base >= 0) {
            offset += state.gprs()[i.base];
        }
        // A SIB index of 4 without REX.X means none; 16-bit addressing has its own table.
        if (i.index >= 0 && (i.index != 4 || i.addressSize == 2)) {
            offset += state.gprs()[i.index] << i.scale;
        }
        return offset & mask(i.addressSize);
    }

    public int segmentOf(Instruction i) {
        if (i.segmentPrefix >= 0) {
            return i.segmentPrefix;
        }
        return i.base == CpuState.RSP || i.base == CpuState.RBP ? CpuState.SS : CpuState.DS;
    }

    /** The offset of a string instruction's source. */
    public long source(Instruction i) {
        return register(CpuState.RSI, i.addressSize);
    }

    public int sourceSegment(Instruction i) {
        return i.segmentPrefix >= 0 ? i.segmentPrefix : CpuState.DS;
    }

    private long xlat(Instruction i) {
        return i.opcode == 0xD7 && i.form.mnemonic.equals("xlat")
                ? effective(i) + register(0, 1) & mask(i.addressSize)
                : effective(i);
    }

    private long load(Instruction i, int n, int access) {
        int size = i.sizes[n];
        return switch (i.kinds[n]) {
            case MEMORY -> read(segmentOf(i), xlat(i), size, access);
            case MEMORY_OFFSET -> read(sourceSegment(i), i.displacement, size, access);
            case STRING_SOURCE -> read(sourceSegment(i), source(i), size, access);
            default -> read(CpuState.ES, register(CpuState.RDI, i.addressSize), size, access);
        };
    }

    /** Reads operand {@code n}, zero-extended; immediates are sign-extended to 64 bits as the decoder left them. */
    public long get(Instruction i, int n) {
        return switch (i.kinds[n]) {
            case GENERAL -> register(i.registers[n], i.sizes[n]);
            case GENERAL_HIGH -> state.gprs()[i.registers[n]] >>> 8 & 0xFF;
            case IMMEDIATE -> i.registers[n] == 0 ? i.immediate : i.immediate2;
            case ONE -> 1;
            case SEGMENT -> state.segment(i.registers[n]).selector();
            case MMX -> state.extended().mmx(i.registers[n]);
            case XMM, YMM -> state.extended().lane(i.registers[n], 0);
            default -> load(i, n, 0);
        };
    }

    /** Reads operand {@code n} knowing that it will be written: memory faults are those of a write. */
    public long getForWrite(Instruction i, int n) {
        return i.kinds[n] == OperandKind.MEMORY ? load(i, n, LinearMemory.WRITE) : get(i, n);
    }

    /** Writes operand {@code n}. */
    public void set(Instruction i, int n, long value) {
        switch (i.kinds[n]) {
            case GENERAL -> setRegister(i.registers[n], i.sizes[n], value);
            case GENERAL_HIGH ->
                state.gprs()[i.registers[n]] = state.gprs()[i.registers[n]] & ~0xFF00L | (value & 0xFF) << 8;
            case MEMORY -> write(segmentOf(i), effective(i), i.sizes[n], value);
            case MEMORY_OFFSET -> write(sourceSegment(i), i.displacement, i.sizes[n], value);
            case STRING_DESTINATION -> write(CpuState.ES, register(CpuState.RDI, i.addressSize), i.sizes[n], value);
            case MMX -> state.extended().setMmx(i.registers[n], value);
            default -> throw unsupported("operand " + i.kinds[n] + " can't be written");
        }
    }

    public long read(int segment, long offset, int size, int access) {
        return segmentation.read(segment, offset, size, access);
    }

    public void write(int segment, long offset, int size, long value) {
        segmentation.write(segment, offset, size, value);
    }

    /** Bytes of the stack pointer in use: 8, 4 or 2. */
    public int stackWidth() {
        if (long64) {
            return 8;
        }
        return state.segment(CpuState.SS).has(SegmentRegister.DEFAULT_BIG) ? 4 : 2;
    }

    public void push(long value, int size) {
        int width = stackWidth();
        long top = state.gprs()[CpuState.RSP] - size & mask(width);
        write(CpuState.SS, top, size, value);
        setRegister(CpuState.RSP, width, top);
    }

    /** Checks that {@code length} bytes below the stack pointer can be written, before the first of several pushes. */
    public void probePush(int length) {
        long top = state.gprs()[CpuState.RSP] - length & mask(stackWidth());
        segmentation.probe(CpuState.SS, top, length, LinearMemory.WRITE);
    }

    /** The same for one part of several that are pushed: {@code distance} bytes below the stack pointer. */
    void probePush(int distance, int size) {
        long top = state.gprs()[CpuState.RSP] - distance & mask(stackWidth());
        segmentation.probe(CpuState.SS, top, size, LinearMemory.WRITE);
    }

    public long peek(int distance, int size) {
        return read(CpuState.SS, state.gprs()[CpuState.RSP] + distance & mask(stackWidth()), size, 0);
    }

    public long pop(int size) {
        long value = peek(0, size);
        drop(size);
        return value;
    }

    public void drop(long count) {
        int width = stackWidth();
        setRegister(CpuState.RSP, width, state.gprs()[CpuState.RSP] + count);
    }

    /** Jumps within CS: the target is cut to the operand size and checked. */
    public void jump(long target, int operandSize) {
        long rip = target & mask(operandSize);
        if (long64) {
            if (!segmentation.isCanonical(rip)) {
                throw fault(CpuException.GP);
            }
        } else if (Long.compareUnsigned(rip, state.segment(CpuState.CS).limit() & 0xFFFFFFFFL) > 0) {
            throw fault(CpuException.GP);
        }
        nextRip = rip;
        branched = true;
    }

    public boolean readMsr(int index) {
        return environment.readMsr(index, msr);
    }

    /** Reads an MSR that the processor itself needs; absent ones are unsupported, not a guest's fault. */
    public long needMsr(int index) {
        if (!environment.readMsr(index, msr)) {
            throw unsupported("the surroundings don't provide MSR 0x" + Integer.toHexString(index));
        }
        return msr[0];
    }
}
