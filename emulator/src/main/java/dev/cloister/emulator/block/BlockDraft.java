package dev.cloister.emulator.block;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A block while it is being built. */
final class BlockDraft {
    final long rip;
    final long gpa;
    final BlockMode mode;
    int count;
    int length;
    long takenRip;
    long nextRip;

    private final List<Op> operations = new ArrayList<>();
    private final List<int[]> places = new ArrayList<>();
    private @Nullable Op end;
    private int endPlace;
    private int endOrdinal;

    BlockDraft(long rip, long gpa, BlockMode mode) {
        this.rip = rip;
        this.gpa = gpa;
        this.mode = mode;
    }

    /** Adds an operation that begins at a distance from the start, with so many instructions before it. */
    void add(Op op, int place, int ordinal) {
        operations.add(op);
        places.add(new int[] {place, ordinal});
    }

    /** Sets the last operation; before or after {@link #add}. */
    void finish(Op op, int place, int ordinal) {
        end = op;
        endPlace = place;
        endOrdinal = ordinal;
    }

    Op[] operations() {
        return operations.toArray(Op[]::new);
    }

    Op end() {
        if (end == null) {
            throw new IllegalStateException("the block has no end");
        }
        return end;
    }

    short[] places() {
        short[] all = new short[places.size() + 1];
        for (int n = 0; n < places.size(); n++) {
            all[n] = (short) places.get(n)[0];
        }
        all[places.size()] = (short) endPlace;
        return all;
    }

    byte[] ordinals() {
        byte[] all = new byte[places.size() + 1];
        for (int n = 0; n < places.size(); n++) {
            all[n] = (byte) places.get(n)[1];
        }
        all[places.size()] = (byte) endOrdinal;
        return all;
    }
}
