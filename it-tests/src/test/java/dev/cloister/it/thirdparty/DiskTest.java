package dev.cloister.it.thirdparty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.it.DebianPackages;
import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.LinuxImage;
import dev.cloister.it.harness.Running;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** Disks and entropy by the drivers of others: SeaBIOS and Debian's kernel, in the sandbox. No KVM. */
class DiskTest {
    private static final int SECTOR = 512;
    private static final int DISK_BYTES = 8 << 20;
    private static final int ENOUGH_SECONDS = 580;
    private static final long SEED = 20261121;

    private static byte[] randomDisk(Path file) throws IOException {
        byte[] bytes = new byte[DISK_BYTES];
        new SplittableRandom(SEED).nextBytes(bytes);
        Files.write(file, bytes);
        return bytes;
    }

    @Test
    void seabiosBootsFromADiskAndItsBootProgramReadsAndWrites() throws Exception {
        Optional<Path> bios = DebianPackages.ofBuild().seabios("bios-256k.bin");
        assumeTrue(bios.isPresent(), "Debian's seabios can't be had here; the reason is printed above");
        Cloister cloister = Cloister.fresh();
        Path boot = Guests.real(cloister.folder(), "boot", """
                    xor     ax, ax
                    mov     ds, ax
                    mov     es, ax
                    mov     ax, 0x0201
                    mov     cx, 2
                    mov     dh, 0
                    mov     bx, 0x8000
                    int     0x13
                    jc      off
                    mov     si, 0x8000
                    cli                         ; the firmware's clock writes what its screen still owes
            next:   lodsb
                    out     0xe9, al
                    cmp     al, '!'
                    jne     next
                    sti
                    mov     ax, 0x0301
                    mov     cx, 4
                    mov     dh, 0
                    mov     bx, 0x8000
                    int     0x13
            off:    mov     dx, 0x604
                    mov     ax, 0x2000
                    out     dx, ax
                    hlt
            """);
        byte[] disk = new byte[1 << 20];
        byte[] program = Files.readAllBytes(boot);
        System.arraycopy(program, 0, disk, 0, program.length);
        disk[510] = 0x55;
        disk[511] = (byte) 0xAA;
        byte[] words = "read by the boot program!".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(words, 0, disk, SECTOR, words.length);
        Path image = cloister.folder().resolve("disk.img");
        Files.write(image, disk);
        Finished end = cloister.run(
                "run",
                "--engine",
                "emulated",
                "--firmware-log",
                "--firmware",
                bios.get().toString(),
                "--disk",
                image.toString(),
                "--memory",
                "64M",
                "--timeout",
                "50s");
        end.expect(0);
        assertThat(end.out()).contains("found virtio-blk", "read by the boot program!");
        System.arraycopy(disk, SECTOR, disk, 3 * SECTOR, SECTOR);
        assertThat(Arrays.mismatch(Files.readAllBytes(image), disk)).isEqualTo(-1);
    }

    @Test
    void debiansKernelReadsAndWritesDisks() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path guest = LinuxImage.make(cloister);
        Path disk = cloister.folder().resolve("disk.img");
        Path fixed = cloister.folder().resolve("fixed.img");
        byte[] model = randomDisk(disk);
        randomDisk(fixed);
        try (Running run = cloister.start(
                "run",
                "--engine",
                "emulated",
                "--image",
                guest.toString(),
                "--timeout",
                ENOUGH_SECONDS + "s",
                "--disk",
                disk + ",serial=FIRST,limit=50M",
                "--disk",
                fixed + ",ro")) {
            awaitLong(run, "busybox shell");
            command(run, "echo $(cat /sys/block/vda/serial /sys/block/vdb/ro)", "FIRST1");
            command(run, "md5sum < /dev/vda", digest(model));
            command(run, "od -A n -N 4 -x /dev/hwrng && echo random", "random");
            command(
                    run,
                    "dd if=/dev/vda of=/dev/vda bs=64k count=10 seek=100 conv=notrunc,fsync && echo copied",
                    "copied");
            command(run, "dd if=/dev/vda of=/dev/vdb bs=64k count=1 || echo refused", "refused");
            System.arraycopy(model, 0, model, 100 << 16, 10 << 16);
            // Flushed: it is in the file although the guest still runs.
            assertThat(Arrays.mismatch(read(disk), model)).isEqualTo(-1);
            command(run, "blkdiscard -o 65536 -l 131072 /dev/vda && echo discarded", "discarded");
            run.type("poweroff -f\n");
            run.await(Duration.ofSeconds(ENOUGH_SECONDS)).expect(0);
        }
        Arrays.fill(model, 1 << 16, 3 << 16, (byte) 0);
        assertThat(Arrays.mismatch(read(disk), model)).isEqualTo(-1);
        assertThat(read(fixed)).isEqualTo(randomDisk(cloister.folder().resolve("again")));
    }

    private static byte[] read(Path file) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "r")) {
            byte[] bytes = new byte[(int) open.length()];
            open.readFully(bytes);
            return bytes;
        }
    }

    private static String digest(byte[] bytes) throws NoSuchAlgorithmException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(bytes));
    }

    /** Types a command and waits until its output has these lines, in order. */
    private static void command(Running run, String text, String... lines) throws Exception {
        int before = run.out().length();
        run.type(text + "\n");
        awaitLong(
                run,
                out -> {
                    int at = before;
                    for (String line : lines) {
                        at = out.indexOf("\n" + line, at) + 1;
                        if (at == 0) {
                            return false;
                        }
                    }
                    return true;
                },
                text);
    }

    private static void awaitLong(Running run, String text) throws Exception {
        awaitLong(run, out -> out.contains(text), text);
    }

    /** A machine that does everything else as well may take minutes to the shell. */
    private static void awaitLong(Running run, Predicate<String> condition, String what) throws Exception {
        run.awaitOut(condition, what, Duration.ofSeconds(ENOUGH_SECONDS));
    }
}
