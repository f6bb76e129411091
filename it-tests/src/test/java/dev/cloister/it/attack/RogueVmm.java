package dev.cloister.it.attack;

import dev.cloister.linux.Fd;
import dev.cloister.linux.MessageSocket;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.DomainConfig;
import dev.cloister.policy.protocol.DomainState;
import dev.cloister.policy.protocol.FromVmm;
import dev.cloister.policy.protocol.ToVmm;
import dev.cloister.policy.protocol.VmmCodec;
import dev.cloister.vmm.sandbox.Sandbox;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A VMM process without a guest. It enters its sandbox as every VMM does and speaks the protocol well enough to be given its channels.
 * With the command line {@code rogue} it is an attacker's and does what is typed into its console; with {@code honest} it sends and
 * receives at a steady pace and says how that goes.
 */
public final class RogueVmm {
    /** The control socket. */
    static final int CONTROL_FD = 3;

    /** A channel's end. */
    record End(ChannelConfig channel, ToVmm.Attach attach, List<Fd> fds) {
        boolean out() {
            return attach.role() == Direction.OUT;
        }
    }

    private final MessageSocket control = MessageSocket.adopt(Fd.own(CONTROL_FD));
    private final Map<String, End> ends = new ConcurrentHashMap<>();
    private final Map<Integer, Integer> firstEpochs = new ConcurrentHashMap<>();
    private Optional<DomainConfig> config = Optional.empty();
    private Optional<Fd> serial = Optional.empty();
    private Optional<Sibling> honest = Optional.empty();
    private Optional<Fd> kvm = Optional.empty();
    private volatile String mode = "";

    private RogueVmm() {}

    public static void main(String[] arguments) throws IOException {
        new RogueVmm().run();
    }

    private void run() throws IOException {
        // As VmmMain does it.
        try (Fd listener = Sandbox.enterWatched()) {
            control.send(bytes(new FromVmm.Confined("")), List.of(listener));
        }
        Sandbox.seal();
        for (Optional<MessageSocket.Message> m = control.receive(); m.isPresent(); m = control.receive()) {
            handle(
                    VmmCodec.decodeToVmm(ByteBuffer.wrap(m.get().data())),
                    m.get().fds());
        }
        Runtime.getRuntime().halt(0);
    }

    private void handle(ToVmm message, List<Fd> fds) throws IOException {
        switch (message) {
            case ToVmm.Configure m -> configure(m.domain(), fds);
            case ToVmm.Attach m -> attach(m, fds);
            case ToVmm.Start _ -> start();
            case ToVmm.Revoke m -> revoke(m);
            case ToVmm.Stop _, ToVmm.PressPowerButton _ -> stop();
            case ToVmm.Answer _ -> {
                // Whatever it is, it is not what an attacker waits for.
            }
            default -> {
                if (mode.equals("close-control")) {
                    control.close();
                    Attempts.forever();
                }
                send(status(List.of()));
            }
        }
    }

    private void configure(DomainConfig domain, List<Fd> fds) throws IOException {
        config = Optional.of(domain);
        kvm = Optional.of(fds.getFirst());
        serial = Optional.of(fds.get(2));
        if (domain.boot().commandLine().equals("honest")) {
            honest = Optional.of(new Sibling(this::say));
        }
        if (domain.serialIn()) {
            Fd in = fds.get(3);
            Thread.ofPlatform().daemon().name("typed").start(() -> listen(in));
        }
        send(new FromVmm.Ready());
    }

    private void attach(ToVmm.Attach attach, List<Fd> fds) throws IOException {
        End end = new End(config.orElseThrow().channels().get(attach.index()), attach, fds);
        ends.put(end.channel().flow(), end);
        firstEpochs.putIfAbsent(attach.index(), attach.epoch());
        if (honest.isPresent()) {
            honest.get().attached(end);
        } else {
            Attempts.map(end);
        }
        send(new FromVmm.Attached(attach.index(), attach.epoch()));
    }

    private void start() throws IOException {
        send(new FromVmm.Started(1));
        send(status(List.of()));
        honest.ifPresent(Sibling::begin);
        say("begins");
    }

    private void revoke(ToVmm.Revoke revoke) throws IOException {
        if (mode.equals("ignore-revoke")) {
            return;
        }
        int epoch = switch (mode) {
            case "later-epoch" -> revoke.epoch() + 1;
            case "old-epoch" -> firstEpochs.getOrDefault(revoke.index(), 0);
            default -> revoke.epoch();
        };
        String flow = config.orElseThrow().channels().get(revoke.index()).flow();
        Optional<End> end = Optional.ofNullable(ends.get(flow));
        honest.ifPresent(h -> end.ifPresent(h::revoked));
        send(new FromVmm.Revoked(revoke.index(), epoch));
    }

    private void stop() throws IOException {
        if (!mode.equals("ignore-stop")) {
            send(new FromVmm.Exited(0, "{}"));
            Runtime.getRuntime().halt(0);
        }
    }

    private void listen(Fd in) {
        Attempts attempts = new Attempts(this, kvm.orElseThrow());
        StringBuilder line = new StringBuilder();
        byte[] bytes = new byte[256];
        try {
            while (true) {
                Poller.await(in, Poller.IN, -1);
                int count = Pipe.read(in, bytes, 0, bytes.length);
                for (int i = 0; i < count; i++) {
                    if (bytes[i] == '\n') {
                        typed(attempts, line.toString());
                        line.setLength(0);
                    } else {
                        line.append((char) bytes[i]);
                    }
                }
            }
        } catch (IOException e) {
            say("console: " + e.getMessage());
        }
    }

    private void typed(Attempts attempts, String line) throws IOException {
        if (line.startsWith("say ")) {
            say(line.substring("say ".length()));
        } else if (line.startsWith("mode ")) {
            mode = line.substring("mode ".length());
            say("in " + line);
        } else {
            attempts.attempt(line);
        }
    }

    /** The end of a flow's channel. */
    End end(String flow) {
        return Optional.ofNullable(ends.get(flow)).orElseThrow(() -> new IllegalStateException("no channel " + flow));
    }

    /** The socket itself. */
    MessageSocket control() {
        return control;
    }

    /** A state with counters. */
    static FromVmm.Status status(List<FromVmm.ChannelCounters> channels) {
        return new FromVmm.Status(DomainState.RUNNING, Engine.DIRECT, 0, List.of(), channels);
    }

    /** Sends a message. */
    void send(FromVmm message) throws IOException {
        control.send(bytes(message));
    }

    /** A message's frame. */
    static byte[] bytes(FromVmm message) {
        ByteBuffer frame = VmmCodec.encode(message);
        byte[] bytes = new byte[frame.remaining()];
        frame.get(bytes);
        return bytes;
    }

    /** Where the serial line is written. */
    Fd serial() {
        return serial.orElseThrow();
    }

    /** Says a line on the serial line, waiting until there is room. */
    synchronized void say(String line) {
        byte[] bytes = (line + "\n").getBytes(StandardCharsets.US_ASCII);
        int done = 0;
        try {
            while (done < bytes.length) {
                int count = Pipe.write(serial(), bytes, done, bytes.length - done);
                done += Math.max(0, count);
                if (count <= 0) {
                    Poller.await(serial(), Poller.OUT, -1);
                }
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
