package dev.cloister.it.attack;

import dev.cloister.linux.BpfProgram;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.linux.Mapping;
import dev.cloister.linux.MessageSocket;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.linux.Prctl;
import dev.cloister.linux.Seccomp;
import dev.cloister.linux.SystemCalls;
import dev.cloister.policy.channel.RingReader;
import dev.cloister.policy.channel.RingWriter;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.DomainConfig;
import dev.cloister.policy.protocol.DomainState;
import dev.cloister.policy.protocol.FromVmm;
import dev.cloister.policy.protocol.ToVmm;
import dev.cloister.policy.protocol.ViolationKind;
import dev.cloister.policy.protocol.VmmCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * A VMM process that an attacker owns. It speaks the protocol well enough to be given its channels, then does what the domain's
 * command line names ({@link Attack}); {@code honest} sends or receives records as fast as it can and says each thousandth on its
 * serial line.
 */
public final class RogueVmm {
    private static final long SYS_MPROTECT = 10;
    private static final long SYS_KILL = 62;
    private static final long SYS_GETPID = 39;
    private static final long SYS_FCNTL = 72;
    private static final long SYS_FTRUNCATE = 77;
    private static final int F_ADD_SEALS = 1033;
    private static final int F_SEAL_WRITE = 8;
    private static final int SIGSTOP = 19;
    private static final int FLOOD = 200_000;
    private static final int REPORTED = 1000;

    private final MessageSocket control = MessageSocket.adopt(Fd.own(3));
    private final List<Fd> given = new ArrayList<>();
    private Optional<DomainConfig> config = Optional.empty();
    private Optional<Fd> serial = Optional.empty();
    private volatile boolean stopping;

    private RogueVmm() {}

    public static void main(String[] arguments) throws IOException {
        new RogueVmm().run();
    }

    /** A filter that refuses one call only, with a real listener. */
    private void confine() throws IOException {
        Prctl.setNoNewPrivileges();
        byte[] program = new BpfProgram(BpfProgram.ALLOW)
                .rule(SystemCalls.number("ptrace"), BpfProgram.USER_NOTIFY, List.of())
                .bytes();
        try (Fd listener = Seccomp.installWithListener(program)) {
            control.send(bytes(new FromVmm.Confined("")), List.of(listener));
        }
    }

    private void run() throws IOException {
        confine();
        for (Optional<MessageSocket.Message> m = control.receive(); m.isPresent(); m = control.receive()) {
            handle(
                    VmmCodec.decodeToVmm(ByteBuffer.wrap(m.get().data())),
                    m.get().fds());
        }
    }

    private boolean does(Attack attack) {
        return config.map(c -> c.commandLine().equals(attack.word())).orElse(false);
    }

    private void handle(ToVmm message, List<Fd> fds) throws IOException {
        switch (message) {
            case ToVmm.Configure m -> {
                config = Optional.of(m.domain());
                serial = Optional.of(fds.get(m.domain().initrd() ? 3 : 2));
                send(new FromVmm.Ready());
            }
            case ToVmm.Attach m -> {
                attach(m, fds);
                send(new FromVmm.Attached(m.index(), m.epoch()));
            }
            case ToVmm.Start _ -> start();
            case ToVmm.Revoke m -> revoke(m);
            case ToVmm.Stop _ -> stop();
            default -> send(status(List.of()));
        }
    }

    private void start() throws IOException {
        send(new FromVmm.Started(1));
        send(status(List.of()));
        DomainConfig domain = config.orElseThrow();
        if (!domain.commandLine().equals("honest")) {
            attack(Attack.of(domain.commandLine()));
            say("tried");
        }
    }

    private void revoke(ToVmm.Revoke revoke) throws IOException {
        if (does(Attack.OTHER_EPOCH)) {
            send(new FromVmm.Revoked(revoke.index(), revoke.epoch() + 1));
        } else if (!does(Attack.IGNORE_REVOKE)) {
            send(new FromVmm.Revoked(revoke.index(), revoke.epoch()));
        }
    }

    private void stop() throws IOException {
        if (!does(Attack.IGNORE_STOP)) {
            stopping = true;
            send(new FromVmm.Exited(0, "{}"));
            Runtime.getRuntime().halt(0);
        }
    }

    private void attach(ToVmm.Attach attach, List<Fd> fds) throws IOException {
        given.addAll(fds);
        ChannelConfig channel = config.orElseThrow().channels().get(attach.index());
        if (channel.kind() != FlowKind.MEMORY
                || !config.orElseThrow().commandLine().equals("honest")) {
            return;
        }
        boolean out = attach.role() == Direction.OUT;
        Mapping mapping = out
                ? Mapping.writable(fds.getFirst(), 0, channel.sizeBytes())
                : Mapping.readOnly(fds.getFirst(), 0, channel.sizeBytes());
        if (out) {
            RingWriter ring = new RingWriter(mapping.segment(), channel.recordBytes(), channel.recordCount());
            ring.reset(attach.epoch());
            Thread.ofPlatform().daemon().start(() -> produce(ring));
        } else {
            RingReader ring = new RingReader(mapping.segment(), channel.recordBytes(), channel.recordCount());
            Thread.ofPlatform().daemon().start(() -> consume(ring));
        }
    }

    private void produce(RingWriter ring) {
        byte[] record = new byte[64];
        while (!stopping) {
            ring.write(record, 0, record.length);
            Thread.yield();
        }
    }

    private void consume(RingReader ring) {
        byte[] record = new byte[ring.maxPayload()];
        long records = 0;
        while (!stopping) {
            int length = ring.read(record);
            if (length < 0) {
                Thread.yield();
            } else if (++records % REPORTED == 0) {
                say("records " + records);
            }
        }
    }

    private void attack(Attack attack) throws IOException {
        switch (attack) {
            case WRITE_READ_ONLY -> writeReadOnly();
            case RESIZE_REGION -> resize();
            case GARBAGE -> control.send(random(57));
            case SHORT_FRAME -> control.send(new byte[] {1});
            case LONG_FRAME -> Pipe.write(control.fd(), random(100_000), 0, 100_000);
            case SEND_DESCRIPTOR -> control.send(bytes(status(List.of())), List.of(Fd.own(0)));
            case FORGE_ATTACHED -> send(new FromVmm.Attached(9, 1));
            case FORGE_REVOKED -> send(new FromVmm.Revoked(9, 1));
            case FORGE_STATUS -> send(status(List.of(new FromVmm.ChannelCounters(9, 1, 0, 0))));
            case FORGE_REQUEST -> {
                send(new FromVmm.Request(1, FlowKind.MEMORY, Direction.OUT, "nobody"));
                send(new FromVmm.Request(2, FlowKind.MEMORY, Direction.OUT, "writer"));
            }
            case FLOOD_VIOLATIONS -> flood(new FromVmm.Violation(ViolationKind.READ_ONLY_WRITE, "gpa 0"));
            case FLOOD_STATUS -> flood(status(List.of()));
            case FLOOD_LOG -> pour(Fd.own(1));
            case FLOOD_SERIAL -> pour(serial.orElseThrow());
            case STOP_ITSELF ->
                Linux.syscall(SYS_KILL, Linux.syscall(SYS_GETPID, 0, 0, 0, 0, 0, 0), SIGSTOP, 0, 0, 0, 0);
            case CLOSE_CONTROL -> {
                control.close();
                Poller.await(Pipe.create().readEnd(), Poller.IN, -1);
            }
            case OTHER_EPOCH, IGNORE_REVOKE, IGNORE_STOP -> {
                // At the message that it is about.
            }
        }
    }

    private void writeReadOnly() throws IOException {
        for (Fd fd : given) {
            say("direct " + tried(() -> Mapping.writable(fd, 0, Linux.PAGE_SIZE)));
            say("reopened "
                    + tried(() -> {
                        Fd again = Linux.open("/proc/self/fd/" + fd.number(), Linux.O_RDWR);
                        Mapping.writable(again, 0, Linux.PAGE_SIZE);
                    }));
            say("mprotect "
                    + tried(() -> {
                        Mapping mapping = Mapping.readOnly(fd, 0, Linux.PAGE_SIZE);
                        long result = Linux.syscall(SYS_MPROTECT, mapping.address(), Linux.PAGE_SIZE, 3, 0, 0, 0);
                        Linux.check(result, "mprotect", "window");
                    }));
        }
    }

    private void resize() {
        for (Fd fd : given) {
            say("grow "
                    + tried(() -> Linux.check(
                            Linux.syscall(SYS_FTRUNCATE, fd.number(), 1 << 30, 0, 0, 0, 0), "ftruncate", "region")));
            say("seal "
                    + tried(() -> Linux.check(
                            Linux.syscall(SYS_FCNTL, fd.number(), F_ADD_SEALS, F_SEAL_WRITE, 0, 0, 0),
                            "fcntl",
                            "region")));
        }
    }

    private interface Try {
        void run() throws IOException;
    }

    private static String tried(Try what) {
        try {
            what.run();
            return "SUCCEEDED";
        } catch (ErrnoException e) {
            return e.errnoName();
        } catch (IOException e) {
            return e.getClass().getSimpleName();
        }
    }

    private void flood(FromVmm message) throws IOException {
        byte[] frame = bytes(message);
        for (int i = 0; i < FLOOD; i++) {
            control.send(frame);
        }
    }

    private static void pour(Fd into) throws IOException {
        byte[] junk = random(4096);
        for (int i = 0; i < FLOOD / 100; i++) {
            if (Pipe.write(into, junk, 0, junk.length) == 0) {
                Poller.await(into, Poller.OUT, -1);
            }
        }
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(4).nextBytes(bytes);
        return bytes;
    }

    private static FromVmm.Status status(List<FromVmm.ChannelCounters> channels) {
        return new FromVmm.Status(DomainState.RUNNING, Engine.DIRECT, 0, List.of(), channels);
    }

    private void send(FromVmm message) throws IOException {
        control.send(bytes(message));
    }

    private static byte[] bytes(FromVmm message) {
        ByteBuffer frame = VmmCodec.encode(message);
        byte[] bytes = new byte[frame.remaining()];
        frame.get(bytes);
        return bytes;
    }

    private void say(String line) {
        byte[] bytes = (line + "\n").getBytes(StandardCharsets.US_ASCII);
        try {
            Pipe.write(serial.orElseThrow(), bytes, 0, bytes.length);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
