package dev.cloister.mmu;

import java.util.Locale;

/**
 * An access to guest-physical memory that is refused. The guest can cause it at will, so it is cheap: it carries no stack trace and
 * composes its message only when asked. It is unchecked because most callers let it travel to the one place that turns it into what
 * the machine does for an address without memory.
 */
public final class GuestMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final long gpa;
    private final long size;
    private final Access access;
    private final Reason reason;

    /** What was tried. */
    public enum Access {
        /** A read. */
        READ,
        /** A write. */
        WRITE,
        /** A compare-and-set, acquire load or release store. */
        ATOMIC,
        /** A request for a view of host memory. */
        SLICE
    }

    /** Why it was refused. */
    public enum Reason {
        /** No region holds the first byte of the access that failed, or the access runs past the last guest-physical address. */
        UNBACKED,
        /** The region may only be read. */
        READ_ONLY,
        /** An atomic access that is not naturally aligned. */
        MISALIGNED,
        /** A slice that no single region holds. */
        CROSSES_REGIONS
    }

    /**
     * A refusal.
     *
     * @param gpa first guest-physical address of the whole access
     * @param size its length in bytes
     * @param access what was tried
     * @param reason why it was refused
     */
    public GuestMemoryException(long gpa, long size, Access access, Reason reason) {
        super(null, null, false, false);
        this.gpa = gpa;
        this.size = size;
        this.access = access;
        this.reason = reason;
    }

    /**
     * Where the access began.
     *
     * @return the first guest-physical address of the access
     */
    public long gpa() {
        return gpa;
    }

    /**
     * How long the access was.
     *
     * @return its length in bytes
     */
    public long size() {
        return size;
    }

    /**
     * What was tried.
     *
     * @return the kind of access
     */
    public Access access() {
        return access;
    }

    /**
     * Why it was refused.
     *
     * @return the reason
     */
    public Reason reason() {
        return reason;
    }

    @Override
    public String getMessage() {
        String why = switch (reason) {
            case UNBACKED -> "not all of it is backed by memory";
            case READ_ONLY -> "the memory there is read-only";
            case MISALIGNED -> "an atomic access must be naturally aligned";
            case CROSSES_REGIONS -> "no single region holds it";
        };
        return "guest-physical " + access.name().toLowerCase(Locale.ROOT) + " of " + size + " bytes at 0x"
                + Long.toHexString(gpa) + ": " + why;
    }
}
