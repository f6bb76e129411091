package dev.cloister.vmm.engine;

import java.util.ArrayList;
import java.util.List;

/**
 * The last exits of one vCPU, for fault reports. Written by the vCPU thread alone; read after it stopped or, at worst slightly torn,
 * for a query. Adjacent exits that are the same in kind, place and size share one entry with a count, so a polling loop does not
 * push out what led to it.
 */
public final class ExitRing {
    /** Entries kept; a power of two. */
    static final int CAPACITY = 16;

    private static final ExitKind[] KINDS = ExitKind.values();

    private final byte[] kinds = new byte[CAPACITY];
    private final int[] sizes = new int[CAPACITY];
    private final long[] places = new long[CAPACITY];
    private final long[] values = new long[CAPACITY];
    private final long[] repeats = new long[CAPACITY];
    private long next;

    /** Records an exit. {@code place} is a port, gpa or KVM's detail; {@code value} what was moved. */
    public void add(ExitKind kind, long place, int size, long value) {
        int lastIndex = (int) (next - 1) & CAPACITY - 1;
        if (next > 0
                && kinds[lastIndex] == (byte) kind.index()
                && places[lastIndex] == place
                && sizes[lastIndex] == size) {
            values[lastIndex] = value;
            repeats[lastIndex]++;
            return;
        }
        int index = (int) next & CAPACITY - 1;
        kinds[index] = (byte) kind.index();
        places[index] = place;
        sizes[index] = size;
        values[index] = value;
        repeats[index] = 1;
        next++;
    }

    /** The entries as text, oldest first. */
    List<String> describe() {
        List<String> lines = new ArrayList<>(CAPACITY);
        for (long i = Math.max(0, next - CAPACITY); i < next; i++) {
            lines.add(describe((int) i & CAPACITY - 1));
        }
        return lines;
    }

    private String describe(int index) {
        String line = text(KINDS[kinds[index]], places[index], sizes[index], values[index]);
        return repeats[index] > 1 ? line + " (" + repeats[index] + " times)" : line;
    }

    /** One exit as text. */
    public static String text(ExitKind kind, long place, int size, long value) {
        StringBuilder line = new StringBuilder(64).append(kind.label());
        switch (kind) {
            case IO_IN, IO_OUT -> line.append(" port 0x").append(Long.toHexString(place));
            case MMIO_READ, MMIO_WRITE -> line.append(" gpa 0x").append(Long.toHexString(place));
            case EMULATION_FAILURE, RDMSR, WRMSR -> line.append(" 0x").append(Long.toHexString(place));
            default -> {
                // Nothing but the kind is known.
            }
        }
        if (size > 0) {
            line.append(" size ").append(size).append(" value 0x").append(Long.toHexString(value));
        }
        return line.toString();
    }
}
