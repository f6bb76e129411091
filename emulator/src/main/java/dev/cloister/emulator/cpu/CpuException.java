package dev.cloister.emulator.cpu;

import dev.cloister.emulator.Executor;

/**
 * An architectural exception on its way from where it was found to {@link Executor}. Each processor preallocates one, and
 * it carries no stack trace, because faults are ordinary events of a guest. Implementations of {@link LinearMemory}
 * raise theirs with {@link #pageFault}.
 */
public final class CpuException extends RuntimeException {
    /** Divide error. */
    public static final int DE = 0;
    /** Debug. */
    public static final int DB = 1;
    /** Non-maskable interrupt. */
    public static final int NMI = 2;
    /** Breakpoint. */
    public static final int BP = 3;
    /** Overflow. */
    public static final int OF = 4;
    /** BOUND range exceeded. */
    public static final int BR = 5;
    /** Invalid opcode. */
    public static final int UD = 6;
    /** Device not available. */
    public static final int NM = 7;
    /** Double fault. */
    public static final int DF = 8;
    /** Invalid TSS. */
    public static final int TS = 10;
    /** Segment not present. */
    public static final int NP = 11;
    /** Stack fault. */
    public static final int SS = 12;
    /** General protection. */
    public static final int GP = 13;
    /** Page fault. */
    public static final int PF = 14;
    /** x87 floating-point error. */
    public static final int MF = 16;
    /** Alignment check. */
    public static final int AC = 17;
    /** SIMD floating-point exception. */
    public static final int XM = 19;
    /** Not an architectural vector: the executor doesn't implement what was asked. */
    public static final int UNSUPPORTED = -1;
    /** Not an architectural vector: the instruction waits on itself until an interrupt comes (an x87 error with CR0.NE clear). */
    public static final int WAITING = -2;

    private static final long serialVersionUID = 1;

    private int vector;
    private int errorCode;
    private long faultAddress;
    private String reason = "";

    /** Makes a reusable exception. */
    public CpuException() {
        super(null, null, false, false);
    }

    /**
     * Fills this object for a throw.
     *
     * @param vector 0 to 31
     * @param errorCode the error code, 0 where the vector has none
     * @return this
     */
    public CpuException with(int vector, int errorCode) {
        this.vector = vector;
        this.errorCode = errorCode;
        this.reason = "";
        return this;
    }

    /**
     * Fills this object with a page fault.
     *
     * @param linear the address that goes to CR2
     * @param errorCode as Intel SDM vol. 3, 4.7
     * @return this
     */
    public CpuException pageFault(long linear, int errorCode) {
        faultAddress = linear;
        return with(PF, errorCode);
    }

    public CpuException unsupported(String what) {
        with(UNSUPPORTED, 0);
        reason = what;
        return this;
    }

    /**
     * The vector.
     *
     * @return 0 to 31
     */
    public int vector() {
        return vector;
    }

    /**
     * The error code.
     *
     * @return 0 where the vector has none
     */
    public int errorCode() {
        return errorCode;
    }

    /**
     * The linear address of a page fault.
     *
     * @return meaningful for vector 14 only
     */
    public long faultAddress() {
        return faultAddress;
    }

    public String reason() {
        return reason;
    }

    /**
     * Whether a vector pushes an error code (Intel SDM vol. 3, table 6-1).
     *
     * @param vector 0 to 255
     * @return true for 8, 10 to 14, 17 and 21
     */
    public static boolean hasErrorCode(int vector) {
        return vector == DF || vector >= TS && vector <= PF || vector == AC || vector == 21;
    }

    @Override
    public String getMessage() {
        return vector == UNSUPPORTED
                ? "unsupported: " + reason
                : "exception " + vector + " error 0x" + Integer.toHexString(errorCode);
    }
}
