package dev.cloister.devices.virtio;

import dev.cloister.devices.MmioDevice;
import java.util.Arrays;

/**
 * The way to the transport's registers through configuration space, for drivers that can't reach memory (virtio 1.2, 4.1.4.9). Any
 * thread.
 */
final class ConfigAccess extends VendorCapability {
    private static final int BAR = 1;
    private static final int OFFSET = 2;
    private static final int LENGTH = 3;
    private static final int DATA = 4;

    private final int bar;
    private final MmioDevice registers;
    private final long bytes;
    private final int[] words = new int[DATA];

    /** The way to the registers behind a base address register. */
    ConfigAccess(int bar, MmioDevice registers, long bytes) {
        super(CONFIG_ACCESS, 0, 0, 0, 0);
        this.bar = bar;
        this.registers = registers;
        this.bytes = bytes;
    }

    @Override
    public int read(int word) {
        if (word == 0) {
            return super.read(word);
        }
        synchronized (words) {
            return word == DATA ? access(false, 0) : words[word];
        }
    }

    @Override
    public void write(int word, int value, int mask) {
        if (word == 0) {
            return;
        }
        synchronized (words) {
            if (word == DATA) {
                access(true, value);
            } else {
                int writable = word == BAR ? mask & 0xff : mask;
                words[word] = words[word] & ~writable | value & writable;
            }
        }
    }

    @Override
    public void reset() {
        synchronized (words) {
            Arrays.fill(words, 0);
        }
    }

    private int access(boolean write, int value) {
        int size = words[LENGTH];
        long offset = Integer.toUnsignedLong(words[OFFSET]);
        boolean allowed = (size == 1 || size == 2 || size == Integer.BYTES) && offset % size == 0 && words[BAR] == bar;
        if (!allowed || offset + size > bytes) {
            return -1;
        }
        if (write) {
            registers.write(offset, size, value & -1L >>> Long.SIZE - Byte.SIZE * size);
            return 0;
        }
        return (int) registers.read(offset, size);
    }
}
