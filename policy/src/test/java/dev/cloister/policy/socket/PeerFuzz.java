package dev.cloister.policy.socket;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Pipe;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.PortRange;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The fuzzer's target for what comes from another domain's end of a stream: frames that a lying peer makes, and a side of ours that reads, writes and
 * closes as the input says, on one thread. Nothing is thrown; a contract that is broken is told once, and nothing is taken after that; never
 * more connections than there may be; each byte that is read is the one that was sent; and what is sent is frames.
 */
public final class PeerFuzz implements AutoCloseable {
    private static final int PORT = 7;
    private static final int MOST = 0x4000;

    private final ByteBuffer in;
    private final boolean opener;
    private final boolean answered;
    private final List<End> ends = new ArrayList<>();
    private final Map<Integer, Integer> sent = new HashMap<>();
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment bytes = arena.allocate(0x1_0000);
    private final Pipe toUs;
    private final Pipe fromUs;
    private final PeerLinks links;
    private final PeerLink link;
    private final PeerInput input;
    private final PeerOutput output;
    private int broken;
    private final MemorySegment header = arena.allocate(PeerFrame.HEADER_BYTES);
    private int headed;
    private int payload;
    private int read;

    private PeerFuzz(byte[] data) throws ErrnoException {
        in = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
        int choice = next();
        opener = choice % 2 == 1;
        answered = opener || choice % 4 == 0;
        links = new PeerLinks(new Side(), "fuzz");
        link = new PeerLink(links, opener, answered);
        toUs = Pipe.create();
        fromUs = Pipe.create();
        toUs.writeEnd().setNonBlocking(true);
        toUs.readEnd().setNonBlocking(true);
        fromUs.writeEnd().setNonBlocking(true);
        fromUs.readEnd().setNonBlocking(true);
        input = new PeerInput(config(Direction.IN), link, toUs.readEnd(), EventFd.create());
        output = new PeerOutput(config(Direction.OUT), link, fromUs.writeEnd(), EventFd.create());
        link.join(input);
        if (opener || answered) {
            link.join(output);
        }
    }

    private static ChannelConfig config(Direction direction) {
        return new ChannelConfig(
                0,
                "ask",
                FlowKind.STREAM,
                direction,
                "peer",
                new ChannelConfig.Window(0, 0, 1, 64 << 10),
                new ChannelConfig.Limits(0, 0, 0, ChannelConfig.Quota.NONE),
                new ChannelConfig.Sockets(9, List.of(new PortRange(PORT, PORT + 9)), "", true));
    }

    /** Our side's end of a connection. */
    private final class End implements LocalEnd {
        @Nullable
        PeerStream stream;

        int got;
        boolean over;

        @Override
        public void opened(PeerStream with) {
            require(stream == null && !over, "opened twice");
            stream = with;
        }

        @Override
        public void refused() {
            require(stream == null && !over, "refused what stood");
            over = true;
        }

        @Override
        public void ready(boolean readable, boolean writable) {
            if (next() % 4 == 0) {
                use(this);
            }
        }
    }

    private final class Side implements LocalSide {
        @Override
        public void run(Runnable action) {
            action.run();
        }

        @Override
        public @Nullable LocalEnd connect(long cid, int port, int ownPort, PeerStream stream, boolean sendsOnly) {
            require(broken == 0 && !opener, "a connection that may not be");
            require(cid == 9 && ownPort >= PORT && ownPort <= PORT + 9 && sendsOnly != answered, "port " + ownPort);
            if (next() % 8 == 0) {
                return null;
            }
            End end = new End();
            end.stream = stream;
            ends.add(end);
            if (next() % 2 == 0) {
                stream.accept();
            }
            return end;
        }

        @Override
        public void broken(String how) {
            broken++;
            require(broken == 1 && !how.isEmpty(), "told twice: " + how);
        }

        @Override
        public void reset() {
            // Nothing else is ours.
        }
    }

    /** What Jazzer runs; it finds the method by its name. */
    public static void fuzzerTestOneInput(byte[] data) throws Exception {
        play(data);
    }

    /** Plays an input; returns how many bytes arrived. */
    static int play(byte[] data) throws ErrnoException {
        try (PeerFuzz fuzz = new PeerFuzz(data)) {
            while (fuzz.in.hasRemaining()) {
                fuzz.step(fuzz.next());
                fuzz.serve();
            }
            return fuzz.read;
        }
    }

    /** A peer that keeps the rules opens connections and ends them, which our side neither reads nor closes; returns whether it was accused. */
    static boolean isAccusedWhoLeaves(int connections) throws ErrnoException {
        byte[] choices = new byte[16 * connections];
        Arrays.fill(choices, (byte) 1);
        choices[0] = 4;
        try (PeerFuzz peer = new PeerFuzz(choices)) {
            for (int i = 1; i <= connections; i++) {
                peer.say(PeerFrame.OPEN, i, 1, PORT);
                peer.say(PeerFrame.DATA, i, PeerFrame.HEADER_BYTES, 0);
                peer.put(PeerFrame.HEADER_BYTES);
                peer.say(PeerFrame.RESET, i, 0, 0);
                peer.serve();
            }
            require(peer.broken > 0 || peer.ends.size() == connections, peer.ends.size() + " connections");
            return peer.broken > 0;
        }
    }

    private void say(int operation, int connection, int first, int second) throws ErrnoException {
        PeerFrame.write(bytes, 0, operation, connection, first, second);
        put(PeerFrame.HEADER_BYTES);
    }

    private int next() {
        return in.hasRemaining() ? in.get() & 0xff : 0;
    }

    private int wild() {
        int value = next();
        return value << next();
    }

    private void step(int kind) throws ErrnoException {
        switch (kind % 8) {
            case 0 -> drain();
            case 1 -> {
                End end = new End();
                if (opener && link.up() && link.open(next(), next(), end)) {
                    ends.add(end);
                }
            }
            case 2, 3 -> {
                if (!ends.isEmpty()) {
                    use(ends.get(next() % ends.size()));
                }
            }
            default -> frame(kind);
        }
    }

    private void serve() {
        input.resume();
        input.serve();
        link.writable();
        long open = ends.stream()
                .filter(end -> end.stream != null && !end.stream.closed())
                .count();
        require(open <= PeerLinks.MAX_CONNECTIONS, open + " connections");
    }

    /** A frame that is right in most of its fields, most often. */
    private void frame(int kind) throws ErrnoException {
        int choice = next();
        int connection = choice % 16 == 0 ? next() << 8 : choice % 4;
        int operation = usual(kind / 8);
        int first = 0;
        int second = 0;
        if (operation == PeerFrame.DATA || operation == PeerFrame.CREDIT) {
            first = 1 + (next() | next() << 8) % MOST;
        } else if (operation == PeerFrame.OPEN) {
            first = next();
            second = PORT + next() % 10;
        }
        int wrong = next();
        if (wrong > 0xf0) {
            first = wrong % 2 == 0 ? wild() : first;
            second = wrong % 2 == 0 ? second : wild();
        }
        PeerFrame.write(bytes, 0, operation, connection, first, second);
        int length = PeerFrame.HEADER_BYTES;
        if (operation == PeerFrame.OPEN) {
            sent.put(connection, 0);
        } else if (operation == PeerFrame.DATA && first > 0 && first <= MOST) {
            int at = sent.getOrDefault(connection, 0);
            for (int i = 0; i < first; i++) {
                bytes.set(ValueLayout.JAVA_BYTE, (long) length + i, pattern(connection, at + i));
            }
            sent.put(connection, at + first);
            length += first;
        }
        put(length);
    }

    private static int usual(int choice) {
        return switch (choice % 16) {
            case 0, 1, 2 -> PeerFrame.OPEN;
            case 3, 4 -> PeerFrame.ACCEPT;
            case 5 -> PeerFrame.CREDIT;
            case 6 -> PeerFrame.END;
            case 7 -> PeerFrame.RESET;
            case 8 -> choice;
            default -> PeerFrame.DATA;
        };
    }

    /** All of it or nothing, as what was not put would be missed. */
    private void put(int length) throws ErrnoException {
        int done = 0;
        while (done < length && broken == 0) {
            int count = Pipe.write(toUs.writeEnd(), bytes.asSlice(done, length - done));
            done += count;
            if (count == 0) {
                // Our side waits for a reader: it is given one.
                ends.forEach(this::readAll);
                serve();
            }
        }
    }

    private static byte pattern(int connection, int index) {
        return (byte) (connection * 31 + index * 7 + (index >> 8));
    }

    private void use(End end) {
        PeerStream stream = end.stream;
        if (stream == null || stream.closed()) {
            return;
        }
        int kind = next();
        switch (kind % 16) {
            case 0 -> stream.close();
            case 1 -> stream.endOutput();
            case 2 -> {
                if (!opener) {
                    stream.accept();
                }
            }
            case 3, 4, 5 -> write(stream, 1 + next() * 64);
            case 6 -> stream.await(next() % 2 == 0, true);
            default -> take(end, 1 + next() * 128);
        }
    }

    private void write(PeerStream stream, int length) {
        try (Arena own = Arena.ofConfined()) {
            int count = stream.write(own.allocate(length), 0, length);
            require(count >= 0 && count <= length, count + " written");
        } catch (IOException e) {
            stream.close();
        }
    }

    private void readAll(End end) {
        while (end.stream != null && !end.stream.closed() && take(end, 0x8000) > 0) {
            // Until there is nothing.
        }
    }

    private int take(End end, int most) {
        PeerStream stream = Objects.requireNonNull(end.stream);
        try (Arena own = Arena.ofConfined()) {
            MemorySegment into = own.allocate(most);
            int count = stream.read(into, 0, most);
            for (int i = 0; i < count; i++) {
                boolean same = into.get(ValueLayout.JAVA_BYTE, i) == pattern(stream.number, end.got + i);
                require(same, "byte " + (end.got + i) + " of connection " + stream.number);
            }
            end.got += Math.max(count, 0);
            read += Math.max(count, 0);
            return count;
        } catch (IOException e) {
            stream.close();
            return 0;
        }
    }

    /** The other side reads what we say: frames and nothing else, whole or cut anywhere. */
    private void drain() throws ErrnoException {
        int count = Pipe.read(fromUs.readEnd(), bytes);
        for (int at = 0; at < count; at++) {
            if (payload > 0) {
                payload--;
            } else {
                header.set(ValueLayout.JAVA_BYTE, headed++, bytes.get(ValueLayout.JAVA_BYTE, at));
                if (headed == PeerFrame.HEADER_BYTES) {
                    headed = 0;
                    PeerFrame frame = new PeerFrame();
                    frame.read(header, 0);
                    require(frame.wellFormed(), "sent " + frame);
                    payload = frame.operation == PeerFrame.DATA ? frame.first : 0;
                }
            }
        }
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise);
        }
    }

    @Override
    public void close() {
        input.release();
        output.release();
        toUs.writeEnd().close();
        fromUs.readEnd().close();
        links.close();
        links.closeBuffers();
        arena.close();
    }
}
