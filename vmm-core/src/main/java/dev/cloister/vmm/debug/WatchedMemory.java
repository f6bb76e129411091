package dev.cloister.vmm.debug;

import dev.cloister.emulator.cpu.LinearMemory;
import org.jspecify.annotations.Nullable;

/**
 * Linear memory that notices accesses to watched ranges. Stands between an {@link dev.cloister.emulator.Executor} and its real memory
 * when a debugger may come; one thread.
 */
public final class WatchedMemory implements LinearMemory {
    private final LinearMemory memory;
    private StopPlan plan = StopPlan.EMPTY;
    private @Nullable StopPoint touched;
    private long address;

    /**
     * Watches a memory.
     *
     * @param memory where accesses go
     */
    public WatchedMemory(LinearMemory memory) {
        this.memory = memory;
    }

    /** Forgets what was touched; from now on this plan counts. */
    void begin(StopPlan next) {
        plan = next;
        touched = null;
    }

    /** The stop point that was touched first since {@link #begin}, or null. */
    @Nullable
    StopPoint touched() {
        return touched;
    }

    /** Where it was touched. */
    long address() {
        return address;
    }

    private void note(long linear, int size, boolean read, boolean write) {
        if (touched == null && plan.watchesData()) {
            touched = plan.touched(linear, size, read, write);
            address = linear;
        }
    }

    @Override
    public long read(long linear, int size, int access) {
        long value = memory.read(linear, size, access);
        note(linear, size, true, false);
        return value;
    }

    @Override
    public void write(long linear, int size, long value, int access) {
        memory.write(linear, size, value, access);
        note(linear, size, false, true);
    }

    @Override
    public void probe(long linear, int length, int access) {
        memory.probe(linear, length, access);
    }

    @Override
    public long compareAndExchange(long linear, int size, long expected, long value, int access) {
        long found = memory.compareAndExchange(linear, size, expected, value, access);
        note(linear, size, true, true);
        return found;
    }

    @Override
    public boolean compareAndExchange16(long linear, long[] expected, long low, long high, int access) {
        boolean equal = memory.compareAndExchange16(linear, expected, low, high, access);
        note(linear, 16, true, true);
        return equal;
    }

    @Override
    public void refresh() {
        memory.refresh();
    }

    @Override
    public void loadedCr3(boolean keep) {
        memory.loadedCr3(keep);
    }

    @Override
    public void invalidateTranslation(long linear) {
        memory.invalidateTranslation(linear);
    }

    @Override
    public void invalidatePcid(int type, int pcid, long linear) {
        memory.invalidatePcid(type, pcid, linear);
    }

    @Override
    public int fetch(long linear, byte[] into, int offset, int length, int access) {
        return memory.fetch(linear, into, offset, length, access);
    }
}
