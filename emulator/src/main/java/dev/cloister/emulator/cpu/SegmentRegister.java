package dev.cloister.emulator.cpu;

/**
 * A segment register with its hidden part. The attribute word has the layout of bits 8-23 of a descriptor's second
 * double word, shifted down (Intel SDM vol. 3, 24.4.1): type in bits 0-3, S 4, DPL 5-6, P 7, AVL 12, L 13, D/B 14, G 15;
 * bit 16 marks a register that is unusable (a null selector was loaded). Mutable, one thread at a time.
 */
public final class SegmentRegister {
    /** Attribute bit: accessed (type bit 0). */
    public static final int ACCESSED = 1;
    /** Attribute bit: writable data or readable code (type bit 1). */
    public static final int WRITABLE = 1 << 1;
    /** Attribute bit: expand-down data or conforming code (type bit 2). */
    public static final int CONFORMING = 1 << 2;
    /** Attribute bit: executable (type bit 3). */
    public static final int CODE = 1 << 3;
    /** Attribute bit: code or data, not a system descriptor. */
    public static final int NON_SYSTEM = 1 << 4;
    /** Attribute bit: present. */
    public static final int PRESENT = 1 << 7;
    /** Attribute bit: available to software. */
    public static final int AVAILABLE = 1 << 12;
    /** Attribute bit: 64-bit code. */
    public static final int LONG = 1 << 13;
    /** Attribute bit: default size 32. */
    public static final int DEFAULT_BIG = 1 << 14;
    /** Attribute bit: the descriptor's limit counts 4 KiB pages. */
    public static final int GRANULARITY = 1 << 15;
    /** Attribute bit: nothing may be reached through this register. */
    public static final int UNUSABLE = 1 << 16;

    private int selector;
    private long base;
    private int limit;
    private int attributes;

    public SegmentRegister() {}

    /**
     * Replaces the base alone.
     *
     * @param value linear base address
     */
    public void setBase(long value) {
        base = value;
    }

    /**
     * Replaces the whole register.
     *
     * @param selector the visible part, 16 bits
     * @param base linear base address
     * @param limit byte-granular limit, unsigned 32 bits
     * @param attributes the attribute word described above
     */
    public void set(int selector, long base, int limit, int attributes) {
        this.selector = selector & 0xFFFF;
        this.base = base;
        this.limit = limit;
        this.attributes = attributes;
    }

    /**
     * The visible part.
     *
     * @return 0 to 65535
     */
    public int selector() {
        return selector;
    }

    /**
     * The linear base address.
     *
     * @return 32 bits, or 64 for FS, GS, LDTR and TR in long mode
     */
    public long base() {
        return base;
    }

    /**
     * The byte-granular limit.
     *
     * @return the highest offset, an unsigned 32-bit number in an int
     */
    public int limit() {
        return limit;
    }

    /**
     * The attribute word.
     *
     * @return bits as described at the class
     */
    public int attributes() {
        return attributes;
    }

    /**
     * The descriptor type.
     *
     * @return 0 to 15
     */
    public int type() {
        return attributes & 15;
    }

    /**
     * The descriptor privilege level.
     *
     * @return 0 to 3
     */
    public int dpl() {
        return attributes >> 5 & 3;
    }

    /**
     * Tests attribute bits.
     *
     * @param mask constants of this class
     * @return true when every one of them is set
     */
    public boolean has(int mask) {
        return (attributes & mask) == mask;
    }

    public void copyFrom(SegmentRegister other) {
        set(other.selector, other.base, other.limit, other.attributes);
    }

    /** Loads as real and virtual-8086 mode do: the base follows the selector, limit and type are kept in real mode. */
    public void loadReal(int value) {
        selector = value & 0xFFFF;
        base = (long) selector << 4;
    }
}
