package dev.cloister.emulator.cpu;

/** The operating modes that change how instructions decode and execute (Intel SDM vol. 3, 2.2). */
public enum CpuMode {
    /** CR0.PE is clear. */
    REAL,
    /** Protected mode with RFLAGS.VM set. */
    VIRTUAL_8086,
    /** Protected mode, code segment with D clear. */
    PROTECTED_16,
    /** Protected mode, code segment with D set. */
    PROTECTED_32,
    /** Long mode active, 16-bit code segment. */
    COMPATIBILITY_16,
    /** Long mode active, 32-bit code segment. */
    COMPATIBILITY_32,
    /** Long mode active, code segment with L set. */
    LONG_64;

    /**
     * The default width of code in this mode.
     *
     * @return 16, 32 or 64
     */
    public int bits() {
        return switch (this) {
            case REAL, VIRTUAL_8086, PROTECTED_16, COMPATIBILITY_16 -> 16;
            case PROTECTED_32, COMPATIBILITY_32 -> 32;
            case LONG_64 -> 64;
        };
    }

    /**
     * Whether selectors index descriptor tables in this mode.
     *
     * @return false in real and virtual-8086 mode
     */
    public boolean usesDescriptors() {
        return this != REAL && this != VIRTUAL_8086;
    }

    /**
     * Whether EFER.LMA is in force.
     *
     * @return true in the 64-bit and both compatibility modes
     */
    public boolean isLong() {
        return this == LONG_64 || this == COMPATIBILITY_16 || this == COMPATIBILITY_32;
    }
}
