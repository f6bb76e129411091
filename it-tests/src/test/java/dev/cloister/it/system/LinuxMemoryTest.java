package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.LinuxImage;
import dev.cloister.it.harness.Running;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Debian's own kernel with a balloon and persistent memory: the process's size follows, the file is what the guest wrote. */
class LinuxMemoryTest {
    private static final Duration PATIENCE = Duration.ofMinutes(8);
    private static final int PMEM_BYTES = 8 << 20;

    @Test
    void memoryGoesBackToTheHostAndAFileIsMemory() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path image = LinuxImage.make(cloister);
        Path store = cloister.folder().resolve("store");
        try (RandomAccessFile file = new RandomAccessFile(store.toFile(), "rw")) {
            file.setLength(PMEM_BYTES);
        }
        Path pipe = cloister.folder().resolve("balloon");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        try (Running run = cloister.start(
                "run",
                "--image",
                image.toString(),
                "--engine",
                "emulated",
                "--memory",
                "512M",
                "--balloon",
                "0,control=" + pipe,
                "--pmem",
                store.toString(),
                "--timeout",
                "8m")) {
            run.awaitOut(all -> all.contains("reached /init") && all.contains(" # "), "shell of busybox", PATIENCE);
            say(run, "mount -t tmpfs -o size=400m t /mnt && dd if=/dev/zero of=/mnt/x bs=1M count=200", "filled");
            long full = resident(run);
            say(run, "rm /mnt/x; sleep 5", "freed");
            long reported = resident(run);
            assertThat(full - reported).as("MiB of free pages that went back").isGreaterThan(150);
            say(run, "dd if=/dev/zero of=/mnt/x bs=1M count=200; rm /mnt/x", "again");
            Files.writeString(pipe, "size 300M\n");
            say(
                    run,
                    "for i in $(seq 60); do [ $(sed -n 's/MemFree: *\\([0-9]*\\).*/\\1/p' /proc/meminfo) -lt 200000 ]"
                            + " && break; sleep 1; done",
                    "inflated");
            long inflated = resident(run);
            assertThat(full - inflated).as("MiB in the balloon that went back").isGreaterThan(150);
            Files.writeString(pipe, "stats\n");
            run.awaitErr("the guest says: ");
            say(run, "echo kept in memory > /tmp/a; dd if=/tmp/a of=/dev/pmem0 bs=4096 conv=sync,fsync", "flushed");
            byte[] start = new byte[14];
            try (RandomAccessFile file = new RandomAccessFile(store.toFile(), "rw")) {
                file.readFully(start);
                assertThat(new String(start, StandardCharsets.US_ASCII)).isEqualTo("kept in memory");
                file.setLength(0);
            }
            run.type("dd if=/dev/pmem0 of=/dev/null bs=4096 iflag=direct\n");
            Finished end = run.await(PATIENCE).expect(69);
            assertThat(end.err()).contains("was made shorter while the guest used it");
        }
    }

    private static void say(Running run, String command, String mark) throws IOException, InterruptedException {
        run.type(command + "; echo DONE \"\"" + mark + "\n");
        run.awaitOut(all -> all.contains("DONE " + mark), mark, PATIENCE);
    }

    /** MiB of the VMM's process, the largest of those that were started (proc(5), VmRSS). */
    private static long resident(Running run) throws IOException {
        long most = 0;
        List<ProcessHandle> family = Stream.concat(
                        Stream.of(run.handle()), run.handle().descendants())
                .toList();
        for (ProcessHandle process : family) {
            for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
                if (line.startsWith("VmRSS:")) {
                    most = Math.max(most, Long.parseLong(line.replaceAll("[^0-9]", "")) >> 10);
                }
            }
        }
        return most;
    }
}
