package dev.cloister.mmu;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Tells of writes to one guest's memory: which pages were written since the tracking began, and which of them held decoded code. One
 * per {@link GuestMemory}. Any thread.
 *
 * <p><b>How it works with processors that write past {@link GuestMemory}.</b> A software TLB may write a page directly while nobody needs
 * to know. When that ends (the page gets decoded code, the tracking begins or is collected, a region goes away), the {@link #epoch}
 * advances. Each processor compares it at the end of every block, by {@link Observer#poll}, and drops what it may no longer use. Until
 * all processors inside guest code have done so, {@link #isSettled} is false: they may still be writing as before.
 */
public final class WriteWatch {
    /** Receives pages. */
    @FunctionalInterface
    public interface PageSink {
        /**
         * Takes one page.
         *
         * @param gpa its guest-physical address, a multiple of {@link GuestMemory#PAGE_BYTES}
         */
        void page(long gpa);
    }

    /** What {@link Observer#markCode} did. */
    public enum Mark {
        /** The page held no decoded code: the caller drops its own way to write the page unnoticed. */
        FIRST,
        /** The page held decoded code already. */
        FURTHER,
        /** Others may change the page without notice, or there is no memory: nothing decoded from it may be kept. */
        REFUSED
    }

    /** How many written code pages are remembered for processors that haven't polled; more make them drop all code. */
    private static final int LOG = 256;

    private final List<Observer> observers = new CopyOnWriteArrayList<>();
    private final long[] log = new long[LOG];
    private final Object lock = new Object();
    /** Advances with everything that a processor must notice. */
    private volatile long epoch;
    /** The epoch at which writes without a look at the flags last became less free. */
    private volatile long shrunk;
    /** The epoch at which the regions last changed. */
    private volatile long remapped;
    /** How many code pages were ever written. */
    private volatile long codeWrites;

    private volatile boolean tracking;

    private final GuestMemory memory;

    WriteWatch(GuestMemory memory) {
        this.memory = memory;
    }

    boolean isTracking() {
        return tracking;
    }

    /**
     * Counts everything that processors must notice: writes to decoded code, and the end of the freedom to write pages unnoticed.
     *
     * @return a number that never gets smaller
     */
    public long epoch() {
        return epoch;
    }

    /**
     * Whether a page may be written past {@link GuestMemory} now, until the epoch advances: it is writable memory, holds no decoded code,
     * and is dirty already if that is tracked.
     *
     * @param gpa any guest-physical address
     * @return false also where there is no memory
     */
    public boolean isFreeToWrite(long gpa) {
        RegionTable table = memory.table();
        int index = table.find(gpa);
        return index >= 0 && table.isWritable(index) && table.flags(index).isFreeToWrite(table.offset(index, gpa));
    }

    /**
     * Whether every processor inside guest code has noticed all that was to be noticed.
     *
     * @return true if no processor writes a page unnoticed that must be noticed
     */
    public boolean isSettled() {
        return isSettledBut(null);
    }

    private boolean isSettledBut(Observer exempt) {
        long needed = Math.max(shrunk, remapped);
        for (Observer observer : observers) {
            if (observer != exempt && !observer.hasNoticed(needed)) {
                return false;
            }
        }
        return true;
    }

    long shrank() {
        synchronized (lock) {
            shrunk = ++epoch;
            return shrunk;
        }
    }

    void remapped() {
        synchronized (lock) {
            remapped = ++epoch;
        }
    }

    void codeWritten(long gpa) {
        synchronized (lock) {
            log[(int) (codeWrites % LOG)] = gpa;
            codeWrites++;
            epoch++;
        }
    }

    /**
     * Begins the tracking of written pages: from now on all of the RAM counts as unwritten. Pages of which a writable view was handed out
     * ({@link GuestMemory#slice}) always count as written; memory shared with others isn't tracked.
     */
    public void startTracking() {
        synchronized (lock) {
            tracking = true;
            memory.flags().forEach(PageFlags::clearDirty);
            shrunk = ++epoch;
        }
    }

    /** Ends the tracking of written pages. */
    public void stopTracking() {
        tracking = false;
    }

    /**
     * Hands over the pages written since the tracking began or since the last call, lowest first in each region, and counts them as
     * unwritten again. A processor inside guest code may go on writing a page just handed over until it polls: read the pages once {@link
     * #isSettled}, or while the processors stand still.
     *
     * @param into receives the pages; it must not block
     */
    public void collectWritten(PageSink into) {
        synchronized (lock) {
            memory.flags().forEach(flags -> flags.collectDirty(into));
            shrunk = ++epoch;
        }
    }

    /**
     * Joins a processor. Its observer starts outside guest code.
     *
     * @param code what keeps decoded code and forgets it
     * @return the processor's own side of the watch
     */
    public Observer observe(CodeWatcher code) {
        Observer observer = new Observer(code);
        observers.add(observer);
        return observer;
    }

    /**
     * One processor's side of the watch. All but {@link #hasNoticed} belongs to the processor's thread. Between {@link #enter} and {@link
     * #leave} the processor may write pages unnoticed; it polls at the end of every block.
     */
    public final class Observer implements AutoCloseable {
        /** Something ended that the processor had been free to do: its caches may hold on to nothing of that. */
        public static final int WRITES = 1;
        /** The regions changed. */
        public static final int REGIONS = 2;

        private final CodeWatcher code;
        private long codeSeen;
        private long seen;
        private volatile long noticed;
        private volatile boolean inside;

        private Observer(CodeWatcher code) {
            this.code = code;
            synchronized (lock) {
                codeSeen = codeWrites;
                seen = epoch;
                noticed = seen;
            }
        }

        /**
         * Marks bytes as decoded, so that writes to them are told. The bytes must be read (again) after this.
         *
         * @param gpa guest-physical address of the first byte
         * @param length 1 or more; all in one page
         * @return whether this was the first mark on its page, the page's writes can't be watched, or neither
         */
        public Mark markCode(long gpa, int length) {
            long marked = memory.markCode(gpa, length);
            if (marked < 0) {
                return Mark.REFUSED;
            }
            if (marked > 0 && seen == marked - 1) {
                // Nothing but this own mark has happened: the caller drops what concerns the page.
                seen = marked;
                noticed = marked;
            }
            return marked > 0 ? Mark.FIRST : Mark.FURTHER;
        }

        private boolean hasNoticed(long needed) {
            return !inside || noticed >= needed;
        }

        /** The processor begins to execute guest code; {@link #poll} must follow before its first access. */
        public void enter() {
            inside = true;
        }

        /** The processor stops executing guest code: it writes nothing until {@link #enter}. */
        public void leave() {
            inside = false;
        }

        /**
         * Whether {@link #poll} has something to do. A volatile read and a comparison.
         *
         * @return true if the epoch has advanced
         */
        public boolean isBehind() {
            return seen != epoch;
        }

        /**
         * Notices what has happened since the last call: tells the code watcher of every code page written, and the caller what else to
         * drop. After dropping it the caller calls {@link #confirm}.
         *
         * @return a sum of {@link #WRITES} and {@link #REGIONS}, or 0
         */
        public int poll() {
            long before = seen;
            synchronized (lock) {
                long now = codeWrites;
                if (now - codeSeen > LOG) {
                    code.writtenAnywhere();
                } else {
                    for (; codeSeen < now; codeSeen++) {
                        code.written(log[(int) (codeSeen % LOG)]);
                    }
                }
                codeSeen = now;
                seen = epoch;
                return (shrunk > before ? WRITES : 0) | (remapped > before ? REGIONS : 0);
            }
        }

        /** What {@link #poll} asked for is done. */
        public void confirm() {
            noticed = seen;
        }

        /**
         * Whether all other processors have noticed all that was to be noticed, so that what this one decodes now may be kept.
         *
         * @return true if no other processor writes unnoticed what must be noticed
         */
        public boolean isAloneOrSettled() {
            return isSettledBut(this);
        }

        /** The processor is gone. */
        @Override
        public void close() {
            inside = false;
            observers.remove(this);
        }
    }
}
