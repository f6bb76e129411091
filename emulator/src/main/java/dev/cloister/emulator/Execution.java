package dev.cloister.emulator;

/**
 * One processor while it executes an instruction: the state, its surroundings, operands, stack and the undo log that makes
 * exceptions precise. General registers and flags are snapshot before each instruction; segment registers when an
 * instruction announces that it will load one.
 */
final class Execution {
    final CpuState state;
    final PortIo io;
    final CpuEnvironment environment;
    final CpuException exception = new CpuException();
    final Segmentation segmentation;
    final EventDelivery delivery;
    final long[] msr = new long[1];
    final int[] leaf = new int[4];
    final long[] a = new long[4];
    final long[] b = new long[4];
    final long[] r = new long[4];
    final byte[] buffer = new byte[ExtendedState.SIZE];

    /** Facts about the present instruction's surroundings, fixed before it executes. */
    CpuMode mode = CpuMode.REAL;

    int cpl;
    boolean long64;
    /** Where RIP goes when the instruction completes; branches replace it. */
    long nextRip;
    /** What {@link Executor#step()} answers when the instruction completes. */
    StepResult result = StepResult.COMPLETED;
    /** Set by STI and loads of SS. */
    boolean shadow;

    private final long[] savedGpr = new long[16];
    private long savedFlags;
    private final SegmentRegister[] savedSegments = new SegmentRegister[8];
    private boolean segmentsSaved;

    Execution(CpuState state, LinearMemory memory, PortIo io, CpuEnvironment environment) {
        this.state = state;
        this.io = io;
        this.environment = environment;
        segmentation = new Segmentation(this, memory);
        for (int i = 0; i < savedSegments.length; i++) {
            savedSegments[i] = new SegmentRegister();
        }
        delivery = new EventDelivery(this);
    }

    /** Derives mode and privilege again; also needed after an instruction changed them midway. */
    void refresh() {
        mode = state.mode();
        cpl = state.cpl();
        long64 = mode == CpuMode.LONG_64;
    }

    void begin() {
        refresh();
        System.arraycopy(state.gpr, 0, savedGpr, 0, 16);
        savedFlags = state.rflags;
        segmentsSaved = false;
        result = StepResult.COMPLETED;
        shadow = false;
    }

    void protectSegments() {
        if (!segmentsSaved) {
            for (int i = 0; i < savedSegments.length; i++) {
                savedSegments[i].copyFrom(state.segments[i]);
            }
            segmentsSaved = true;
        }
    }

    void undo() {
        System.arraycopy(savedGpr, 0, state.gpr, 0, 16);
        state.rflags = savedFlags;
        if (segmentsSaved) {
            for (int i = 0; i < savedSegments.length; i++) {
                state.segments[i].copyFrom(savedSegments[i]);
            }
        }
    }

    /** Makes what was done so far permanent: one iteration of a repeated string instruction. */
    void commit() {
        System.arraycopy(state.gpr, 0, savedGpr, 0, 16);
        savedFlags = state.rflags;
    }

    CpuException fault(int vector) {
        return exception.with(vector, 0);
    }

    CpuException fault(int vector, int errorCode) {
        return exception.with(vector, errorCode);
    }

    CpuException unsupported(String what) {
        return exception.unsupported(what);
    }

    void requireSupervisor() {
        if (cpl != 0) {
            throw fault(CpuException.GP);
        }
    }

    static long mask(int size) {
        return size >= 8 ? -1L : (1L << 8 * size) - 1;
    }

    static long signExtend(long value, int size) {
        int shift = 64 - 8 * size;
        return value << shift >> shift;
    }

    /** Reads a general register, zero-extended. */
    long register(int index, int size) {
        return state.gpr[index] & mask(size);
    }

    /** Writes a general register: four bytes clear the upper half, one and two leave the rest. */
    void setRegister(int index, int size, long value) {
        if (size >= 4) {
            state.gpr[index] = value & mask(size);
        } else {
            long mask = mask(size);
            state.gpr[index] = state.gpr[index] & ~mask | value & mask;
        }
    }

    /** The offset that the memory operand names, cut to the address size. */
    long effective(Instruction i) {
        long offset = i.displacement;
        if (i.base == Instruction.RIP_BASE) {
            offset += state.rip + i.length;
        } else if (i.base >= 0) {
            offset += state.gpr[i.base];
        }
        // A SIB index of 4 without REX.X means none; 16-bit addressing has its own table.
        if (i.index >= 0 && (i.index != 4 || i.addressSize == 2)) {
            offset += state.gpr[i.index] << i.scale;
        }
        return offset & mask(i.addressSize);
    }

    int segmentOf(Instruction i) {
        if (i.segmentPrefix >= 0) {
            return i.segmentPrefix;
        }
        return i.base == CpuState.RSP || i.base == CpuState.RBP ? CpuState.SS : CpuState.DS;
    }

    /** The offset of a string instruction's source. */
    long source(Instruction i) {
        return register(CpuState.RSI, i.addressSize);
    }

    int sourceSegment(Instruction i) {
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
    long get(Instruction i, int n) {
        return switch (i.kinds[n]) {
            case GENERAL -> register(i.registers[n], i.sizes[n]);
            case GENERAL_HIGH -> state.gpr[i.registers[n]] >>> 8 & 0xFF;
            case IMMEDIATE -> i.registers[n] == 0 ? i.immediate : i.immediate2;
            case ONE -> 1;
            case SEGMENT -> state.segments[i.registers[n]].selector;
            case MMX -> state.extended.mmx(i.registers[n]);
            case XMM, YMM -> state.extended.lane(i.registers[n], 0);
            default -> load(i, n, 0);
        };
    }

    /** Reads operand {@code n} knowing that it will be written: memory faults are those of a write. */
    long getForWrite(Instruction i, int n) {
        return i.kinds[n] == OperandKind.MEMORY ? load(i, n, LinearMemory.WRITE) : get(i, n);
    }

    /** Writes operand {@code n}. */
    void set(Instruction i, int n, long value) {
        switch (i.kinds[n]) {
            case GENERAL -> setRegister(i.registers[n], i.sizes[n], value);
            case GENERAL_HIGH -> state.gpr[i.registers[n]] = state.gpr[i.registers[n]] & ~0xFF00L | (value & 0xFF) << 8;
            case MEMORY -> write(segmentOf(i), effective(i), i.sizes[n], value);
            case MEMORY_OFFSET -> write(sourceSegment(i), i.displacement, i.sizes[n], value);
            case STRING_DESTINATION -> write(CpuState.ES, register(CpuState.RDI, i.addressSize), i.sizes[n], value);
            case MMX -> state.extended.setMmx(i.registers[n], value);
            default -> throw unsupported("operand " + i.kinds[n] + " can't be written");
        }
    }

    long read(int segment, long offset, int size, int access) {
        return segmentation.read(segment, offset, size, access);
    }

    void write(int segment, long offset, int size, long value) {
        segmentation.write(segment, offset, size, value);
    }

    /** Bytes of the stack pointer in use: 8, 4 or 2. */
    int stackWidth() {
        if (long64) {
            return 8;
        }
        return state.segments[CpuState.SS].has(SegmentRegister.DEFAULT_BIG) ? 4 : 2;
    }

    void push(long value, int size) {
        int width = stackWidth();
        long top = state.gpr[CpuState.RSP] - size & mask(width);
        write(CpuState.SS, top, size, value);
        setRegister(CpuState.RSP, width, top);
    }

    /** Checks that {@code length} bytes below the stack pointer can be written, before the first of several pushes. */
    void probePush(int length) {
        long top = state.gpr[CpuState.RSP] - length & mask(stackWidth());
        segmentation.probe(CpuState.SS, top, length, LinearMemory.WRITE);
    }

    long peek(int distance, int size) {
        return read(CpuState.SS, state.gpr[CpuState.RSP] + distance & mask(stackWidth()), size, 0);
    }

    long pop(int size) {
        long value = peek(0, size);
        drop(size);
        return value;
    }

    void drop(long count) {
        int width = stackWidth();
        setRegister(CpuState.RSP, width, state.gpr[CpuState.RSP] + count);
    }

    /** Jumps within CS: the target is cut to the operand size and checked. */
    void jump(long target, int operandSize) {
        long rip = target & mask(operandSize);
        if (long64) {
            if (!segmentation.isCanonical(rip)) {
                throw fault(CpuException.GP);
            }
        } else if (Long.compareUnsigned(rip, state.segments[CpuState.CS].limit & 0xFFFFFFFFL) > 0) {
            throw fault(CpuException.GP);
        }
        nextRip = rip;
    }

    boolean readMsr(int index) {
        return environment.readMsr(index, msr);
    }

    /** Reads an MSR that the processor itself needs; absent ones are unsupported, not a guest's fault. */
    long needMsr(int index) {
        if (!environment.readMsr(index, msr)) {
            throw unsupported("the surroundings don't provide MSR 0x" + Integer.toHexString(index));
        }
        return msr[0];
    }
}
