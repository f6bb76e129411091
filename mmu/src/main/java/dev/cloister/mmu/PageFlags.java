package dev.cloister.mmu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What is known of each page of one region: written since the tracking began, holding decoded code, written past {@link GuestMemory}.
 * Any thread. Flags are changed atomically; a writer stores its data, then looks at the flags ({@link #wrote}), with a full fence
 * between the two, and who sets a flag reads the data after that, again with a full fence: at least one of the two sees the other.
 */
final class PageFlags {
    /** The page was written while dirty tracking was on. */
    static final byte DIRTY = 1;
    /** A view of the page was handed out: it may change at any time without notice. */
    static final byte EXPOSED = 2;

    private static final int PAGE_SHIFT = 12;
    private static final int LINE_SHIFT = 6;
    private static final int LINES = 64;
    private static final VarHandle FLAGS = MethodHandles.arrayElementVarHandle(byte[].class);
    private static final VarHandle LINE_MASKS = MethodHandles.arrayElementVarHandle(long[].class);

    private final WriteWatch watch;
    private final long gpa;
    private final boolean watchable;
    private final byte[] flags;
    /** For each page the 64-byte lines of which instructions are kept decoded; empty until the first is. */
    private volatile long[] lines = {};

    PageFlags(WriteWatch watch, Region region) {
        this.watch = watch;
        this.gpa = region.gpa();
        this.watchable = region.kind().watchable();
        this.flags = new byte[Math.toIntExact(region.host().byteSize() >>> PAGE_SHIFT)];
    }

    private byte get(int page) {
        return (byte) FLAGS.getAcquire(flags, page);
    }

    private long codeLines(int page) {
        long[] masks = lines;
        return masks.length == 0 ? 0 : (long) LINE_MASKS.getAcquire(masks, page);
    }

    /**
     * To be called after bytes were written to the region.
     *
     * @param offset first byte written, from the region's start
     * @param length how many, at least 1
     */
    void wrote(long offset, long length) {
        VarHandle.fullFence();
        int last = (int) (offset + length - 1 >>> PAGE_SHIFT);
        for (int page = (int) (offset >>> PAGE_SHIFT); page <= last; page++) {
            if (watch.isTracking() && (get(page) & DIRTY) == 0) {
                FLAGS.getAndBitwiseOr(flags, page, DIRTY);
            }
            long code = codeLines(page);
            if (code != 0) {
                wroteCode(page, code, offset, length);
            }
        }
    }

    private void wroteCode(int page, long code, long offset, long length) {
        long start = (long) page << PAGE_SHIFT;
        int first = (int) Math.max(offset - start, 0);
        int end = (int) Math.min(offset + length - start, GuestMemory.PAGE_BYTES);
        if ((code & lineMask(first, end)) != 0) {
            forgetCode(page);
        }
    }

    /** Whoever decodes from the page after this marks it again, and sees what was written before. */
    private void forgetCode(int page) {
        if (lines.length != 0 && (long) LINE_MASKS.getAndSet(lines, page, 0L) != 0) {
            watch.codeWritten(gpa + ((long) page << PAGE_SHIFT));
        }
    }

    private static long lineMask(int first, int end) {
        int low = first >>> LINE_SHIFT;
        int high = end - 1 >>> LINE_SHIFT;
        return -1L >>> (LINES - 1 - high + low) << low;
    }

    /**
     * Marks bytes of one page as decoded. The bytes must be read after this.
     *
     * @return 0 if the page held decoded code before, the new epoch if it did not, -1 if writes to it can't be watched
     */
    long markCode(long offset, int length) {
        int page = (int) (offset >>> PAGE_SHIFT);
        if (!watchable || (get(page) & EXPOSED) != 0) {
            return -1;
        }
        int first = (int) offset & GuestMemory.PAGE_BYTES - 1;
        long before = (long) LINE_MASKS.getAndBitwiseOr(lineMasks(), page, lineMask(first, first + length));
        return before == 0 ? watch.shrank() : 0;
    }

    private long[] lineMasks() {
        if (lines.length == 0) {
            synchronized (flags) {
                if (lines.length == 0) {
                    lines = new long[flags.length];
                }
            }
        }
        return lines;
    }

    /** Whether a page may be written without a look at its flags until something shrinks. */
    boolean isFreeToWrite(long offset) {
        int page = (int) (offset >>> PAGE_SHIFT);
        return codeLines(page) == 0 && (!watch.isTracking() || (get(page) & (DIRTY | EXPOSED)) != 0);
    }

    boolean isCode(long offset) {
        return codeLines((int) (offset >>> PAGE_SHIFT)) != 0;
    }

    /** A view of these bytes goes to someone who writes them without telling. */
    void expose(long offset, long length) {
        int last = (int) (offset + Math.max(length, 1) - 1 >>> PAGE_SHIFT);
        for (int page = (int) (offset >>> PAGE_SHIFT); page <= last && page < flags.length; page++) {
            FLAGS.getAndBitwiseOr(flags, page, EXPOSED);
            forgetCode(page);
        }
    }

    void clearDirty() {
        for (int page = 0; page < flags.length; page++) {
            FLAGS.getAndBitwiseAnd(flags, page, (byte) ~DIRTY);
        }
    }

    /** Hands over and forgets the dirty pages; exposed pages always count as dirty. */
    void collectDirty(WriteWatch.PageSink into) {
        for (int page = 0; page < flags.length; page++) {
            byte now = get(page);
            if ((now & DIRTY) != 0) {
                FLAGS.getAndBitwiseAnd(flags, page, (byte) ~DIRTY);
            }
            if ((now & (DIRTY | EXPOSED)) != 0) {
                into.page(gpa + ((long) page << PAGE_SHIFT));
            }
        }
    }
}
