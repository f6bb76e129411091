package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.report.MachineExit;
import dev.cloister.vmm.report.Outcome;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/** A file that is memory of a guest, and is made shorter while the guest uses it. */
final class LostFile {
    private LostFile() {}

    /**
     * Runs a guest that prints something and then uses the file for ever, and makes the file shorter once it has printed.
     *
     * @param length the file's new length in bytes
     * @return why the guest ended, which is a failure of the host
     */
    static String cutWhileRunning(MachineConfig.Builder guest, Path file, long length) throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        OutputStream output = new OutputStream() {
            @Override
            public void write(int b) {
                running.countDown();
            }
        };
        try (Machine machine = TestGuest.machine(guest.serialOut(output))) {
            machine.start();
            running.await();
            cut(file, length);
            MachineExit end = machine.await();
            assertThat(end.outcome()).isEqualTo(Outcome.HOST_FAILURE);
            return end.report().detail();
        }
    }

    private static void cut(Path file, long length) throws IOException {
        try (RandomAccessFile shorter = new RandomAccessFile(file.toFile(), "rw")) {
            shorter.setLength(length);
        }
    }
}
