package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.config.MachineState;
import dev.cloister.vmm.report.MachineExit;
import dev.cloister.vmm.report.Outcome;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where a machine's threads and memory are. */
@Timeout(300)
class PlacementTest extends EveryEngine {
    private static final String SPIN = "main: jmp main\ntrap: exit 2\n";

    /** What the kernel says of the threads whose name begins so. */
    private static String allowed(String name) throws IOException {
        StringBuilder found = new StringBuilder();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            for (Path task : tasks) {
                if (Files.readString(task.resolve("comm")).startsWith(name)) {
                    Files.readAllLines(task.resolve("status")).stream()
                            .filter(line -> line.startsWith("Cpus_allowed_list"))
                            .forEach(found::append);
                }
            }
        }
        return found.toString();
    }

    @Test
    void pinnedVcpusRunWhereTheyAreToldInMemoryThatIsThere() throws Exception {
        MachineConfig config = TestGuest.config(TestGuest.long64(SPIN))
                .pin(List.of(0))
                .prefault(true)
                .build();
        try (Machine machine = Machine.create(TestGuest.kvm(), config)) {
            machine.start();
            ChannelTest.until(() -> machine.state() == MachineState.RUNNING);
            ChannelTest.until(() -> {
                try {
                    return allowed("vcpu-").matches("Cpus_allowed_list:\\s*0");
                } catch (IOException e) {
                    return false;
                }
            });
            machine.stop();
            machine.await();
        }
    }

    @Test
    void aHostCpuThatIsNotThereEndsTheMachineWithTheCallThatFailed() throws Exception {
        MachineConfig config =
                TestGuest.config(TestGuest.long64(SPIN)).pin(List.of(8000)).build();
        try (Machine machine = Machine.create(TestGuest.kvm(), config)) {
            machine.start();
            MachineExit exit = machine.await();
            assertThat(exit.exitCode()).isEqualTo(Outcome.CODE_HOST);
            assertThat(exit.report().toString()).contains("sched_setaffinity");
        }
    }
}
