package dev.cloister.it.disk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code kill -9} of the VMM at random moments while its guest writes and flushes: all that the guest had reported as flushed is on the
 * disk. A few rounds by default; {@code -Ddisk.kills=100} for as many as wanted, {@code -Ddisk.seed=N} for others. A killed process
 * keeps what it gave to the kernel: that a flush really reaches the store before it is acknowledged, {@code DurabilityTest} of the device
 * shows.
 */
class KilledVmmTest {
    private static final int KILLS = 3;
    private static final int MOST_REPORTS = 60;
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    @Test
    void whatTheGuestHadFlushedOutlastsItsVmm() throws Exception {
        int kills = Integer.getInteger("disk.kills", KILLS);
        long seed = Long.getLong("disk.seed", 6);
        Cloister cloister = Cloister.fresh();
        Path disk = cloister.folder().resolve("disk.img");
        Files.write(disk, new byte[DiskRecords.DISK_BYTES]);
        DiskRecords records = new DiskRecords();
        SplittableRandom random = new SplittableRandom(seed);
        long flushed = 0;
        for (int round = 0; round < kills; round++) {
            long before = records.next() - 1;
            long last = live(cloister, disk, records.next(), random);
            flushed += last - before;
            assertThat(records.check(disk, last))
                    .as("seed " + seed + " round " + round)
                    .isEmpty();
        }
        System.out.println("disk: killed " + kills + " times (seed " + seed + ") while writing; all of " + flushed
                + " records that were reported as flushed are there");
    }

    /** One life of the guest; returns the last record that it reported. */
    private static long live(Cloister cloister, Path disk, long first, SplittableRandom random) throws Exception {
        Path guest = Guests.assemble(
                cloister.folder(),
                "disk-writer",
                "FIRST equ " + first + "\nSEED equ " + (random.nextInt() & Integer.MAX_VALUE) + "\n");
        int reports = random.nextInt(1, MOST_REPORTS);
        int spins = random.nextInt(2_000_000);
        try (Running run = cloister.start(
                "run", "--kernel", guest.toString(), "--engine", "emulated", "--disk", disk.toString())) {
            run.awaitOut(all -> all.chars().filter(c -> c == '\n').count() >= reports, reports + " reports", PATIENCE);
            for (int i = 0; i < spins; i++) {
                Thread.onSpinWait();
            }
            run.handle().destroyForcibly();
            return last(run.await(PATIENCE).out(), first - 1);
        }
    }

    /** A line without its end was cut by the kill: its number may be too short. */
    private static long last(String out, long otherwise) {
        String whole = out.substring(0, out.lastIndexOf('\n') + 1);
        return whole.lines().mapToLong(Long::parseLong).max().orElse(otherwise);
    }

    @Test
    void theCheckSeesALostRecordATornOneAndAStrayOne(@TempDir Path folder) throws IOException {
        byte[] disk = new byte[DiskRecords.DISK_BYTES];
        for (long record = 1; record <= 40; record++) {
            DiskRecords.put(disk, record, 8);
        }
        DiskRecords.put(disk, 41, 3);
        assertThat(verdict(folder, disk, 40)).as("41 was on its way").isEmpty();
        assertThat(verdict(folder, disk, 41)).as("41 is torn").contains("records [41]");
        assertThat(verdict(folder, disk, 42)).contains("reported up to 42");
        byte[] lost = disk.clone();
        DiskRecords.put(lost, 1 + 1009, 8);
        assertThat(verdict(folder, lost, 40)).as("a record in another's place").contains("records [1]");
        byte[] stray = disk.clone();
        stray[DiskRecords.DISK_BYTES - 1] = 1;
        assertThat(verdict(folder, stray, 40)).contains("records [0]");
    }

    private static String verdict(Path folder, byte[] disk, long reported) throws IOException {
        return new DiskRecords()
                .check(Files.write(folder.resolve("disk"), disk), reported)
                .orElse("");
    }
}
