package dev.cloister.emulator;

import dev.cloister.emulator.block.BlockEngine;
import dev.cloister.emulator.block.Interpreter;
import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.EventInjection;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.cpu.PortIo;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.decode.DecodeResult;
import dev.cloister.emulator.decode.Decoder;
import dev.cloister.emulator.decode.Form;
import dev.cloister.emulator.decode.Formatter;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.Handler;
import dev.cloister.emulator.memory.PagedMemory;
import dev.cloister.emulator.memory.TlbMemory;
import dev.cloister.mmu.GuestMemoryException;
import org.jspecify.annotations.Nullable;

/**
 * Executes instructions one at a time on a {@link CpuState}. Exceptions are precise: an instruction that faults leaves no
 * effect, but a repeated string instruction keeps its completed iterations. One thread at a time; nothing is allocated per
 * instruction.
 */
public final class Executor {
    private final CpuState state;
    private final Execution execution;
    private final Handler[] handlers;
    private final Decoder decoder = new Decoder();
    private final Instruction instruction = new Instruction();
    private final byte[] code = new byte[Instruction.MAX_LENGTH];
    private long completed;
    private int vector;
    private int errorCode;
    private long faultAddress;
    private String reason = "";
    private volatile boolean kicked;
    private boolean windowAwaited;
    private final @Nullable BlockEngine blocks;

    /**
     * Joins a processor to its surroundings.
     *
     * @param state the registers
     * @param memory linear memory: {@link TlbMemory}, over which {@link #run} is fast, or for example {@link PagedMemory}
     * @param io ports
     * @param environment MSRs, CPUID, clock
     */
    public Executor(CpuState state, LinearMemory memory, PortIo io, CpuEnvironment environment) {
        this.state = state;
        execution = new Execution(state, memory, io, environment);
        handlers = HandlerTable.offeredBy(environment);
        blocks = memory instanceof TlbMemory tlb ? new BlockEngine(execution, tlb, new Plain(), () -> kicked) : null;
    }

    /**
     * Executes the instruction at CS:RIP. Exceptions are reported, not delivered.
     *
     * @return what became of it
     */
    public StepResult step() {
        Execution x = execution;
        x.begin();
        try {
            x.debug.checkFetch();
            fetch(x);
            return execute(x);
        } catch (CpuException e) {
            x.undo();
            return failed(e);
        } catch (GuestMemoryException e) {
            x.undo();
            reason = String.valueOf(e.getMessage());
            return StepResult.UNSUPPORTED;
        }
    }

    private StepResult failed(CpuException e) {
        if (e.vector() == CpuException.UNSUPPORTED) {
            reason = e.reason();
            return StepResult.UNSUPPORTED;
        }
        if (e.vector() == CpuException.WAITING) {
            return StepResult.HALTED;
        }
        vector = e.vector();
        errorCode = e.errorCode();
        faultAddress = e.faultAddress();
        return StepResult.EXCEPTION;
    }

    /** Fetches by pages, as much as decoding asks for: bytes behind the instruction must not fault. */
    private void fetch(Execution x) {
        int have = 0;
        int bits = x.mode.bits();
        int access = x.cpl == 3 ? LinearMemory.FETCH | LinearMemory.USER : LinearMemory.FETCH;
        DecodeResult result = DecodeResult.TRUNCATED;
        while (result == DecodeResult.TRUNCATED) {
            long offset = state.rip() + have & Execution.mask(bits == 64 ? 8 : 4);
            long linear = x.segmentation.linear(CpuState.CS, offset, 1, LinearMemory.FETCH);
            int wanted = withinLimit(x, offset, code.length - have);
            have += x.segmentation.memory().fetch(linear, code, have, wanted, access);
            result = decoder.decode(code, 0, have, bits, state.rip(), instruction);
        }
        if (result == DecodeResult.TOO_LONG) {
            throw x.fault(CpuException.GP);
        }
        if (result == DecodeResult.INVALID) {
            throw x.fault(CpuException.UD);
        }
    }

    private int withinLimit(Execution x, long offset, int wanted) {
        if (x.long64) {
            return wanted;
        }
        long room = (state.segment(CpuState.CS).limit() & 0xFFFFFFFFL) - offset + 1;
        return (int) Math.min(wanted, room);
    }

    private StepResult execute(Execution x) {
        Instruction i = instruction;
        if (!isAllowed(i, x.mode.usesDescriptors())) {
            throw x.fault(CpuException.UD);
        }
        Handler handler = handlers[i.form.id];
        if (handler == null) {
            reason = "no execution for " + i.mnemonic();
            return StepResult.UNSUPPORTED;
        }
        long next = state.rip() + i.length & ripMask(x);
        x.nextRip = next;
        handler.execute(x, i);
        x.branched |= x.nextRip != next && x.result != StepResult.REPEATING;
        boolean trap = x.finish();
        if (x.result != StepResult.REPEATING) {
            completed++;
        }
        if (trap) {
            vector = CpuException.DB;
            errorCode = 0;
            return StepResult.EXCEPTION;
        }
        return x.result;
    }

    private static boolean isAllowed(Instruction i, boolean descriptors) {
        boolean lockable = i.form.has(Form.LOCK) && i.kinds[0] == OperandKind.MEMORY;
        return !(i.lock && !lockable || i.vex && !descriptors);
    }

    private static long ripMask(Execution x) {
        return x.long64 ? -1L : 0xFFFFFFFFL;
    }

    /**
     * As {@link #step()}, but an exception is delivered through the guest's IDT.
     *
     * @return COMPLETED also when an exception was delivered; never EXCEPTION
     */
    public StepResult stepAndDeliver() {
        StepResult result = step();
        return result == StepResult.EXCEPTION ? deliver() : result;
    }

    private StepResult deliver() {
        try {
            StepResult delivered = execution.delivery.deliverException(vector, errorCode, faultAddress);
            if (delivered == StepResult.UNSUPPORTED) {
                reason = execution.exception.reason();
            }
            return delivered;
        } catch (GuestMemoryException e) {
            // A table or a stack that lies where there is no memory.
            execution.undo();
            reason = String.valueOf(e.getMessage());
            return StepResult.UNSUPPORTED;
        }
    }

    /**
     * Calls {@link #stepAndDeliver()} until it returns something other than COMPLETED or REPEATING, the bound is reached, or {@link
     * #kick} or {@link #awaitInterruptWindow} ask for an end.
     *
     * @param maximum the bound, at least 1
     * @return the last result
     */
    public StepResult run(int maximum) {
        if (blocks != null) {
            StepResult result = blocks.run(maximum);
            kicked = false;
            return result;
        }
        StepResult result = StepResult.COMPLETED;
        for (int n = 0; n < maximum; n++) {
            result = stepAndDeliver();
            boolean stopped = result != StepResult.COMPLETED && result != StepResult.REPEATING;
            if (stopped || kicked || windowAwaited && isInterruptWindowOpen()) {
                kicked = false;
                return result;
            }
        }
        return result;
    }

    /**
     * Instructions completed by this executor.
     *
     * @return a count that only grows
     */
    public long completed() {
        return blocks == null ? completed : completed + blocks.completed();
    }

    /**
     * Sets how often {@link #run} interprets a block of instructions before it translates it to bytecode of the JVM. What is executed
     * doesn't change, only how fast. Before guest code runs.
     *
     * @param executions 1 or more; 0 for no translation at all
     */
    public void translateAfter(int executions) {
        if (executions < 0) {
            throw new IllegalArgumentException("translate after " + executions + " executions; expected 0 or more");
        }
        if (blocks != null) {
            blocks.translateAfter(executions);
        }
    }

    /**
     * Says how many processors keep decoded instructions in this process's heap; each keeps so much fewer. Before guest code runs.
     *
     * @param processors 1 or more
     */
    public void sharedBy(int processors) {
        if (processors < 1) {
            throw new IllegalArgumentException("a heap shared by " + processors + " processors; expected 1 or more");
        }
        if (blocks != null) {
            blocks.sharedBy(processors);
        }
    }

    /**
     * Blocks of instructions that are bytecode of the JVM now.
     *
     * @return 0 where none was executed often enough
     */
    public int translations() {
        return blocks == null ? 0 : blocks.translations();
    }

    /**
     * Mnemonic of the last step's instruction.
     *
     * @return as in the Intel manuals, lower case; empty if it could not be decoded
     */
    public String mnemonic() {
        return instruction.mnemonic();
    }

    /**
     * The last step's instruction with its operands.
     *
     * @return a line of assembly in the syntax of the Intel manuals
     */
    public String text() {
        return Formatter.format(instruction);
    }

    /**
     * Bytes of the last step's instruction.
     *
     * @return 1 to 15, or 0 if it could not be decoded
     */
    public int length() {
        return instruction.length();
    }

    /**
     * Makes a {@link #run} that is under way, or the next one, return soon, at an instruction boundary. Any thread.
     */
    public void kick() {
        kicked = true;
    }

    /**
     * Makes {@link #run} return as soon as a maskable interrupt can be taken: RFLAGS.IF is 1, outside an interrupt shadow.
     *
     * @param wanted whether one waits
     */
    public void awaitInterruptWindow(boolean wanted) {
        windowAwaited = wanted;
        if (blocks != null) {
            blocks.awaitInterruptWindow(wanted);
        }
    }

    /**
     * Whether a maskable interrupt can be taken now.
     *
     * @return true if RFLAGS.IF is 1 outside an interrupt shadow
     */
    public boolean isInterruptWindowOpen() {
        return state.flag(Flags.IF) && !state.interruptShadow();
    }

    /**
     * Event delivery on the same processor.
     *
     * @return the one object
     */
    public EventInjection delivery() {
        return execution.delivery;
    }

    /**
     * Vector of the last EXCEPTION.
     *
     * @return 0 to 31
     */
    public int vector() {
        return vector;
    }

    /**
     * Error code of the last EXCEPTION.
     *
     * @return 0 where the vector has none
     */
    public int errorCode() {
        return errorCode;
    }

    /**
     * Linear address of the last page fault.
     *
     * @return what CR2 receives
     */
    public long faultAddress() {
        return faultAddress;
    }

    /**
     * Why the last step was UNSUPPORTED.
     *
     * @return a short English text
     */
    public String reason() {
        return reason;
    }

    /** What blocks ask of this interpreter. */
    private final class Plain implements Interpreter {
        @Override
        public StepResult stepAndDeliver() {
            return Executor.this.stepAndDeliver();
        }

        @Override
        public StepResult deliver(CpuException raised) {
            StepResult result = failed(raised);
            return result == StepResult.EXCEPTION ? Executor.this.deliver() : result;
        }

        @Override
        public @Nullable Handler handler(Form form) {
            return handlers[form.id];
        }

        @Override
        public boolean isOffered(Form form) {
            return handlers[form.id] == HandlerTable.of(form);
        }

        @Override
        public boolean isAllowed(Instruction i, boolean descriptors) {
            return Executor.isAllowed(i, descriptors);
        }

        @Override
        public void finish(Instruction i) {
            if (execution.finish()) {
                vector = CpuException.DB;
                errorCode = 0;
                execution.result = Executor.this.deliver();
            }
        }
    }
}
