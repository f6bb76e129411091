package dev.cloister.devices.pci;

import dev.cloister.devices.MmioDevice;
import java.util.Arrays;

/**
 * MSI-X of one function (PCI 3.0, 6.8.2): the capability, the vector table and the pending bits. An interrupt that meets a masked
 * vector, or the function mask, stays pending and is sent when both are cleared. Any thread; allocates nothing.
 */
public final class MsiX implements PciCapability {
    /** The most vectors that a function may have. */
    public static final int MAX_VECTORS = 2048;

    /** Bytes of one entry of the table. */
    public static final int ENTRY_BYTES = 16;

    private static final int ID = 0x11;
    private static final int WORDS = 3;
    private static final int ENABLE = 1 << 31;
    private static final int FUNCTION_MASK = 1 << 30;
    private static final int CONTROL = ENABLE | FUNCTION_MASK;
    private static final int WORDS_PER_ENTRY = 4;
    private static final int MASKED = 1;

    private final MsiSink sink;
    private final int vectors;
    private final int tablePlace;
    private final int pendingPlace;
    private final int[] table;
    private final long[] pending;
    private int control;

    /**
     * A function's MSI-X, disabled, every vector masked.
     *
     * @param vectors how many, 1 to {@link #MAX_VECTORS}
     * @param bar the base address register in whose range table and pending bits are
     * @param tableOffset where the table begins there, a multiple of 8
     * @param pendingOffset where the pending bits begin there, a multiple of 8
     * @param sink where messages go
     */
    public MsiX(int vectors, int bar, int tableOffset, int pendingOffset, MsiSink sink) {
        if (vectors < 1 || vectors > MAX_VECTORS) {
            throw new IllegalArgumentException(vectors + " MSI-X vectors; expected 1 to " + MAX_VECTORS);
        }
        if ((tableOffset | pendingOffset) % Long.BYTES != 0) {
            throw new IllegalArgumentException("MSI-X table at 0x" + Integer.toHexString(tableOffset)
                    + ", pending bits at 0x" + Integer.toHexString(pendingOffset) + "; expected multiples of 8");
        }
        this.sink = sink;
        this.vectors = vectors;
        this.tablePlace = tableOffset | bar;
        this.pendingPlace = pendingOffset | bar;
        this.table = new int[vectors * WORDS_PER_ENTRY];
        this.pending = new long[(vectors + Long.SIZE - 1) / Long.SIZE];
        for (int i = 0; i < vectors; i++) {
            table[i * WORDS_PER_ENTRY + 3] = MASKED;
        }
    }

    /**
     * How many vectors there are.
     *
     * @return 1 to {@link #MAX_VECTORS}
     */
    public int vectors() {
        return vectors;
    }

    /**
     * Whether the guest uses MSI-X: then the function drives no interrupt pin.
     *
     * @return the enable bit
     */
    public synchronized boolean isEnabled() {
        return (control & ENABLE) != 0;
    }

    /**
     * Raises an interrupt. Without effect while MSI-X is disabled or if there is no such vector.
     *
     * @param vector 0 to {@link #vectors()} - 1; others are ignored
     */
    public synchronized void signal(int vector) {
        if ((control & ENABLE) == 0 || vector < 0 || vector >= vectors) {
            return;
        }
        if (isMasked(vector)) {
            pending[vector / Long.SIZE] |= 1L << vector;
        } else {
            send(vector);
        }
    }

    /** Disabled again, every vector masked, nothing pending. */
    @Override
    public synchronized void reset() {
        control = 0;
        Arrays.fill(pending, 0);
        Arrays.fill(table, 0);
        for (int i = 0; i < vectors; i++) {
            table[i * WORDS_PER_ENTRY + 3] = MASKED;
        }
    }

    private boolean isMasked(int vector) {
        return (control & FUNCTION_MASK) != 0 || (table[vector * WORDS_PER_ENTRY + 3] & MASKED) != 0;
    }

    private void send(int vector) {
        int at = vector * WORDS_PER_ENTRY;
        long address = Integer.toUnsignedLong(table[at]) | (long) table[at + 1] << Integer.SIZE;
        sink.send(address, table[at + 2]);
    }

    private void sendPending(int vector) {
        long bit = 1L << vector;
        if ((pending[vector / Long.SIZE] & bit) != 0 && (control & ENABLE) != 0 && !isMasked(vector)) {
            pending[vector / Long.SIZE] &= ~bit;
            send(vector);
        }
    }

    @Override
    public int id() {
        return ID;
    }

    @Override
    public int words() {
        return WORDS;
    }

    @Override
    public synchronized int read(int word) {
        return switch (word) {
            case 0 -> control | vectors - 1 << Short.SIZE;
            case 1 -> tablePlace;
            default -> pendingPlace;
        };
    }

    @Override
    public synchronized void write(int word, int value, int mask) {
        if (word != 0) {
            return;
        }
        int writable = mask & CONTROL;
        control = control & ~writable | value & writable;
        for (int i = 0; i < vectors; i++) {
            sendPending(i);
        }
    }

    /**
     * The vector table.
     *
     * @return a device of {@link #vectors()} times {@link #ENTRY_BYTES} bytes
     */
    public MmioDevice table() {
        return new Table();
    }

    /**
     * The pending bits.
     *
     * @return a device of 8 bytes for each 64 vectors or part of them
     */
    public MmioDevice pendingBits() {
        return new Pending();
    }

    /** Whole words or pairs of them (PCI 3.0, 6.8.2: other accesses are undefined; here they read right and write nothing). */
    private final class Table implements MmioDevice {
        @Override
        public long read(long offset, int size) {
            synchronized (MsiX.this) {
                long value = 0;
                for (int i = 0; i < size; i++) {
                    int at = (int) offset + i;
                    int word = at / Integer.BYTES;
                    int byteOfIt = word < table.length ? table[word] >>> Byte.SIZE * (at % Integer.BYTES) : 0;
                    value |= (byteOfIt & 0xffL) << Byte.SIZE * i;
                }
                return value;
            }
        }

        @Override
        public void write(long offset, int size, long value) {
            if (size < Integer.BYTES || offset % size != 0) {
                return;
            }
            synchronized (MsiX.this) {
                int word = (int) offset / Integer.BYTES;
                writeWord(word, (int) value);
                if (size == Long.BYTES) {
                    writeWord(word + 1, (int) (value >>> Integer.SIZE));
                }
            }
        }
    }

    private void writeWord(int word, int value) {
        if (word >= table.length) {
            return;
        }
        boolean vectorControl = word % WORDS_PER_ENTRY == 3;
        // The address is a multiple of 4, the other bits of the vector control are reserved.
        int writable = vectorControl ? MASKED : word % WORDS_PER_ENTRY == 0 ? ~3 : -1;
        table[word] = value & writable;
        if (vectorControl) {
            sendPending(word / WORDS_PER_ENTRY);
        }
    }

    private final class Pending implements MmioDevice {
        @Override
        public long read(long offset, int size) {
            synchronized (MsiX.this) {
                long value = 0;
                for (int i = 0; i < size; i++) {
                    int at = (int) offset + i;
                    long bits = at / Long.BYTES < pending.length ? pending[at / Long.BYTES] : 0;
                    value |= (bits >>> Byte.SIZE * (at % Long.BYTES) & 0xffL) << Byte.SIZE * i;
                }
                return value;
            }
        }

        @Override
        public void write(long offset, int size, long value) {
            // Read-only (PCI 3.0, 6.8.2.10).
        }
    }
}
