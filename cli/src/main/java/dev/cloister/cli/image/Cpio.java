package dev.cloister.cli.image;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Writes the archive format that Linux unpacks its first root file system from (Linux
 * Documentation/driver-api/early-userspace/buffer-format.rst, "newc"). Everything belongs to root; times are 0, so that equal content
 * gives equal bytes.
 */
public final class Cpio {
    private static final String MAGIC = "070701";
    private static final String TRAILER = "TRAILER!!!";
    private static final int ALIGNMENT = 4;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private int inode;

    /** Begins an empty archive. */
    public Cpio() {}

    /**
     * Adds a directory, file or symbolic link.
     *
     * @param name its path, without a slash in front
     * @param mode its type and permissions, as inode(7) numbers them
     * @param content a file's content, or where a link leads to
     */
    public void add(String name, int mode, byte[] content) {
        entry(name, mode, content, 0, 0);
    }

    /** Adds a device node. */
    void addDevice(String name, int mode, int major, int minor) {
        entry(name, mode, new byte[0], major, minor);
    }

    private void entry(String name, int mode, byte[] content, int major, int minor) {
        inode++;
        byte[] text = (name + "\0").getBytes(StandardCharsets.US_ASCII);
        StringBuilder header = new StringBuilder(MAGIC);
        // Inode, mode, owner, group, links, time, size; device of the file; device that it is; name; no checksum.
        int[] fields = {inode, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, text.length, 0};
        for (int field : fields) {
            header.append(String.format(Locale.ROOT, "%08X", field));
        }
        out.writeBytes(header.toString().getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(text);
        align();
        out.writeBytes(content);
        align();
    }

    private void align() {
        while (out.size() % ALIGNMENT != 0) {
            out.write(0);
        }
    }

    /**
     * Ends the archive; nothing is to be added afterwards.
     *
     * @return all of it, a multiple of four bytes, so that another may follow
     */
    public byte[] bytes() {
        entry(TRAILER, 0, new byte[0], 0, 0);
        return out.toByteArray();
    }
}
