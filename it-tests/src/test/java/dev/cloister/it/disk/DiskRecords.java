package dev.cloister.it.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/**
 * What the disk of {@code guests/disk-writer.asm} may hold. Records of eight sectors have numbers that grow; each has a place that follows
 * from its number. A record up to the last number that the guest reported was flushed: its sectors are there, unless a later record
 * has the same place. Of the records behind that some may be there, in part, sector by sector.
 */
final class DiskRecords {
    /** Bytes of the guest's disk. */
    static final int DISK_BYTES = 8 << 20;

    private static final int SLOTS = 1009;
    private static final int STEP = 617;
    private static final long STRIDE = 0x9E3779B97F4A7C15L;
    private static final int RECORD_SECTORS = 8;
    private static final int SECTOR = 512;
    private static final int MOST_AT_ONCE = 16;
    /** What a sector holds that was never written. */
    private static final long NONE = 0;

    private final long[] held = new long[DISK_BYTES / SECTOR];
    private long next = 1;

    /** The number of the first record of the guest's next life. */
    long next() {
        return next;
    }

    private static int place(long record) {
        return (int) (record % SLOTS * STEP % SLOTS);
    }

    /** One sector of a record. */
    static byte[] content(long record, int sector) {
        ByteBuffer bytes = ByteBuffer.allocate(SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        long first = record == NONE ? 0 : record * STRIDE + (long) sector * SECTOR / Long.BYTES;
        for (int i = 0; i < SECTOR; i += Long.BYTES) {
            bytes.putLong(i, record == NONE ? 0 : first + i / Long.BYTES);
        }
        return bytes.array();
    }

    /**
     * Compares a disk with what the guest said, and takes what is there as the beginning of its next life.
     *
     * @param disk the image
     * @param reported the last number that the guest reported, or one less than {@link #next} for none
     * @return what is lost or wrong
     */
    Optional<String> check(Path disk, long reported) throws IOException {
        byte[] bytes = Files.readAllBytes(disk);
        Optional<String> problem = check(bytes, reported);
        next = reported + MOST_AT_ONCE + 1;
        return problem;
    }

    private Optional<String> check(byte[] bytes, long reported) {
        if (bytes.length != held.length * SECTOR) {
            return Optional.of("the disk has " + bytes.length + " bytes");
        }
        long[] flushed = held.clone();
        for (long record = next; record <= reported; record++) {
            Arrays.fill(flushed, place(record) * RECORD_SECTORS, (place(record) + 1) * RECORD_SECTORS, record);
        }
        for (int sector = 0; sector < held.length; sector++) {
            Set<Long> allowed = new LinkedHashSet<>(Set.of(flushed[sector]));
            for (long record = reported + 1; record <= reported + MOST_AT_ONCE; record++) {
                if (place(record) == sector / RECORD_SECTORS) {
                    allowed.add(record);
                }
            }
            Optional<Long> found = find(bytes, sector, allowed);
            if (found.isEmpty()) {
                return Optional.of("sector " + sector + " holds none of the records " + allowed + " (reported up to "
                        + reported + "), but " + words(bytes, sector));
            }
            held[sector] = found.get();
        }
        return Optional.empty();
    }

    private static Optional<Long> find(byte[] bytes, int sector, Set<Long> allowed) {
        int at = sector * SECTOR;
        return allowed.stream()
                .filter(record ->
                        Arrays.equals(bytes, at, at + SECTOR, content(record, sector % RECORD_SECTORS), 0, SECTOR))
                .findFirst();
    }

    private static String words(byte[] bytes, int sector) {
        ByteBuffer words = ByteBuffer.wrap(bytes, sector * SECTOR, SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        return String.format("%016x %016x …", words.getLong(), words.getLong());
    }

    /** Puts a record where it belongs; for disks that the checks are tried on. */
    static void put(byte[] disk, long record, int sectors) {
        for (int i = 0; i < sectors; i++) {
            System.arraycopy(content(record, i), 0, disk, (place(record) * RECORD_SECTORS + i) * SECTOR, SECTOR);
        }
    }
}
