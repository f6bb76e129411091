package dev.cloister.mmu;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * A run of guest-physical addresses, with the host memory behind it or the device that answers there.
 *
 * @param name what it is called in messages; unique in its memory
 * @param kind what may be done to it
 * @param gpa its first guest-physical address, a multiple of {@link GuestMemory#PAGE_BYTES}
 * @param size its length in bytes, a multiple of {@link GuestMemory#PAGE_BYTES}
 * @param host the host memory, a view that can't be written unless {@link Kind#writable()}; empty for a device
 * @param device what answers; a stand-in that answers nothing where there is memory
 */
public record Region(String name, Kind kind, long gpa, long size, MemorySegment host, DeviceWindow device) {
    /** What may be done to a region. */
    public enum Kind {
        /** Memory to read and write, written only through {@link GuestMemory}: writes can be watched. */
        RAM,
        /** Firmware: a PC drops writes to it; {@link GuestMemory} refuses them, so that its caller can. */
        ROM,
        /** Memory that others write, such as an inbound channel window: writes are refused. */
        READ_ONLY,
        /** Memory to read and write that others read or write too, past {@link GuestMemory}: writes to it can't be watched. */
        SHARED,
        /** A device's registers: no memory; {@link GuestMemory} refuses every access, its caller goes to {@link Region#device()}. */
        DEVICE;

        /**
         * Whether guest memory may be written there.
         *
         * @return true for RAM and SHARED
         */
        public boolean writable() {
            return this == RAM || this == SHARED;
        }

        /** Whether nobody but {@link GuestMemory} changes what is there while the guest runs. */
        boolean watchable() {
            return this == RAM || this == ROM;
        }
    }

    private static final DeviceWindow NOTHING = new DeviceWindow() {
        @Override
        public long read(long gpa, int size) {
            return -1L >>> (Long.SIZE - 8 * size);
        }

        @Override
        public void write(long gpa, int size, long value) {
            // A write to where nothing answers has no effect.
        }
    };

    /**
     * A region; the host view of what may not be written becomes read-only here, so that no code path can write it by mistake (the
     * mapping behind it may be read-only, and a store to that would kill the process).
     *
     * @param name what it is called in messages
     * @param kind what may be done to it
     * @param gpa its first guest-physical address
     * @param size its length in bytes
     * @param host the host memory
     * @param device what answers
     */
    public Region {
        Objects.requireNonNull(name);
        Objects.requireNonNull(device);
        if (!kind.writable()) {
            host = host.asReadOnly();
        }
    }

    /**
     * A region of memory.
     *
     * @param name what it is called in messages
     * @param kind what may be done to it; not {@link Kind#DEVICE}
     * @param gpa its first guest-physical address
     * @param host the host memory, a whole number of pages
     */
    public Region(String name, Kind kind, long gpa, MemorySegment host) {
        this(name, kind, gpa, host.byteSize(), host, NOTHING);
        if (kind == Kind.DEVICE) {
            throw new IllegalArgumentException(
                    "memory region '" + name + "' is a device's and has host memory; expected Region.device");
        }
    }

    /**
     * A region where a device answers.
     *
     * @param name what it is called in messages
     * @param gpa its first guest-physical address
     * @param size its length in bytes
     * @param device what answers
     * @return the region
     */
    public static Region device(String name, long gpa, long size, DeviceWindow device) {
        return new Region(name, Kind.DEVICE, gpa, size, MemorySegment.NULL, device);
    }

    /**
     * Where it ends.
     *
     * @return the first guest-physical address after it
     */
    public long end() {
        return gpa + size;
    }

    /**
     * Whether it may be written.
     *
     * @return true for memory that the guest may write
     */
    public boolean writable() {
        return kind.writable();
    }
}
