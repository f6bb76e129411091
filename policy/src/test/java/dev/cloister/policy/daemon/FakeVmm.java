package dev.cloister.policy.daemon;

import dev.cloister.linux.BlockFile;
import dev.cloister.linux.BpfProgram;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.linux.Mapping;
import dev.cloister.linux.MessageSocket;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.linux.Prctl;
import dev.cloister.linux.Seccomp;
import dev.cloister.linux.SystemCalls;
import dev.cloister.policy.channel.ByteRing;
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
import dev.cloister.policy.socket.HostSocket;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A VMM process without a guest, started for real by the daemon under test. The domain's command line says how it behaves:
 * words separated by spaces, such as {@code ask:guard:memory:out} or {@code die-at:attach}. What it sees goes to its serial line.
 */
public final class FakeVmm {
    private static final int PAGE = 4096;
    private static final VarHandle BYTES = ValueLayout.JAVA_BYTE.varHandle();

    private final MessageSocket control = MessageSocket.adopt(Fd.own(3));
    private @Nullable HostSocket guest;
    private final Map<Integer, Mapping> readable = new HashMap<>();
    private final Map<Integer, EventFd> bells = new HashMap<>();
    /** What a VMM keeps that it said to have given back. */
    private final List<Mapping> mapped = new java.util.ArrayList<>();

    private final Map<Integer, List<Fd>> kept = new HashMap<>();
    private final Map<Integer, Mapping> writable = new HashMap<>();
    private final List<ChannelConfig> channels = new java.util.ArrayList<>();
    private Optional<DomainConfig> config = Optional.empty();
    private Optional<Fd> serial = Optional.empty();
    private Optional<Fd> serialIn = Optional.empty();

    public static void main(String[] arguments) throws IOException {
        new FakeVmm().run();
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
        while (true) {
            Optional<MessageSocket.Message> packet = control.receive();
            if (packet.isEmpty()) {
                return;
            }
            ToVmm message = VmmCodec.decodeToVmm(ByteBuffer.wrap(packet.get().data()));
            String step = message.getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT);
            if (message instanceof ToVmm.Configure configure) {
                configure(configure.domain(), packet.get().fds());
            }
            if (does("die-at:" + step)) {
                Runtime.getRuntime().halt(9);
            }
            if (does("garbage-at:" + step)) {
                control.send(new byte[] {1, 2, 3, 4, 5, 6, 7});
            }
            if (!does("silent-at:" + step)) {
                handle(message, packet.get().fds());
            }
        }
    }

    private void configure(DomainConfig domain, List<Fd> fds) throws IOException {
        config = Optional.of(domain);
        channels.addAll(domain.channels());
        // From behind: where /dev/kvm can't be opened there is one less in front.
        int at = fds.size() - (domain.serialIn() ? 2 : 1);
        serial = Optional.of(fds.get(at));
        serialIn = domain.serialIn() ? Optional.of(fds.get(at + 1)) : Optional.empty();
        say("configured " + domain.identity().name() + " with " + fds.size() + " descriptors");
    }

    private void handle(ToVmm message, List<Fd> fds) throws IOException {
        switch (message) {
            case ToVmm.Configure _ -> send(new FromVmm.Ready());
            case ToVmm.Attach m -> {
                attach(m, fds);
                send(new FromVmm.Attached(m.index(), m.epoch()));
            }
            case ToVmm.Start _ -> start();
            case ToVmm.Pause _ -> send(status(DomainState.PAUSED));
            case ToVmm.Resume _ -> send(status(DomainState.RUNNING));
            case ToVmm.Stop _ -> exit(0);
            case ToVmm.PressPowerButton _ -> {
                say("power button");
                if (!does("sleep-on")) {
                    exit(0);
                }
            }
            case ToVmm.Revoke m -> {
                say("revoked " + m.index());
                if (does("lie")) {
                    useRevoked(m.index());
                } else {
                    readable.remove(m.index());
                    if (guest != null) {
                        guest.sever(channels.get(m.index()));
                    }
                    if (channels.get(m.index()).kind() == FlowKind.DISK) {
                        Objects.requireNonNull(kept.remove(m.index())).forEach(Fd::close);
                    }
                }
                send(new FromVmm.Revoked(m.index(), does("old-epoch") ? 1 : m.epoch()));
            }
            case ToVmm.Answer m ->
                say("answer " + m.requestId() + " " + m.status() + " " + m.index() + " " + m.reason());
            case ToVmm.Declare m -> declare(m.channel());
            case ToVmm.SetBalloon m ->
                send(new FromVmm.Balloon(
                        Math.max(0, m.bytes()), 4096, 8192, List.of(new FromVmm.MemoryFact("free", 1 << 20))));
            case ToVmm.Query _ -> send(status(DomainState.RUNNING));
        }
    }

    /** Programs of a guest: those that connect to a path, whose other end is what they call the host. */
    private HostSocket guest() {
        HostSocket made = guest;
        if (made == null) {
            String path = Stream.of(words())
                    .filter(word -> word.startsWith("guest:"))
                    .findAny()
                    .orElseThrow()
                    .substring("guest:".length());
            made = new HostSocket("guest", Path.of(path), new HostSocket.Listener() {
                @Override
                public void refused(long port) {
                    say("refused " + port);
                }

                @Override
                public void broken(String how) {
                    say("broken " + how);
                }
            });
            guest = made;
        }
        return made;
    }

    private void declare(ChannelConfig channel) {
        if (channel.index() == channels.size()) {
            channels.add(channel);
        } else {
            channels.set(channel.index(), channel);
        }
        say("declared " + channel.index() + " " + channel.flow());
    }

    private void attach(ToVmm.Attach attach, List<Fd> fds) throws IOException {
        ChannelConfig channel = channels.get(attach.index());
        kept.put(attach.index(), fds);
        if (channel.kind() != FlowKind.MEMORY) {
            if (!channel.sockets().equals(ChannelConfig.Sockets.NONE)) {
                guest().attach(channel, fds.getFirst(), EventFd.adopt(fds.get(1)));
            }
            if (channel.kind() == FlowKind.EVENT) {
                bells.put(attach.index(), EventFd.adopt(fds.getFirst()));
            }
            if (channel.kind() == FlowKind.DISK) {
                if (does("keep-mapping")) {
                    mapped.add(Mapping.readOnly(fds.getFirst(), 0, PAGE));
                }
                config.orElseThrow()
                        .devices()
                        .persistent()
                        .forEach(range -> say("range " + range.peer() + " " + range.bytes()
                                + (range.writable() ? " written" : " read only")));
                say("disk " + channel.flow() + " " + use(fds.getFirst()));
            }
            say("attached " + channel.flow());
            return;
        }
        bells.put(attach.index(), EventFd.adopt(fds.get(1)));
        if (attach.role() == Direction.OUT) {
            Mapping mapping =
                    Mapping.writable(fds.getFirst(), 0, channel.window().sizeBytes());
            RingWriter ring = new RingWriter(
                    mapping.segment(),
                    channel.window().recordBytes(),
                    channel.window().recordCount());
            ring.reset(attach.epoch());
            byte[] hello = ("hello from " + config.orElseThrow().identity().name()).getBytes(StandardCharsets.US_ASCII);
            ring.write(hello, 0, hello.length);
            writable.put(attach.index(), mapping);
        } else {
            say("direct: " + tryWritable(fds.getFirst(), channel.window().sizeBytes()));
            try (Fd again = Linux.open("/proc/self/fd/" + fds.getFirst().number(), Linux.O_RDWR)) {
                say("reopened: " + tryWritable(again, channel.window().sizeBytes()));
            } catch (ErrnoException e) {
                say("reopened: " + e.errnoName());
            }
            readable.put(
                    attach.index(),
                    Mapping.readOnly(fds.getFirst(), 0, channel.window().sizeBytes()));
        }
    }

    /** What can be done with a disk's descriptor: the first bytes, and whether the same can be written. */
    private static String use(Fd fd) {
        StringBuilder said = new StringBuilder();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(4);
            MemorySegment[] one = {bytes};
            BlockFile file = BlockFile.own(Fd.own(fd.number()), "disk");
            try {
                file.read(0, one, 1);
                said.append("reads ").append(StandardCharsets.US_ASCII.decode(bytes.asByteBuffer()));
            } catch (ErrnoException e) {
                said.append("read ").append(e.errnoName());
            }
            try {
                bytes.setAtIndex(ValueLayout.JAVA_INT, 0, 0x30303030);
                file.write(512, one, 1);
                said.append(", writes");
            } catch (ErrnoException e) {
                said.append(", write ").append(e.errnoName());
            }
        } catch (ErrnoException e) {
            said.append(e.errnoName());
        }
        return said.toString();
    }

    private static String tryWritable(Fd fd, long size) {
        try (Mapping mapping = Mapping.writable(fd, 0, size)) {
            return "mapped writable at " + mapping.address();
        } catch (ErrnoException e) {
            return e.errnoName();
        }
    }

    private void start() throws IOException {
        send(new FromVmm.Started(1234));
        send(status(DomainState.RUNNING));
        readable.forEach(this::read);
        int id = 0;
        for (String word : words()) {
            String[] parts = word.split(":");
            switch (parts[0]) {
                case "ask" ->
                    send(new FromVmm.Request(
                            ++id,
                            FlowKind.valueOf(parts[2].toUpperCase(java.util.Locale.ROOT)),
                            Direction.valueOf(parts[3].toUpperCase(java.util.Locale.ROOT)),
                            parts[1]));
                case "violate" -> {
                    for (int i = 0; i < Integer.parseInt(parts[1]); i++) {
                        send(new FromVmm.Violation(ViolationKind.READ_ONLY_WRITE, "gpa 0xd0200000, attempt " + i));
                    }
                }
                case "signal" -> signal(Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
                case "listen" -> listen(Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
                case "message" ->
                    messages(Integer.parseInt(parts[1]), Integer.parseInt(parts[2]), Integer.parseInt(parts[3]));
                case "frame" -> frame(Integer.parseInt(parts[1]), parts[2], Integer.parseInt(parts[3]));
                case "await-frame" -> awaitFrame(Integer.parseInt(parts[1]));
                case "pour" -> pour(Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
                case "drink" -> drink(Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
                case "trace" -> Linux.syscall(SystemCalls.number("ptrace"), 16, 1, 0, 0, 0, 0);
                case "exit" -> exit(Integer.parseInt(parts[1]));
                case "echo" -> echo();
                case "babble" -> babble(Integer.parseInt(parts[1]));
                case "send-fd" -> control.send(bytes(new FromVmm.Ready()), List.of(Fd.own(0)));
                case "await-record" -> awaitRecords(Integer.parseInt(parts[1]));
                default -> {
                    // A word for another step.
                }
            }
        }
    }

    private void read(int index, Mapping mapping) {
        ChannelConfig channel = channels.get(index);
        RingReader ring = new RingReader(
                mapping.segment(),
                channel.window().recordBytes(),
                channel.window().recordCount());
        byte[] record = new byte[ring.maxPayload()];
        for (int length = ring.read(record); length != RingReader.EMPTY; length = ring.read(record)) {
            if (length >= 0) {
                say("record " + channel.flow() + ": " + new String(record, 0, length, StandardCharsets.US_ASCII));
            }
        }
    }

    /** Waits for the doorbell of a channel, then reads its records. */
    private void awaitRecords(int index) throws IOException {
        EventFd bell = bells.get(index);
        while (bell != null) {
            Poller.await(bell.fd(), Poller.IN, -1);
            bell.drain();
            Mapping mapping = readable.get(index);
            if (mapping != null) {
                read(index, mapping);
                return;
            }
        }
    }

    /** Signals an event as often as it can be. */
    private void signal(int index, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            Objects.requireNonNull(bells.get(index)).signal();
        }
    }

    /** Writes to a stream whatever its pipe takes, without caring for credit, rate or quota. */
    private void pour(int index, int count) throws IOException {
        Fd end = Objects.requireNonNull(kept.get(index)).getFirst();
        int left = count;
        while (left > 0) {
            int written = Pipe.write(end, new byte[left], 0, left);
            left -= written;
            if (written == 0) {
                Poller.await(end, Poller.OUT, -1);
            }
        }
        say("poured " + count);
    }

    /** Reads so many bytes of a stream, and returns credit for them as it should. */
    private void drink(int index, int count) throws IOException {
        List<Fd> ends = Objects.requireNonNull(kept.get(index));
        EventFd credit = EventFd.adopt(ends.get(1));
        int quantum = ByteRing.quantum(channels.get(index).window().recordCount());
        byte[] bytes = new byte[quantum];
        int unreturned = 0;
        for (int left = count; left > 0; ) {
            Poller.await(ends.getFirst(), Poller.IN, -1);
            int got = Pipe.read(ends.getFirst(), bytes, 0, bytes.length);
            left -= got;
            for (unreturned += got; unreturned >= quantum; unreturned -= quantum) {
                credit.signal();
            }
        }
        say("drank " + count);
    }

    /** Says what comes over a channel of messages. */
    private void listen(int index, int count) throws IOException {
        Fd end = Objects.requireNonNull(kept.get(index)).getFirst();
        byte[] packet = new byte[Pipe.MOST_PACKET];
        for (int i = 0; i < count; i++) {
            Poller.await(end, Poller.IN, -1);
            int got = Pipe.read(end, packet, 0, packet.length);
            say("packet after " + packet[0] + " lost: " + new String(packet, 4, got - 4, StandardCharsets.US_ASCII));
        }
    }

    /** Writes a frame that begins with a word. */
    private void frame(int index, String word, int bytes) throws IOException {
        Fd end = Objects.requireNonNull(kept.get(index)).getFirst();
        byte[] frame = Arrays.copyOf(word.getBytes(StandardCharsets.US_ASCII), bytes);
        say("wrote " + word + " " + Pipe.write(end, frame, 0, bytes));
    }

    /** Says which frame comes next. */
    private void awaitFrame(int index) throws IOException {
        Fd end = Objects.requireNonNull(kept.get(index)).getFirst();
        byte[] frame = new byte[Pipe.MOST_PACKET];
        Poller.await(end, Poller.IN, -1);
        int got = Pipe.read(end, frame, 0, frame.length);
        say("frame of " + got + ": " + new String(frame, 0, got, StandardCharsets.US_ASCII).trim());
    }

    /** Writes messages as fast as the pipe takes them. */
    private void messages(int index, int count, int bytes) throws IOException {
        Fd end = Objects.requireNonNull(kept.get(index)).getFirst();
        for (int left = count; left > 0; ) {
            left -= Pipe.write(end, new byte[bytes], 0, bytes) > 0 ? 1 : 0;
            Poller.await(end, Poller.OUT, -1);
        }
        say("sent " + count);
    }

    /** What a VMM tries that says it has let go. */
    private void useRevoked(int index) {
        Thread.ofPlatform().daemon().start(() -> {
            for (Fd fd : Objects.requireNonNull(kept.get(index))) {
                try {
                    Pipe.write(fd, new byte[] {1, 0, 0, 0, 0, 0, 0, 0}, 0, 8);
                } catch (ErrnoException e) {
                    say("write after revoke: " + e.errnoName());
                }
            }
            Mapping mapping = Optional.ofNullable(writable.get(index)).orElse(readable.get(index));
            if (mapping == null) {
                return;
            }
            try {
                // Until the daemon has taken the pages away. Opaque, or a compiler reads once and never again. The
                // error may be
                // thrown a moment after the access, so that the whole loop is tried.
                while (true) {
                    BYTES.getOpaque(mapping.segment(), 0L);
                }
            } catch (InternalError e) {
                say("memory after revoke: gone");
            }
        });
    }

    private void echo() throws IOException {
        Fd in = serialIn.orElseThrow();
        byte[] bytes = new byte[64];
        Poller.await(in, Poller.IN, -1);
        int count = Pipe.read(in, bytes, 0, bytes.length);
        say("typed: " + new String(bytes, 0, count, StandardCharsets.US_ASCII));
    }

    /** Says so many KiB. */
    private void babble(int count) throws IOException {
        Fd line = serial.orElseThrow();
        byte[] bytes = ("x".repeat(1023) + "\n").getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < count; i++) {
            for (int at = 0; at < bytes.length; ) {
                Poller.await(line, Poller.OUT, -1);
                at += Pipe.write(line, bytes, at, bytes.length - at);
            }
        }
    }

    private void exit(int code) throws IOException {
        send(new FromVmm.Exited(code, "{\"engine\":\"direct\"}"));
        if (!does("stay")) {
            Runtime.getRuntime().halt(code);
        }
    }

    private static FromVmm.Status status(DomainState state) {
        return new FromVmm.Status(state, Engine.DIRECT, 0, List.of(new FromVmm.ExitCount("io", 5)), List.of());
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

    private String[] words() {
        return config.orElseThrow().boot().commandLine().split(" ");
    }

    private boolean does(String word) {
        return config.isPresent() && List.of(words()).contains(word);
    }
}
