package dev.cloister.vmm.virtio;

import dev.cloister.linux.BlockFile;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.policy.protocol.DomainConfig;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A range of persistent memory of a machine, its file open. Whoever holds it closes the file, unless a machine was made with it: that
 * closes it then.
 *
 * @param file the file
 * @param readOnly whether the guest may not write
 */
public record PmemConfig(BlockFile file, boolean readOnly) {
    /** What a range's address and size are multiples of: what Linux makes its own pages of. */
    public static final long ALIGNMENT = DomainConfig.PersistentRange.ALIGNMENT;

    /** The longest range: 512 GiB. */
    public static final long MOST_BYTES = DomainConfig.PersistentRange.MOST_BYTES;

    private static final String RANGE = "persistent memory ";

    /**
     * Opens and locks a file.
     *
     * @param path the file, or a block device
     * @param readOnly whether the guest may not write
     * @return the range
     * @throws ErrnoException if it can't be opened
     * @throws IllegalArgumentException if somebody else uses it, or its size is wrong; the message says what to do
     */
    public static PmemConfig open(Path path, boolean readOnly) throws ErrnoException {
        Fd fd = Linux.open(path.toString(), readOnly ? Linux.O_RDONLY : Linux.O_RDWR);
        BlockFile file = BlockFile.own(fd, path.toString());
        boolean done = false;
        try {
            if (!file.tryLock(!readOnly)) {
                throw new IllegalArgumentException("persistent memory " + path + " is in use by another process; end"
                        + " that, or give both the file read-only (,ro)");
            }
            long bytes = file.bytes();
            if (bytes == 0 || bytes % ALIGNMENT != 0 || bytes > MOST_BYTES) {
                throw new IllegalArgumentException("persistent memory " + path + " has " + bytes
                        + " bytes; expected a positive multiple of 2 MiB up to 512 GiB (truncate -s makes one)");
            }
            done = true;
            return new PmemConfig(file, readOnly);
        } finally {
            if (!done) {
                file.close();
            }
        }
    }

    /**
     * What the range is called in guest memory.
     *
     * @param index its position
     * @return the region's name
     */
    public static String rangeName(int index) {
        return RANGE + index;
    }

    static boolean isRange(String region) {
        return region.startsWith(RANGE);
    }

    /**
     * Whether somebody has made the file shorter since it was opened.
     *
     * @return true if some of the range is gone
     */
    boolean isShorter() {
        return file.bytesNow() < file.bytes();
    }

    /**
     * Why an access to the range failed: the JVM survives that its file was made shorter, or that the host could not write it, and throws
     * InternalError; this says what to tell the operator.
     *
     * @return one sentence
     */
    String loss() {
        return isShorter()
                ? "persistent memory " + file.name() + " was made shorter while the guest used it: " + file.bytesNow()
                        + " bytes of " + file.bytes() + " are left"
                : "persistent memory " + file.name()
                        + " could not be read or written: a full file system, or an error of" + " the medium";
    }

    /** Makes everything durable that was written to the range. */
    void flush() throws IOException {
        if (isShorter()) {
            throw new IOException(loss());
        }
        if (!readOnly) {
            file.flush();
        }
    }
}
