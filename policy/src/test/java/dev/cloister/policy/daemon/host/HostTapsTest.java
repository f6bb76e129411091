package dev.cloister.policy.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.cloister.linux.Errno;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.linux.Tap;
import dev.cloister.policy.channel.WireFrame;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.SourcePosition;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Taps in a network namespace of the test's own; where none can be made, says so. */
@Timeout(300)
class HostTapsTest {
    private static final long SYS_UNSHARE = 272;
    private static final long CLONE_NEWNET = 0x4000_0000L;
    private static final HostEndpoint LAN = new HostEndpoint(
            0,
            "@tap:lan",
            new Label(0, 1, 0),
            Endpoint.NO_TYPE,
            new HostObject.Tap("lan0"),
            new SourcePosition("policy.json", 1, 1));

    private final Deque<Runnable> later = new ArrayDeque<>();

    /** What a test does there. */
    private interface Body {
        void run(HostTaps taps) throws Exception;
    }

    private void inNamespace(Body body) throws Exception {
        Callable<String> inside = () -> {
            long result = Linux.syscall(SYS_UNSHARE, CLONE_NEWNET, 0, 0, 0, 0, 0);
            String missing = result < 0 ? "unshare: " + Errno.name((int) -result) : make();
            if (missing.isEmpty()) {
                try (HostTaps taps = new HostTaps(later::add)) {
                    body.run(taps);
                }
            }
            return missing;
        };
        FutureTask<String> task = new FutureTask<>(inside);
        new Thread(task, "network namespace").start();
        try {
            String missing = task.get();
            if (!missing.isEmpty()) {
                System.out.println("no taps here: " + missing);
                abort("no taps here: " + missing);
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw e;
        }
    }

    private static String make() throws Exception {
        String made = ip("tuntap add dev lan0 mode tap");
        return made.isEmpty() ? ip("addr add 10.9.0.1/24 dev lan0") + ip("link set lan0 up") : made;
    }

    /** Runs the command; what it says if it fails. */
    private static String ip(String arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments.split(" ")));
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor() == 0 ? "" : "ip " + arguments + ": " + said.strip();
        } catch (IOException e) {
            return "ip can't be run (Debian package iproute2): " + e.getMessage();
        }
    }

    private static void sendFromHost(String text) throws Exception {
        assertThat(ip("neigh replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev lan0"))
                .isEmpty();
        try (DatagramSocket socket = new DatagramSocket()) {
            byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
            socket.send(new DatagramPacket(bytes, bytes.length, InetAddress.getByName("10.9.0.2"), 9));
        }
    }

    /** The payload of the next datagram among all that the host says. */
    private static String next(Fd tap) throws Exception {
        byte[] frame = new byte[Pipe.MOST_PACKET];
        int headers = WireFrame.LEAST + 20 + 8;
        while (true) {
            Poller.await(tap, Poller.IN, -1);
            int count = Pipe.read(tap, frame, 0, frame.length);
            boolean datagram = count > headers && frame[5] == 2 && frame[12] == 8 && frame[WireFrame.LEAST + 9] == 17;
            if (datagram) {
                return new String(Arrays.copyOfRange(frame, headers, count), StandardCharsets.US_ASCII);
            }
        }
    }

    @Test
    void framesAreBareAndThoseThatWaitedBeforeAreLost() throws Exception {
        inNamespace(taps -> {
            try (HostTaps.Lease write = taps.write(LAN)) {
                assertThat(write.fd().number()).isPositive();
                sendFromHost("before");
                try (HostTaps.Lease read = taps.read(LAN, "in")) {
                    sendFromHost("after");
                    assertThat(next(read.fd())).isEqualTo("after");
                }
            }
        });
    }

    @Test
    void oneFlowReadsATapAtATime() throws Exception {
        inNamespace(taps -> {
            try (HostTaps.Lease first = taps.read(LAN, "first")) {
                assertThat(first.fd().number()).isPositive();
                assertThatThrownBy(() -> taps.read(LAN, "second"))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("@tap:lan is read by another flow than second");
            }
            taps.read(LAN, "second").close();
        });
    }

    @Test
    void tapIsGivenBackAfterItWasIdleForAWhile() throws Exception {
        inNamespace(taps -> {
            HostTaps.Lease write = taps.write(LAN);
            taps.read(LAN, "in").close();
            assertThat(later).isEmpty();
            write.close();
            taps.write(LAN).close();
            assertThat(later).hasSize(2);
            later.remove().run();
            assertThatThrownBy(() -> Tap.openBare("lan0")).hasMessageContaining("EBUSY");
            later.remove().run();
            Tap.openBare("lan0").close();
        });
    }

    @Test
    void interfaceThatWasRemovedAndMadeAgainIsOpenedAgain() throws Exception {
        inNamespace(taps -> {
            taps.read(LAN, "in").close();
            assertThat(ip("link delete lan0")).isEmpty();
            assertThatThrownBy(() -> taps.read(LAN, "in")).hasMessageContaining("ENODEV");
            assertThat(make()).isEmpty();
            try (HostTaps.Lease read = taps.read(LAN, "in")) {
                sendFromHost("again");
                assertThat(next(read.fd())).isEqualTo("again");
            }
        });
    }
}
