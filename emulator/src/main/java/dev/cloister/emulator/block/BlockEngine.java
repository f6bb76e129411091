package dev.cloister.emulator.block;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuMode;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.execute.Debugging;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.memory.TlbMemory;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.GuestMemoryException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs blocks: finds or decodes the block at CS:RIP, executes it and those chained to it until something needs attention, and leaves to
 * the plain interpreter what blocks don't do (single step, breakpoints, an instruction that crosses a page, code in no memory).
 *
 * <p>On return the processor's state is as if {@link Interpreter#stepAndDeliver()} had executed the same instructions. Belongs to one
 * processor's thread. Nothing is allocated while blocks are found in the cache.
 */
public final class BlockEngine {
    private static final int PAGE = GuestMemory.PAGE_BYTES;
    /** More bytes than the longest block has. */
    private static final int WINDOW = 15 * BlockBuilder.MOST;

    private final Execution x;
    private final CpuState state;
    private final TlbMemory memory;
    private final Interpreter interpreter;
    private final BooleanSupplier kicked;
    private final BlockContext context;
    private final BlockCache cache = new BlockCache();
    private final BlockModes modes = new BlockModes();
    private final BlockBuilder builder;
    private final Translator translator;
    private final byte[] code = new byte[WINDOW];
    private final byte[] again = new byte[WINDOW];

    private long completed;
    private boolean windowAwaited;
    /** Whether the present state is one for the plain interpreter. */
    private boolean plain;

    private long codeBase;

    /**
     * Joins a processor.
     *
     * @param x the processor
     * @param memory its linear memory
     * @param interpreter its plain interpreter
     * @param kicked asked at the end of every block: whether {@link #run} should return
     */
    public BlockEngine(Execution x, TlbMemory memory, Interpreter interpreter, BooleanSupplier kicked) {
        this.x = x;
        this.state = x.state;
        this.memory = memory;
        this.interpreter = interpreter;
        this.kicked = kicked;
        translator = new Translator(cache);
        context = new BlockContext(x, memory, translator, kicked);
        Templates.prepare();
        builder = new BlockBuilder(interpreter);
        memory.setCodeWatcher(cache);
    }

    /**
     * Instructions that blocks have completed; the plain interpreter counts its own.
     *
     * @return a count that only grows
     */
    public long completed() {
        return completed;
    }

    /**
     * Sets how often a block is interpreted before it is translated to bytecode.
     *
     * @param executions 1 or more; 0 for no translation
     */
    public void translateAfter(int executions) {
        translator.setAfter(executions);
    }

    /**
     * Says how many processors keep blocks in this process's heap: so much fewer each of them keeps.
     *
     * @param processors 1 or more
     */
    public void sharedBy(int processors) {
        cache.sharedBy(processors);
    }

    /**
     * How many blocks are translated.
     *
     * @return those that are kept now
     */
    public int translations() {
        return cache.translations();
    }

    /**
     * Makes {@link #run} return as soon as a maskable interrupt can be taken.
     *
     * @param wanted whether one waits
     */
    public void awaitInterruptWindow(boolean wanted) {
        windowAwaited = wanted;
    }

    /**
     * Executes instructions and delivers their exceptions until one ends in something other than COMPLETED or REPEATING, the bound is
     * reached, a kick comes, or an awaited interrupt window opens.
     *
     * @param maximum the bound, at least 1
     * @return the last result
     */
    public StepResult run(int maximum) {
        memory.enter();
        try {
            return runInside(maximum);
        } finally {
            context.settle();
            memory.leave();
        }
    }

    private StepResult runInside(int maximum) {
        BlockContext c = context;
        c.budget = maximum;
        c.resync = true;
        c.linking = null;
        StepResult result = StepResult.COMPLETED;
        while (c.budget > 0) {
            if (c.resync) {
                resync();
            }
            if (windowAwaited && state.flag(Flags.IF) && !state.interruptShadow()) {
                return StepResult.COMPLETED;
            }
            result = advance();
            if (!isGoing(result) || kicked.getAsBoolean()) {
                return result;
            }
        }
        return result;
    }

    private static boolean isGoing(StepResult result) {
        return result == StepResult.COMPLETED || result == StepResult.REPEATING;
    }

    private StepResult advance() {
        Block block = plain ? null : find();
        return block == null || block.count > context.budget ? step() : chain(block);
    }

    private StepResult step() {
        BlockContext c = context;
        c.settle();
        c.linking = null;
        c.resync = true;
        c.budget--;
        return interpreter.stepAndDeliver();
    }

    /** Executes a block and those that follow it, as long as nothing needs attention. */
    private StepResult chain(Block first) {
        BlockContext c = context;
        long before = c.budget;
        Block block = first;
        // It concerns breakpoints alone, and there are none; the first instruction that completes ends it.
        long resume = state.rflags() & Flags.RF;
        state.setRflags(state.rflags() ^ resume);
        try {
            while (block != null) {
                c.budget -= block.count;
                block = block.execute(c);
                if (block != null && needsAttention(block)) {
                    state.setRip(block.rip);
                    break;
                }
            }
        } catch (InternalError e) {
            // Memory that was taken away is told of late, at any place.
            if (block != null) {
                state.setRip(block.rip);
            }
            throw e;
        }
        completed += before - c.budget;
        if (c.budget == before) {
            state.setRflags(state.rflags() | resume);
        }
        if (memory.isBehind()) {
            memory.poll();
            c.resync = true;
        }
        return outcome(c);
    }

    private boolean needsAttention(Block next) {
        return next.count > context.budget || context.needsAttention();
    }

    private StepResult outcome(BlockContext c) {
        StepResult result = c.result;
        c.result = StepResult.COMPLETED;
        Throwable failure = c.failure;
        if (failure != null) {
            c.failure = null;
            c.settle();
            c.resync = true;
            return fail(c, failure);
        }
        if (result == StepResult.REPEATING) {
            completed--;
        }
        return result;
    }

    private StepResult fail(BlockContext c, Throwable failure) {
        return switch (failure) {
            case Stop.Signal _ -> StepResult.COMPLETED;
            case InternalError e -> throw e;
            case CpuException e
            when e.vector() != CpuException.UNSUPPORTED -> {
                c.budget--;
                yield interpreter.deliver(e);
            }
            // Once more, so that the plain interpreter knows of which instruction it tells.
            default -> step();
        };
    }

    /** Derives everything that depends on mode, privilege and translation. */
    private void resync() {
        BlockContext c = context;
        c.resync = false;
        x.refresh();
        memory.refresh();
        CpuMode mode = x.mode;
        c.mode = modes.of(state, mode, x.cpl, c.mode);
        long base = mode == CpuMode.LONG_64 ? 0 : state.segment(CpuState.CS).base();
        if (base != codeBase) {
            codeBase = base;
            // Blocks know their offsets in CS alone.
            c.fetches.forget();
        }
        c.setLinearBits((state.cr4() & ControlBits.CR4_LA57) != 0 ? 57 : 48);
        plain = isPlainNeeded();
    }

    /** Single step, breakpoints, an interrupt shadow, checks of alignment. */
    private boolean isPlainNeeded() {
        boolean aligned = x.cpl == 3 && state.flag(Flags.AC) && (state.cr0() & ControlBits.CR0_AM) != 0;
        return aligned || state.interruptShadow() || Debugging.isArmed(state);
    }

    /** The block at CS:RIP, or null where there can't be one now. */
    private @Nullable Block find() {
        BlockContext c = context;
        long rip = state.rip();
        Block block = c.jump(rip);
        if (block == null) {
            block = look(rip);
        }
        Block from = c.linking;
        if (from != null) {
            c.linking = null;
            if (block != null && from.valid) {
                from.link(c.linkingTaken, block);
            }
        }
        return block;
    }

    private @Nullable Block look(long rip) {
        BlockContext c = context;
        boolean reachable = c.mode.long64 ? c.isCanonical(rip) : rip <= c.mode.codeLimit;
        if (!reachable) {
            return null;
        }
        long linear = c.mode.long64 ? rip : rip + codeBase & 0xFFFFFFFFL;
        try {
            long gpa = memory.executablePage(linear) | linear & PAGE - 1;
            long stamp = memory.fetchStamp(linear);
            Block block = cache.find(gpa, rip, c.mode);
            if (block == null) {
                block = decode(rip, linear, gpa);
            }
            if (block != null) {
                block.stamp = stamp;
                c.remember(block);
            }
            return block;
        } catch (CpuException | GuestMemoryException e) {
            // The plain interpreter raises it again where it belongs.
            return null;
        }
    }

    private @Nullable Block decode(long rip, long linear, long gpa) {
        int wanted = Math.min(WINDOW, PAGE - (int) (gpa & PAGE - 1));
        int access = LinearMemory.FETCH | (x.cpl == 3 ? LinearMemory.USER : 0);
        int available = memory.fetch(linear, code, 0, wanted, access);
        Block block = builder.build(code, available, rip, gpa, context.mode);
        if (block == null || !memory.watchCode(gpa, block.length)) {
            return null;
        }
        memory.fetch(linear, again, 0, block.length, access);
        if (java.util.Arrays.mismatch(code, 0, block.length, again, 0, block.length) >= 0) {
            return null;
        }
        cache.add(block);
        return block;
    }
}
