package dev.cloister.vmm.loader;

import java.lang.foreign.MemorySegment;

/** Raw bytes in conventional memory, entered in real mode as a BIOS enters a boot sector. */
final class FlatLoader {
    /** Below this are the real-mode vectors and the BIOS data area. */
    private static final int LOWEST = 0x500;

    /** The largest image that fits at the lowest address. */
    static final long MAX_BYTES = MemoryMap.LOW_RAM_END - LOWEST;

    private FlatLoader() {}

    static LoadedImage load(MemorySegment image, GuestSink sink, LoadOptions options) throws ImageException {
        int gpa = options.flatAddress();
        long room = MemoryMap.LOW_RAM_END - gpa;
        if (gpa < LOWEST || room <= 0) {
            throw new ImageException(
                    "flat load address",
                    ImageException.NO_OFFSET,
                    Bytes.hex(gpa),
                    "0x500 to below " + Bytes.hex(MemoryMap.LOW_RAM_END),
                    "choose an address in conventional memory");
        }
        if (image.byteSize() > room) {
            throw new ImageException(
                    "flat binary size",
                    ImageException.NO_OFFSET,
                    image.byteSize() + " bytes",
                    "at most " + room + " bytes from " + Bytes.hex(gpa) + " to the end of conventional memory",
                    "use an ELF image for anything larger");
        }
        Plan plan = new Plan(options.memoryMap());
        plan.put("flat binary", gpa, image, image.byteSize(), 0);
        if (!options.modules().isEmpty() || !options.commandLine().isEmpty()) {
            throw new ImageException(
                    "options of a flat binary",
                    ImageException.NO_OFFSET,
                    "a command line or modules",
                    "none",
                    "leave them out: a flat binary has no protocol to receive them");
        }
        BiosDataArea.place(plan);
        BiosServices.place(plan);
        plan.putAcpi(options.acpi());
        return plan.commit(sink, ImageFormat.FLAT, Entries.flat(gpa));
    }
}
