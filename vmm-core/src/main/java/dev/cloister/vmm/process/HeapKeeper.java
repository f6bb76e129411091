package dev.cloister.vmm.process;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Keeps this process's Java heap near what is used of it. The JVM's serial collector lets the old generation grow to the heap's limit
 * before it looks what of it is still wanted, and decoded guest code that a guest has written over is old by then. Every two seconds the
 * size that the heap has taken from the host is compared with what it was after the last collection of everything; where it has grown by
 * a quarter, everything is collected. A heap below {@value #FLOOR} bytes is left alone, so a guest that is executed by KVM never
 * notices.
 */
public final class HeapKeeper implements AutoCloseable {
    /** Bytes that are never worth a collection. */
    static final long FLOOR = 40L << 20;

    /** The least growth, in bytes, that is. */
    static final long STEP = 16L << 20;

    private static final long PERIOD_SECONDS = 2;
    private static final int GROWTH = 4;

    private final LongSupplier committed;
    private final Runnable collector;
    private final CountDownLatch closed = new CountDownLatch(1);
    /** The heap's size after the last collection. */
    private long kept;

    /**
     * Makes one without a thread.
     *
     * @param committed the heap's size now, in bytes
     * @param collector collects everything, and returns then
     */
    HeapKeeper(LongSupplier committed, Runnable collector) {
        this.committed = committed;
        this.collector = collector;
    }

    /**
     * Keeps this process's heap from now on, by a thread of its own. To be called before the process enters its sandbox.
     *
     * @return ends the thread when it is closed
     */
    public static HeapKeeper start() {
        HeapKeeper keeper = new HeapKeeper(() -> Runtime.getRuntime().totalMemory(), System::gc);
        Thread.ofPlatform().name("heap").daemon().start(keeper::keep);
        return keeper;
    }

    private void keep() {
        try {
            while (!closed.await(PERIOD_SECONDS, TimeUnit.SECONDS)) {
                look();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Compares, and collects where that is due. */
    void look() {
        if (committed.getAsLong() > Math.max(FLOOR, kept + Math.max(STEP, kept / GROWTH))) {
            collector.run();
            kept = committed.getAsLong();
        }
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
