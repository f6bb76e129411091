package dev.cloister.mmu;

import java.lang.foreign.MemorySegment;

/**
 * A run of guest-physical addresses with the host memory behind it.
 *
 * @param name what it is called in messages; unique in its memory
 * @param kind what may be done to it
 * @param gpa its first guest-physical address, a multiple of {@link GuestMemory#PAGE_BYTES}
 * @param host the host memory; a view that can't be written unless the kind is {@link Kind#RAM}
 */
public record Region(String name, Kind kind, long gpa, MemorySegment host) {
    /** What may be done to a region. */
    public enum Kind {
        /** Memory to read and write. */
        RAM,
        /** Firmware: a PC drops writes to it; {@link GuestMemory} refuses them, so that its caller can. */
        ROM,
        /** Memory that others write, such as an inbound channel window: writes are refused. */
        READ_ONLY
    }

    /**
     * A region; the host view of what may not be written becomes read-only here, so that no code path can write it by mistake (the
     * mapping behind it may be read-only, and a store to that would kill the process).
     *
     * @param name what it is called in messages
     * @param kind what may be done to it
     * @param gpa its first guest-physical address
     * @param host the host memory
     */
    public Region {
        if (kind != Kind.RAM) {
            host = host.asReadOnly();
        }
    }

    /**
     * Its length.
     *
     * @return its length in bytes
     */
    public long size() {
        return host.byteSize();
    }

    /**
     * Where it ends.
     *
     * @return the first guest-physical address after it
     */
    public long end() {
        return gpa + host.byteSize();
    }

    /**
     * Whether it may be written.
     *
     * @return true for RAM
     */
    public boolean writable() {
        return kind == Kind.RAM;
    }
}
