package dev.cloister.policy.keeper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.linux.ChildProcess;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Pipe;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the keeper does for daemons that die: descriptors come back, and there is an end to starting again. */
@Timeout(600)
class KeeperTest {
    @TempDir
    private Path folder;

    private final List<String> said = new ArrayList<>();

    /** Stores a pipe with some bytes in it and kills itself; the next one reads them and ends in order. */
    static final class Daemon {
        private Daemon() {}

        /** The process. */
        public static void main(String[] arguments) throws IOException {
            FdStore store = FdStore.ofEnvironment();
            Optional<Fd> kept = store.take("pipe");
            if (kept.isEmpty()) {
                Pipe pipe = Pipe.create();
                byte[] words = "told before".getBytes(StandardCharsets.US_ASCII);
                Pipe.write(pipe.writeEnd(), words, 0, words.length);
                store.put("pipe", pipe.readEnd());
                store.put("gone", pipe.writeEnd());
                store.remove("gone");
                ChildProcess.open((int) ProcessHandle.current().pid())
                        .orElseThrow()
                        .kill(ChildProcess.SIGKILL);
            }
            byte[] words = new byte[100];
            int count = Pipe.read(kept.orElseThrow(), words, 0, words.length);
            String text = new String(words, 0, count, StandardCharsets.US_ASCII);
            System.out.println(text + ", again " + store.again() + ", gone "
                    + store.take("gone").isEmpty());
        }
    }

    @Test
    void whatWasStoredComesBackAfterAKill() throws Exception {
        Keeper keeper = new Keeper(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Daemon.class.getName()),
                folder,
                said::add);
        assertThat(keeper.run()).isZero();
        assertThat(keeper.restarts()).isEqualTo(1);
        assertThat(new String(keeper.output().readAllBytes(), StandardCharsets.US_ASCII).strip())
                .isEqualTo("told before, again true, gone true");
        assertThat(said).hasSize(1).first().asString().contains("started again with 1 descriptors");
    }

    @Test
    void aDaemonThatIsAlwaysKilledIsLetGo() throws Exception {
        Keeper keeper = new Keeper(List.of("/bin/sh", "-c", "kill -9 $$"), folder, said::add);
        assertThat(keeper.run()).isEqualTo(128 + ChildProcess.SIGKILL);
        assertThat(keeper.restarts()).isEqualTo(3);
        assertThat(said).hasSize(4);
        assertThat(said.getLast()).contains("more than 3 times within 10 s", "its domains are let go");
    }

    @Test
    void aDaemonThatEndsByItselfIsNotStartedAgain() throws Exception {
        Keeper keeper = new Keeper(List.of("/bin/sh", "-c", "exit 70"), folder, said::add);
        assertThat(keeper.run()).isEqualTo(70);
        assertThat(keeper.restarts()).isZero();
        assertThat(said).isEmpty();
    }
}
