package dev.cloister.vmm.virtio;

import dev.cloister.devices.virtio.block.DiskSettings;
import dev.cloister.linux.BlockFile;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import java.nio.file.Path;

/**
 * A disk of a machine, its file open. Whoever holds it closes the file, unless a machine was made with it: that closes it then.
 *
 * @param file the file
 * @param readOnly whether the guest may not write
 * @param serial what the guest reads as its identity; empty for one made from its position
 * @param queues how many queues, 1 to 64
 * @param bytesPerSecond limit for data, or 0 for none
 * @param requestsPerSecond limit for requests, or 0 for none
 */
public record DiskConfig(
        BlockFile file, boolean readOnly, String serial, int queues, long bytesPerSecond, long requestsPerSecond) {
    private static final int SECTOR = 512;

    /**
     * What can be chosen about a disk whose file isn't open yet, checked.
     *
     * @param serial what the guest reads as its identity: up to 20 printable ASCII characters; empty for one made from its position
     * @param queues how many queues, 1 to 64
     * @param bytesPerSecond limit for data, or 0 for none
     * @param requestsPerSecond limit for requests, or 0 for none
     */
    public record Look(String serial, int queues, long bytesPerSecond, long requestsPerSecond) {
        /**
         * Checks the values.
         *
         * @throws IllegalArgumentException if one is wrong; the message says which
         */
        public Look {
            DiskSettings checked = new DiskSettings("disk", serial, queues, bytesPerSecond, requestsPerSecond);
            serial = checked.serial();
        }
    }

    /**
     * A disk with one queue, no serial of its own and no limits.
     *
     * @param file the file
     * @param readOnly whether the guest may not write
     */
    public DiskConfig(BlockFile file, boolean readOnly) {
        this(file, readOnly, "", 1, 0, 0);
    }

    /**
     * Opens a disk's image.
     *
     * @param path the file, or a block device
     * @param readOnly whether the guest may not write
     * @param look the rest
     * @return the disk, its file open
     * @throws ErrnoException if it can't be opened
     * @throws IllegalArgumentException as {@link #open(Path, boolean)} says
     */
    public static DiskConfig open(Path path, boolean readOnly, Look look) throws ErrnoException {
        return new DiskConfig(
                open(path, readOnly),
                readOnly,
                look.serial(),
                look.queues(),
                look.bytesPerSecond(),
                look.requestsPerSecond());
    }

    /**
     * Opens a raw image and locks it: two guests that write one disk destroy it.
     *
     * @param path the file, or a block device
     * @param readOnly whether the guest may not write
     * @return the open file
     * @throws ErrnoException if it can't be opened
     * @throws IllegalArgumentException if somebody else uses it, or it is no disk; the message says what to do
     */
    public static BlockFile open(Path path, boolean readOnly) throws ErrnoException {
        Fd fd = Linux.open(path.toString(), readOnly ? Linux.O_RDONLY : Linux.O_RDWR);
        BlockFile file = BlockFile.own(fd, path.toString());
        boolean done = false;
        try {
            if (!file.tryLock(!readOnly)) {
                throw new IllegalArgumentException("disk " + path + " is in use by another process; end that, or give"
                        + " both the disk read-only (,ro)");
            }
            if (file.bytes() == 0 || file.bytes() % SECTOR != 0) {
                throw new IllegalArgumentException("disk " + path + " has " + file.bytes()
                        + " bytes; expected a raw image, a positive multiple of 512 (truncate -s makes one)");
            }
            done = true;
            return file;
        } finally {
            if (!done) {
                file.close();
            }
        }
    }
}
