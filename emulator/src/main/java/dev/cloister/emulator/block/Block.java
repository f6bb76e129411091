package dev.cloister.emulator.block;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.mmu.FetchStamps;
import dev.cloister.mmu.GuestMemoryException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A run of instructions in one page that ends with a branch, with an instruction after which the engine must look around, or at the
 * end of the page. The interpreter's form is an array of operations; whatever else executes the same instructions with the same
 * effects may stand in its place.
 *
 * <p>A block is replaced, never changed; when its page is written, it stops where it is ({@link #kill}).
 */
final class Block {
    /** Offset in CS of the first instruction. */
    final long rip;
    /** Guest-physical address of the first instruction. */
    final long gpa;
    /** What it was decoded for. */
    final BlockMode mode;
    /** How many instructions. */
    final int count;
    /** Bytes from the first instruction to behind the last. */
    final int length;
    /** Offset in CS where the branch goes that ends it. */
    final long takenRip;
    /** Offset in CS behind it. */
    final long nextRip;

    private final Op[] ops;
    private Op end;
    /** For each operation, the end included: offset from {@link #rip}, and how many instructions precede it. */
    private final short[] places;

    private final byte[] ordinals;
    private final boolean takenLocal;
    private final boolean nextLocal;

    private @Nullable Translated translated;
    /** How often it was interpreted. */
    private int heat;

    private @Nullable Block taken;
    private @Nullable Block next;

    /** How long it may be taken for the block at its address, by {@link BlockContext#fetches}. */
    long stamp;

    boolean valid = true;
    /** The next block of the same page. */
    @Nullable
    Block sibling;

    Block(BlockDraft draft) {
        rip = draft.rip;
        gpa = draft.gpa;
        mode = draft.mode;
        count = draft.count;
        length = draft.length;
        takenRip = draft.takenRip;
        nextRip = draft.nextRip;
        ops = draft.operations();
        end = draft.end();
        places = draft.places();
        ordinals = draft.ordinals();
        takenLocal = inSamePage(takenRip);
        nextLocal = inSamePage(nextRip);
    }

    private boolean inSamePage(long target) {
        return (gpa + (target - rip) ^ gpa) >>> 12 == 0;
    }

    /**
     * Executes it.
     *
     * @return the block that follows, or null when the engine has to look: RIP is set then, and the context says why
     */
    @Nullable
    Block execute(BlockContext c) {
        Translated bytecode = translated;
        if (bytecode != null) {
            return bytecode.run(c, this);
        }
        if (c.translator.isHot(++heat)) {
            translate(c.translator);
        }
        Op[] list = ops;
        int n = 0;
        try {
            for (; n < list.length; n++) {
                list[n].execute(c);
            }
            return end.leave(c, this);
        } catch (CpuException | GuestMemoryException | Stop.Signal | InternalError e) {
            return broken(c, n, e);
        }
    }

    /** The translation takes the place of the operations from the next time on. */
    private void translate(Translator translator) {
        Op[] all = Arrays.copyOf(ops, ops.length + 1);
        all[ops.length] = end;
        translated = translator.translate(this, all);
    }

    /** Goes back to the operations, until it is hot again. */
    void forgetTranslation() {
        translated = null;
        heat = 0;
    }

    /** Leaves it at the operation {@code n}, which threw. */
    @Nullable
    Block broken(BlockContext c, int n, Throwable e) {
        c.state.setRip(mode.cutRip(rip + places[n]));
        c.budget += count - ordinals[n];
        c.failure = e;
        return null;
    }

    /** The block that follows a conditional branch. */
    @Nullable
    Block follow(BlockContext c, boolean branches) {
        return branches ? taken(c) : next(c);
    }

    /** Whether it may be executed once more at once, where it has branched to its own beginning; takes that from the budget then. */
    boolean again(BlockContext c) {
        boolean goesOn = taken == this && valid && count <= c.budget && !c.needsAttention();
        if (goesOn) {
            c.budget -= count;
        }
        return goesOn;
    }

    /** The block where the branch goes. */
    @Nullable
    Block taken(BlockContext c) {
        Block target = taken;
        return target != null && (takenLocal ? target.valid : c.fetches.isGood(target.stamp))
                ? target
                : c.unlinked(this, true);
    }

    /** The block behind this one. */
    @Nullable
    Block next(BlockContext c) {
        Block target = next;
        return target != null && (nextLocal ? target.valid : c.fetches.isGood(target.stamp))
                ? target
                : c.unlinked(this, false);
    }

    /** Makes a block the one that follows; a page that is mapped anew in between is no reason to trust its number. */
    void link(boolean byBranch, Block target) {
        boolean local = byBranch ? takenLocal : nextLocal;
        if (local && (target.gpa ^ gpa) >>> 12 != 0) {
            return;
        }
        if (byBranch) {
            taken = target;
        } else {
            next = target;
        }
    }

    /**
     * Its page was written: it is never entered again, and if it is running, it stops before its next operation.
     *
     * @return whether it was translated
     */
    boolean kill() {
        boolean was = translated != null;
        translated = null;
        valid = false;
        stamp = FetchStamps.NEVER;
        Arrays.fill(ops, Stop.OP);
        end = Stop.OP;
        taken = null;
        next = null;
        return was;
    }
}
