package dev.cloister.vmm.loader;

import dev.cloister.devices.acpi.AcpiTables;
import java.lang.foreign.MemorySegment;

/** Firmware below 4 GiB, its end shadowed below 1 MiB, entered at the reset vector. */
final class FirmwareLoader {
    private FirmwareLoader() {}

    static LoadedImage load(MemorySegment image, GuestSink sink, LoadOptions options) throws ImageException {
        FirmwareLayout layout = FirmwareLayout.of(image.byteSize());
        if (!options.modules().isEmpty() || !options.commandLine().isEmpty()) {
            throw new ImageException(
                    "options of a firmware image",
                    ImageException.NO_OFFSET,
                    "a command line or modules",
                    "none",
                    "leave them out: firmware loads its own system");
        }
        Plan plan = new Plan(options.memoryMap());
        plan.putFixed("firmware", layout.romGpa(), image);
        long shadowAt = image.byteSize() - layout.shadowSize();
        plan.putFixed("firmware shadow", layout.shadowGpa(), image.asSlice(shadowAt, layout.shadowSize()));
        AcpiTables tables = options.acpi();
        if (tables != null) {
            plan.putFixed("ACPI tables", tables.gpa(), MemorySegment.ofArray(tables.bytes()));
        }
        return plan.commit(sink, ImageFormat.FIRMWARE, Entries.reset());
    }
}
