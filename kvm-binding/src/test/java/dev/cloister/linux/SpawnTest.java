package dev.cloister.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class SpawnTest {
    private static final long TIMEOUT = 20_000;

    @Test
    void aChildHasTheDescriptorsAndTheEnvironmentItWasGivenAndNothingElse() throws Exception {
        try (Pipe in = Pipe.create();
                Pipe out = Pipe.create();
                EventFd event = EventFd.create();
                Fd inheritable = inheritable()) {
            // The targets are numbers that are sources as well, or that this process has open: the mapping must not
            // trip over that.
            Spawn spawn = Spawn.command(List.of("/bin/cat"))
                    .fd(0, in.readEnd())
                    .fd(1, out.writeEnd())
                    .fd(5, event.fd())
                    .ownSession();
            in.readEnd().setNonBlocking(false);
            try (ChildProcess child = spawn.start()) {
                assertThat(echo(in, out)).isEqualTo("x");
                assertThat(Descriptors.of(child.pid())).containsExactly(0, 1, 5);
                assertThat(Files.readSymbolicLink(Path.of("/proc/" + child.pid() + "/fd/5")))
                        .hasToString("anon_inode:[eventfd]");
                assertThat(Files.readAllBytes(Path.of("/proc/" + child.pid() + "/environ")))
                        .isEmpty();
                String status = Files.readString(Path.of("/proc/" + child.pid() + "/status"));
                assertThat(status).containsPattern("SigBlk:\\s+0000000000000000");
                assertThat(status).containsPattern("SigIgn:\\s+0000000000000000");
                assertThat(child.poll()).isEmpty();
                in.writeEnd().close();
                ChildProcess.Exit exit = child.waitFor(TIMEOUT).orElseThrow();
                assertThat(exit.success()).isTrue();
                assertThat(child.poll()).contains(exit);
                child.kill(ChildProcess.SIGTERM);
            }
            assertThat(inheritable.isOpen()).isTrue();
        }
    }

    /** A descriptor without close-on-exec, such as a careless library would leave. */
    private static Fd inheritable() throws ErrnoException {
        Fd fd = Linux.openReadOnly("/dev/null");
        fd.fcntl(2, 0, "F_SETFD");
        return fd;
    }

    private static String echo(Pipe in, Pipe out) throws ErrnoException {
        assertThat(Pipe.write(in.writeEnd(), new byte[] {'x'}, 0, 1)).isEqualTo(1);
        assertThat(Poller.await(out.readEnd(), Poller.IN, TIMEOUT) & Poller.IN).isNotZero();
        byte[] answer = new byte[10];
        int count = Pipe.read(out.readEnd(), answer, 0, answer.length);
        return new String(answer, 0, count, StandardCharsets.US_ASCII);
    }

    @Test
    void descriptorsCanChangePlaces() throws Exception {
        try (Pipe first = Pipe.create();
                Pipe second = Pipe.create()) {
            int a = first.writeEnd().number();
            int b = second.writeEnd().number();
            String script = "echo one >&" + a + "; echo two >&" + b;
            try (ChildProcess child = Spawn.command(List.of("/bin/bash", "-c", script))
                    .fd(a, second.writeEnd())
                    .fd(b, first.writeEnd())
                    .start()) {
                assertThat(child.waitFor(TIMEOUT).orElseThrow()).hasToString("exit code 0");
            }
            byte[] buffer = new byte[16];
            assertThat(Pipe.read(first.readEnd(), buffer, 0, 16)).isEqualTo(4);
            assertThat(new String(buffer, 0, 4, StandardCharsets.US_ASCII)).isEqualTo("two\n");
            assertThat(Pipe.read(second.readEnd(), buffer, 0, 16)).isEqualTo(4);
            assertThat(new String(buffer, 0, 4, StandardCharsets.US_ASCII)).isEqualTo("one\n");
        }
    }

    @Test
    void theExitSaysCodeOrSignal() throws Exception {
        try (ChildProcess child = Spawn.command(List.of("/bin/sh", "-c", "exit $CODE"))
                .environment("CODE", "42")
                .start()) {
            assertThat(child.waitFor(TIMEOUT)).contains(new ChildProcess.Exit(false, 42));
        }
        try (ChildProcess child = Spawn.command(List.of("/bin/sleep", "1000")).start()) {
            assertThat(child.waitFor(20)).isEmpty();
            child.kill(ChildProcess.SIGKILL);
            assertThat(child.waitFor(TIMEOUT)).contains(new ChildProcess.Exit(true, 9));
            assertThat(child.waitFor(0).orElseThrow()).hasToString("signal 9");
        }
    }

    @Test
    void aProgramThatIsNotThereIsAnErrorAndLeavesNothingOpen() throws Exception {
        assertThatIllegalArgumentException().isThrownBy(() -> Spawn.command(List.of("sh")));
        assertThat(Descriptors.leakedBy(() -> {
                    try (EventFd event = EventFd.create()) {
                        assertThatThrownBy(() -> Spawn.command(List.of("/nonexistent"))
                                        .fd(3, event.fd())
                                        .start())
                                .hasMessage("posix_spawn(\"/nonexistent\") failed: ENOENT (No such file or directory)");
                    }
                }))
                .isZero();
    }
}
