package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.LinuxImage;
import dev.cloister.it.harness.Running;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Debian's own kernel with its shell on a virtio console, and ports to a file and to a program. */
class LinuxConsoleTest {
    private static final Duration PATIENCE = Duration.ofMinutes(8);

    @Test
    void theShellIsOnHvc0AndPortsLeadToAFileAndAProgram() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path image = LinuxImage.make(cloister);
        Path log = cloister.folder().resolve("port.log");
        Path agent = cloister.folder().resolve("agent");
        Path serial = cloister.folder().resolve("serial.log");
        try (Running run = cloister.start(
                "run",
                "--image",
                image.toString(),
                "--engine",
                "emulated",
                "--console",
                "virtio",
                "--serial",
                "file=" + serial,
                "--port",
                "name=log,file=" + log,
                "--port",
                "name=agent,socket=" + agent,
                "--timeout",
                "8m")) {
            run.awaitOut(all -> all.contains("reached /init") && all.contains(" # "), "shell of busybox", PATIENCE);
            awaits(
                    run,
                    "until [ -e /dev/virtio-ports/log -a -e /dev/virtio-ports/agent ]; do sleep 0.1; done",
                    "ports");
            awaits(run, "cut -d ' ' -f 1 /proc/consoles; tty", "hvc0");
            awaits(run, "echo started > /dev/virtio-ports/log", "logged");
            assertThat(log).hasContent("started");
            converse(run, agent);
            run.type("exit\n");
            Finished end = run.await(PATIENCE).expect(0);
            assertThat(end.out()).contains("hvc0", "/dev/hvc0");
        }
        assertThat(Files.readString(serial, StandardCharsets.ISO_8859_1)).doesNotContain("reached /init");
    }

    /** The guest writes first and waits for that until somebody is there; then each has a word. */
    private static void converse(Running run, Path agent) throws Exception {
        run.type("exec 3<>/dev/virtio-ports/agent; echo knock >&3; read word <&3; echo the host says $word\n");
        try (SocketChannel program = SocketChannel.open(UnixDomainSocketAddress.of(agent))) {
            BufferedReader said =
                    new BufferedReader(new InputStreamReader(Channels.newInputStream(program), StandardCharsets.UTF_8));
            assertThat(said.readLine()).isEqualTo("knock");
            program.write(ByteBuffer.wrap("come in\n".getBytes(StandardCharsets.US_ASCII)));
            run.awaitOut(all -> all.contains("the host says come in"), "the program's answer", PATIENCE);
        }
    }

    private static void awaits(Running run, String command, String mark) throws Exception {
        run.type(command + "; echo DONE \"\"" + mark + "\n");
        run.awaitOut(all -> all.contains("DONE " + mark), mark, PATIENCE);
    }
}
