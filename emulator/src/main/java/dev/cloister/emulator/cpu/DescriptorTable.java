package dev.cloister.emulator.cpu;

/** GDTR or IDTR: a linear base and a limit. Mutable, one thread at a time. */
public final class DescriptorTable {
    private long base;
    private int limit;

    public DescriptorTable() {}

    /**
     * Replaces the register.
     *
     * @param base linear address of the table
     * @param limit offset of the last byte, 0 to 65535
     */
    public void set(long base, int limit) {
        this.base = base;
        this.limit = limit & 0xFFFF;
    }

    /**
     * Linear address of the table.
     *
     * @return the base
     */
    public long base() {
        return base;
    }

    /**
     * Offset of the table's last byte.
     *
     * @return 0 to 65535
     */
    public int limit() {
        return limit;
    }
}
