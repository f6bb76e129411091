package dev.cloister.vmm.config;

import dev.cloister.vmm.loader.ImageFormat;
import dev.cloister.vmm.loader.ImageModule;
import dev.cloister.vmm.loader.LoadOptions;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a machine boots.
 *
 * @param bytes the image; must not change until the machine is made
 * @param format how to load it, or null to find out
 * @param commandLine the kernel's command line, possibly empty; firmware takes none but that of
 *     the kernel that it is handed
 * @param modules Linux: the initrd as the only one; Multiboot and PVH: modules in order
 * @param flatAddress where a flat binary is loaded and entered, real mode
 * @param handed firmware: a bzImage that it finds by {@code fw_cfg}, with command line and initrd; or null
 */
public record BootImage(
        MemorySegment bytes,
        @Nullable ImageFormat format,
        String commandLine,
        List<ImageModule> modules,
        int flatAddress,
        @Nullable MemorySegment handed) {
    /** Copies the list. */
    public BootImage {
        modules = List.copyOf(modules);
    }

    /**
     * A kernel or flat binary whose format is found from its bytes.
     *
     * @param bytes the image
     * @return an image without command line and modules
     */
    public static BootImage kernel(MemorySegment bytes) {
        return new BootImage(bytes, null, "", List.of(), LoadOptions.DEFAULT_FLAT_ADDRESS, null);
    }

    /**
     * Firmware that ends at 4 GiB.
     *
     * @param bytes the image
     * @return an image
     */
    public static BootImage firmware(MemorySegment bytes) {
        return new BootImage(bytes, ImageFormat.FIRMWARE, "", List.of(), LoadOptions.DEFAULT_FLAT_ADDRESS, null);
    }

    /**
     * The same with a command line.
     *
     * @param line the command line
     * @return a new image
     */
    public BootImage withCommandLine(String line) {
        return new BootImage(bytes, format, line, modules, flatAddress, handed);
    }

    /**
     * The same with modules.
     *
     * @param list the modules, or the initrd as the only one
     * @return a new image
     */
    public BootImage withModules(List<ImageModule> list) {
        return new BootImage(bytes, format, commandLine, list, flatAddress, handed);
    }

    /**
     * The same with a format in place of detection.
     *
     * @param chosen the format
     * @return a new image
     */
    public BootImage withFormat(ImageFormat chosen) {
        return new BootImage(bytes, chosen, commandLine, modules, flatAddress, handed);
    }

    /**
     * The same with a kernel that firmware is handed, as QEMU's {@code -kernel} does: UEFI and qboot boot it at once.
     *
     * @param kernel a bzImage; must not change until the machine is closed, nor must the modules
     * @return a new image
     */
    public BootImage handing(MemorySegment kernel) {
        return new BootImage(bytes, format, commandLine, modules, flatAddress, kernel);
    }
}
