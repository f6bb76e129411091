package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Running;
import dev.cloister.it.harness.Up;
import dev.cloister.policy.protocol.Snapshot;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Unmodified {@code socat} programs in guests with Debian's kernel: to the host and from it, and from guest to guest as a policy says. */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class SocketsTest {
    private static final Duration PATIENCE = Duration.ofMinutes(12);
    private static final long SEED = 20_261_121;

    private static final String WITH_HOST = """
        socat VSOCK-LISTEN:78,fork EXEC:cat &
        dd if=/dev/urandom of=/tmp/a bs=64k count=16 2>/dev/null
        echo sent $(sha256sum < /tmp/a)
        socat -u OPEN:/tmp/a VSOCK-CONNECT:2:1234
        echo got $(socat -u VSOCK-CONNECT:2:1235 - | sha256sum)
        socat - VSOCK-CONNECT:2:99 < /dev/null
        echo refused with $?
        echo serving
        socat VSOCK-LISTEN:77 EXEC:sha256sum
        poweroff -f
        """;

    private static final String DESK = """
        until [ "$(echo ready | socat -t 20 - VSOCK-CONNECT:6:1234)" = ready ]; do sleep 1; done
        echo there and back
        dd if=/dev/urandom of=/tmp/a bs=64k count=16 2>/dev/null
        echo first $(sha256sum < /tmp/a)
        echo again $(socat -t 120 - VSOCK-CONNECT:6:1234 < /tmp/a | sha256sum)
        echo news | socat -u - VSOCK-CONNECT:6:2000
        socat -u - VSOCK-CONNECT:6:99 < /dev/null
        echo refused with $?
        socat -u - VSOCK-CONNECT:6:1239 < /dev/null
        echo nobody there: $?
        poweroff -f
        """;

    private static final String SHOP = """
        socat VSOCK-LISTEN:1234,fork EXEC:cat &
        echo heard $(socat -u VSOCK-LISTEN:2000 -)
        socat VSOCK-CONNECT:5:1 - < /dev/null
        echo not backwards: $?
        poweroff -f
        """;

    /** The folder that {@code image linux} made. */
    @TempDir
    private static Path image;

    @BeforeAll
    static void makeImage() throws Exception {
        try (Running making = Cloister.fresh().start("image", "linux", image.toString(), "--drivers", "vsock")) {
            Finished made = making.await(Duration.ofMinutes(8));
            if (made.code() != 0) {
                System.out.println("no Debian kernel here: " + made.err());
            }
            assumeTrue(made.code() == 0, "Debian's kernel can't be had here; the reason is printed above");
        }
    }

    private static String digest(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(SEED).nextBytes(bytes);
        return bytes;
    }

    private static ServerSocketChannel listen(Path path) throws IOException {
        return ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(path));
    }

    @Test
    void guestAndHostTalkBothWaysAndWhatNobodyServesIsRefused() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path initrd = SmallRoot.write(image.resolve("initrd.img"), image.resolve("sockets.img"), WITH_HOST);
        Path socket = Files.createTempDirectory("vsock").resolve("s");
        byte[] bytes = random(1_000_000);
        try (ServerSocketChannel takes = listen(Path.of(socket + "_1234"));
                ServerSocketChannel gives = listen(Path.of(socket + "_1235"));
                Running run = cloister.start(
                        "run",
                        "--engine",
                        "emulated",
                        "--kernel",
                        image.resolve("vmlinuz").toString(),
                        "--initrd",
                        initrd.toString(),
                        "--cmdline",
                        "console=ttyS0 quiet",
                        "--vsock",
                        "cid=5,socket=" + socket,
                        "--timeout",
                        "12m")) {
            serve(run, takes, gives, bytes);
            assertThat(answer(socket, 77, bytes)).isEqualTo(digest(bytes) + "  -\n");
            run.await(PATIENCE).expect(0);
        }
    }

    /** Takes what the guest sends, gives it other bytes, and sees that it had the same and was refused elsewhere. */
    private static void serve(Running run, ServerSocketChannel takes, ServerSocketChannel gives, byte[] bytes)
            throws Exception {
        byte[] taken;
        try (SocketChannel guest = takes.accept()) {
            taken = Channels.newInputStream(guest).readAllBytes();
        }
        try (SocketChannel guest = gives.accept();
                OutputStream out = Channels.newOutputStream(guest)) {
            out.write(bytes);
        }
        run.awaitOut(all -> all.contains("serving"), "the guest's server", PATIENCE);
        assertThat(run.out())
                .contains("sent " + digest(taken))
                .contains("got " + digest(bytes))
                .contains("refused with 1");
    }

    /** The same under a policy; the way in is taken away and given back, and the daemon killed. */
    @Test
    void aDomainAndTheHostTalkAsFarAsThePolicyHasStreams() throws Exception {
        Cloister cloister = Cloister.fresh();
        Files.copy(image.resolve("vmlinuz"), cloister.folder().resolve("vmlinuz"));
        SmallRoot.write(image.resolve("initrd.img"), cloister.folder().resolve("desk.img"), WITH_HOST);
        Path socket = cloister.folder().resolve("s");
        Path policy =
                Files.writeString(cloister.folder().resolve("ops.json"), """
                    {version: 1, name: "ops", lattice: {levels: ["low", "high"]},
                     host: {console: {label: {level: "high"}}, sockets: {ops: {path: "s", label: {level: "low"}}}},
                     domains: [%s],
                     flows: [
                      {name: "desk-out", from: "desk", to: "@console", kind: "console"},
                      {name: "ask", from: "desk", to: "@socket:ops", kind: "stream", ports: ["1234-1235"]},
                      {name: "say", from: "@socket:ops", to: "desk", kind: "stream", answers: "ask"},
                      {name: "order", from: "@socket:ops", to: "desk", kind: "stream", ports: ["77-78"]},
                      {name: "reply", from: "desk", to: "@socket:ops", kind: "stream", answers: "order"}]}
                    """.formatted(domain(cloister, "desk", 5)));
        byte[] bytes = random(1_000_000);
        try (ServerSocketChannel takes = listen(Path.of(socket + "_1234"));
                ServerSocketChannel gives = listen(Path.of(socket + "_1235"));
                Up up = Up.start(cloister, policy, "--timeout", "20m")) {
            serve(up.command(), takes, gives, bytes);
            try (SocketChannel program = call(socket, 99)) {
                assertThat(line(program)).isEmpty();
            }
            byte[] word = random(1000);
            assertThat(answer(socket, 78, word)).isEqualTo(latin(word));
            cloister.run("revoke", "order").expect(0);
            up.until(s -> Up.flow(s, "order").state().equals("revoked"), "the way in taken away");
            assertThat(socket).doesNotExist();
            cloister.run("open", "order").expect(0);
            up.until(s -> Up.flow(s, "order").state().equals("live"), "the way in given back");
            assertThat(answer(socket, 78, word)).isEqualTo(latin(word));
            long killed = up.now().pid();
            up.daemon().destroyForcibly();
            up.again(s -> s.pid() != killed && live(s), "the flows under the next daemon");
            assertThat(answer(socket, 78, word)).isEqualTo(latin(word));
            assertThat(answer(socket, 77, bytes)).isEqualTo(digest(bytes) + "  -\n");
            up.command().await(PATIENCE).expect(0);
        }
        String audit =
                cloister.run("audit", "tail", "-n", "1000", "--json").expect(0).out();
        assertThat(audit)
                .containsOnlyOnce("connection to port 99 of context id 2: no flow of this domain allows it")
                .containsOnlyOnce("s: port 99 of the domain")
                .contains("is taken over");
        cloister.run("audit", "verify").expect(0);
    }

    private static boolean live(Snapshot snapshot) {
        return List.of("ask", "say", "order", "reply").stream()
                .allMatch(flow -> Up.flow(snapshot, flow).state().equals("live"));
    }

    private static String latin(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static SocketChannel call(Path socket, int port) throws IOException {
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        channel.write(ByteBuffer.wrap(("CONNECT " + port + "\n").getBytes(StandardCharsets.US_ASCII)));
        return channel;
    }

    /** Sends bytes to the guest's server, ends that half, and reads what it says then. */
    private static String answer(Path socket, int port, byte[] bytes) throws IOException {
        while (true) {
            try (SocketChannel channel = call(socket, port)) {
                String greeting = line(channel);
                // The word was printed a moment before the server listened.
                if (!greeting.isEmpty()) {
                    assertThat(greeting).startsWith("OK ");
                    Channels.newOutputStream(channel).write(bytes);
                    channel.shutdownOutput();
                    return latin(Channels.newInputStream(channel).readAllBytes());
                }
            }
        }
    }

    private static String line(SocketChannel channel) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        InputStream in = Channels.newInputStream(channel);
        for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
            line.write(next);
        }
        return line.toString(StandardCharsets.US_ASCII);
    }

    @Test
    void guestsTalkAsFarAsThePolicyHasStreamsAndARefusalIsOneRecord() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path initrd = image.resolve("initrd.img");
        Files.copy(image.resolve("vmlinuz"), cloister.folder().resolve("vmlinuz"));
        SmallRoot.write(initrd, cloister.folder().resolve("desk.img"), DESK);
        SmallRoot.write(initrd, cloister.folder().resolve("shop.img"), SHOP);
        Path policy = Files.writeString(cloister.folder().resolve("talk.json"), """
            {version: 1, name: "talk", lattice: {levels: ["low", "high"]},
             host: {console: {label: {level: "high"}}},
             domains: [%s, %s],
             flows: [
              {name: "desk-out", from: "desk", to: "@console", kind: "console"},
              {name: "shop-out", from: "shop", to: "@console", kind: "console"},
              {name: "ask", from: "desk", to: "shop", kind: "stream", ports: ["1234-1239"]},
              {name: "say", from: "shop", to: "desk", kind: "stream", answers: "ask"},
              {name: "news", from: "desk", to: "shop", kind: "stream", ports: [2000], backChannel: {bitsPerSecond: 100}}]}
            """.formatted(
                        domain(cloister, "desk", 5), domain(cloister, "shop", 6)));
        try (Running up = cloister.start("up", policy.toString(), "--timeout", "20m")) {
            Finished end = up.await(Duration.ofMinutes(20)).expect(0);
            assertThat(end.out())
                    .contains("there and back", "refused with 1", "nobody there: 1")
                    .contains("heard news", "not backwards: 1");
            assertThat(after(end.out(), "first ")).isEqualTo(after(end.out(), "again "));
        }
        String audit =
                cloister.run("audit", "tail", "-n", "1000", "--json").expect(0).out();
        assertThat(audit)
                .containsOnlyOnce("connection to port 99 of context id 6: no flow of this domain allows it")
                .containsOnlyOnce("connection to port 1 of context id 5: no flow of this domain allows it")
                .doesNotContain("port 1239");
    }

    private static String domain(Cloister cloister, String name, int cid) throws IOException {
        Path folder = cloister.folder();
        return """
            {id: "6c0c1f0e-0000-4000-8000-%012x", name: "%s", label: {level: "low"}, memory: "192M", engine: "emulated",
             vsock: {cid: %d}, image: {kernel: {path: "vmlinuz", sha256: "%s"},
             initrd: {path: "%s.img", sha256: "%s"}, cmdline: "console=ttyS0 quiet"}}\
            """.formatted(
                        cid,
                        name,
                        cid,
                        PolicyFile.sha256(folder.resolve("vmlinuz")),
                        name,
                        PolicyFile.sha256(folder.resolve(name + ".img")));
    }

    /** The 64 digits of a digest behind a word. */
    private static String after(String text, String word) {
        int at = text.indexOf(word) + word.length();
        return text.substring(at, at + 64);
    }
}
