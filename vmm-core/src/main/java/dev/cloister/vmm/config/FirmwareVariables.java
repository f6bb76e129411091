package dev.cloister.vmm.config;

import dev.cloister.devices.CfiFlash;
import dev.cloister.devices.MmioBus;
import dev.cloister.linux.BlockFile;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Linux;
import dev.cloister.linux.Mapping;
import dev.cloister.vmm.loader.FirmwareLayout;
import dev.cloister.vmm.loader.ImageFormat;
import dev.cloister.vmm.report.MachineException;
import java.nio.file.Path;

/**
 * The file in which firmware keeps its variables, as flash memory that ends where the firmware begins: UEFI's {@code OVMF_VARS.fd} below
 * its {@code OVMF_CODE.fd}, where QEMU has them. What the guest writes is in the file at once, as far as the host's page cache is. Whoever
 * holds it closes it, unless a machine was made with it: that closes it then.
 */
public final class FirmwareVariables implements AutoCloseable {
    private final BlockFile file;
    private final Mapping mapping;

    private FirmwareVariables(BlockFile file) throws ErrnoException {
        this.file = file;
        this.mapping = file.map(true).keptOutOfDumps();
    }

    /**
     * Opens, locks and maps a file.
     *
     * @param path the file
     * @return the variables
     * @throws ErrnoException if it can't be opened or mapped
     * @throws IllegalArgumentException if somebody else uses it, or its size is wrong; the message says what to do
     */
    public static FirmwareVariables open(Path path) throws ErrnoException {
        BlockFile file = BlockFile.own(Linux.open(path.toString(), Linux.O_RDWR), path.toString());
        boolean done = false;
        try {
            if (!file.tryLock(true)) {
                throw new IllegalArgumentException("firmware variables " + path
                        + " are in use by another process; end that, or give each machine a copy of its own");
            }
            long bytes = file.bytes();
            if (bytes == 0 || bytes % CfiFlash.BLOCK_BYTES != 0 || bytes > FirmwareLayout.MAX_BYTES) {
                throw new IllegalArgumentException("firmware variables " + path + " have " + bytes
                        + " bytes; expected a positive multiple of 4096 up to 16 MiB, as OVMF_VARS.fd has");
            }
            FirmwareVariables variables = new FirmwareVariables(file);
            done = true;
            return variables;
        } finally {
            if (!done) {
                file.close();
            }
        }
    }

    /** Refuses a machine without firmware, and one whose firmware leaves no room. */
    void require(BootImage image) throws MachineException {
        if (image.format() != ImageFormat.FIRMWARE) {
            throw MachineException.input("firmware variables " + file.name()
                    + " for a machine that starts a kernel; give firmware as well (--firmware OVMF_CODE.fd)");
        }
        if (image.bytes().byteSize() + mapping.size() > FirmwareLayout.MAX_BYTES) {
            throw MachineException.input("firmware of " + image.bytes().byteSize() + " bytes and its variables of "
                    + mapping.size() + " bytes; expected 16 MiB at most together");
        }
    }

    /**
     * Puts the flash memory on a bus, reading as its array; once in each life of the machine.
     *
     * @param mmio the bus
     * @param end where it ends and the firmware begins (guest-physical)
     */
    public void attachTo(MmioBus mmio, long end) {
        mmio.attach(
                end - mapping.size(),
                mapping.size(),
                new CfiFlash(mapping.segment()),
                "flash memory of firmware variables");
    }

    /**
     * Why an access failed: the file was made shorter meanwhile.
     *
     * @return one sentence, or the empty text if it wasn't
     */
    public String loss() {
        long left = file.bytesNow();
        return left < file.bytes()
                ? "firmware variables " + file.name() + " were made shorter while the guest used them: " + left
                        + " bytes of " + file.bytes() + " are left"
                : "";
    }

    /**
     * The file's descriptor, which a confined process must still be able to ask for its size.
     *
     * @return its number
     */
    public int descriptor() {
        return file.descriptor();
    }

    @Override
    public void close() {
        mapping.close();
        file.close();
    }
}
