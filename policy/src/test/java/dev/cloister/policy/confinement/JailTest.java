package dev.cloister.policy.confinement;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.linux.ChildProcess;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Spawn;
import java.util.List;
import org.junit.jupiter.api.Test;

class JailTest {
    private static final int GO_FD = 3;
    private static final int INFO_FD = 4;
    private static final long PATIENCE_MILLIS = 10_000;

    @Test
    void whoTellsOfItselfOutlivesItsOnlyReader() throws Exception {
        assertThat(exitOfAWriterWithoutReader(true)).isEqualTo(new ChildProcess.Exit(false, 0));
        // What it is for: with the writing end alone the writer dies.
        assertThat(exitOfAWriterWithoutReader(false)).isNotEqualTo(new ChildProcess.Exit(false, 0));
    }

    private static ChildProcess.Exit exitOfAWriterWithoutReader(boolean bothEnds) throws Exception {
        Pipe go = Pipe.create();
        Pipe info = Pipe.create();
        try {
            go.readEnd().setNonBlocking(false);
            ChildProcess writer;
            try (Fd handed =
                    bothEnds ? Jail.bothEnds(info.writeEnd()) : info.writeEnd().duplicate()) {
                writer = Spawn.command(List.of("/bin/sh", "-c", "read line <&3; echo told >&4"))
                        .fd(GO_FD, go.readEnd())
                        .fd(INFO_FD, handed)
                        .start();
            }
            info.close();
            go.close();
            try (writer) {
                return writer.waitFor(PATIENCE_MILLIS).orElseThrow();
            }
        } finally {
            info.close();
            go.close();
        }
    }
}
