package dev.cloister.vmm.loader;

import dev.cloister.devices.acpi.AcpiTables;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a load is told besides the image.
 *
 * @param format the format to load by, or null to detect it
 * @param memoryMap the guest's memory map; everything is placed in its RAM ranges
 * @param commandLine the guest's command line, "" for none; ASCII without NUL; at most what the format allows
 * @param modules modules in order; for Linux they are the initrd, one after the other, each padded to 4 bytes
 * @param flatAddress where a flat binary is loaded and entered, {@value #DEFAULT_FLAT_ADDRESS} unless chosen
 * @param acpi the tables that the loader puts into guest memory; or null for none
 * @param kernelParameters what Linux and what is entered alike is told besides of devices that it can't find by itself, words separated by
 *     blanks, "" for nothing
 */
public record LoadOptions(
        @Nullable ImageFormat format,
        MemoryMap memoryMap,
        String commandLine,
        List<ImageModule> modules,
        int flatAddress,
        @Nullable AcpiTables acpi,
        String kernelParameters) {
    /** Where a BIOS puts a boot sector: 0x7c00. */
    public static final int DEFAULT_FLAT_ADDRESS = 0x7c00;

    /** Copies the list. */
    public LoadOptions {
        modules = List.copyOf(modules);
    }

    /**
     * Detection, no command line, no modules.
     *
     * @param memoryMap the guest's memory map
     * @return the options
     */
    public static LoadOptions of(MemoryMap memoryMap) {
        return new LoadOptions(null, memoryMap, "", List.of(), DEFAULT_FLAT_ADDRESS, null, "");
    }

    /**
     * The same with a format in place of detection.
     *
     * @param chosen the format
     * @return new options
     */
    public LoadOptions withFormat(ImageFormat chosen) {
        return new LoadOptions(chosen, memoryMap, commandLine, modules, flatAddress, acpi, kernelParameters);
    }

    /**
     * The same with a command line.
     *
     * @param line the command line
     * @return new options
     */
    public LoadOptions withCommandLine(String line) {
        return new LoadOptions(format, memoryMap, line, modules, flatAddress, acpi, kernelParameters);
    }

    /**
     * The same with modules.
     *
     * @param list the modules, or the initrd as the only one
     * @return new options
     */
    public LoadOptions withModules(List<ImageModule> list) {
        return new LoadOptions(format, memoryMap, commandLine, list, flatAddress, acpi, kernelParameters);
    }

    /**
     * The same with an address for a flat binary.
     *
     * @param gpa guest-physical address, 0x500 or above and within conventional memory
     * @return new options
     */
    public LoadOptions withFlatAddress(int gpa) {
        return new LoadOptions(format, memoryMap, commandLine, modules, gpa, acpi, kernelParameters);
    }

    /** The command line with the parameters, which come before the word behind which the arguments of init are. */
    String linuxCommandLine() {
        if (kernelParameters.isEmpty()) {
            return commandLine;
        }
        int end = (' ' + commandLine + ' ').indexOf(" -- ");
        String kernel = end < 0 ? commandLine : commandLine.substring(0, Math.max(0, end - 1));
        String init = end < 0 ? "" : ' ' + commandLine.substring(end);
        return (kernel + ' ' + kernelParameters + init).strip();
    }
}
