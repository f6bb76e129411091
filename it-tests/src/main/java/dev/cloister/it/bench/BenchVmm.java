package dev.cloister.it.bench;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Mapping;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.linux.Spawn;
import dev.cloister.policy.channel.RingReader;
import dev.cloister.policy.channel.RingWriter;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.ToVmm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/**
 * A VMM process whose ends of channels are always at work: as a sender it writes, as a receiver it notes on the {@link Board} when the
 * first unit of an opening came and when the last. It lies: told to let go, it says at once that it did, and goes on, so that only the
 * daemon's cut ends anything.
 *
 * <p>The program's arguments are the board's file and a program for {@code exec}. The domain's command line is {@code pump N PAUSE}: its
 * channels have the board's slots from N times 64 on, and each sender pauses so many microseconds between two units; or
 * {@code exec FILE ARGUMENTS}: the program gets the descriptors of all channels, in their order, and FILE as its standard output.
 */
public final class BenchVmm extends BareVmm {
    /** Slots of one pair on the board. */
    static final int PAIR_SLOTS = 64;
    /** Slots of one kind of channel. */
    static final int KIND_SLOTS = 4;
    /** Of these: when the first unit of the opening came. */
    static final int FIRST = 0;
    /** When the last unit came. */
    static final int LAST = 1;
    /** Units so far. */
    static final int COUNT = 2;

    private static final int QUANTUM = 32 << 10;
    private static final int LOOK_MILLIS = 20;
    private static final int IDLE_NANOS = 10_000;

    private final Board board;
    private final String program;
    private boolean running;
    private final Map<Integer, List<Fd>> given = new TreeMap<>();
    private final Map<Integer, Integer> epochs = new java.util.concurrent.ConcurrentHashMap<>();

    private BenchVmm(Board board, String program) {
        this.board = board;
        this.program = program;
    }

    /**
     * Runs the process.
     *
     * @param arguments see the class
     * @throws IOException if the daemon's socket fails
     */
    public static void main(String[] arguments) throws IOException {
        new BenchVmm(Board.map(Path.of(arguments[0])), arguments[1]).run();
    }

    /** Where a kind of channel of a pair has its slots. */
    static int slot(int pair, FlowKind kind, int what) {
        return pair * PAIR_SLOTS + kind.code() * KIND_SLOTS + what;
    }

    @Override
    protected void started() throws IOException {
        running = true;
        execute();
    }

    /** Starts the program once the guest would run and all channels are there. */
    private void execute() throws IOException {
        boolean whole = running && given.size() == config().channels().size();
        if (!whole || !words().getFirst().equals("exec")) {
            return;
        }
        List<String> command = new ArrayList<>(List.of(program));
        command.addAll(words().subList(2, words().size()));
        try (Fd out = dev.cloister.linux.Linux.open(words().get(1), dev.cloister.linux.Linux.O_RDWR)) {
            Spawn spawn = Spawn.command(command).inheritOutput().fd(1, out);
            int number = 3;
            for (List<Fd> fds : given.values()) {
                for (Fd fd : fds) {
                    spawn.fd(number++, fd);
                }
            }
            // Its end is seen by what it wrote.
            spawn.start().close();
        }
        given.values().forEach(fds -> fds.forEach(Fd::close));
        running = false;
    }

    @Override
    protected void attached(ToVmm.Attach attach, ChannelConfig channel, List<Fd> fds) throws IOException {
        given.put(attach.index(), fds);
        epochs.put(attach.index(), attach.epoch());
        if (words().getFirst().equals("pump")) {
            End end = new End(
                    attach.index(),
                    attach.epoch(),
                    channel,
                    fds,
                    Integer.parseInt(words().get(1)),
                    1000L * Integer.parseInt(words().get(2)));
            end.prepare(attach.role() == Direction.OUT);
        }
        execute();
    }

    @Override
    protected void revoked(ToVmm.Revoke revoke) {
        // A lie.
    }

    /** One opening of a channel and the thread that works on it until it is cut or the next opening has come. */
    private final class End {
        private final int index;
        private final int epoch;
        private final ChannelConfig channel;
        private final List<Fd> fds;
        private final int first;
        private final long pause;

        End(int index, int epoch, ChannelConfig channel, List<Fd> fds, int pair, long pause) {
            this.index = index;
            this.epoch = epoch;
            this.channel = channel;
            this.fds = fds;
            this.first = slot(pair, channel.kind(), FIRST);
            this.pause = pause;
        }

        void prepare(boolean out) throws IOException {
            switch (channel.kind()) {
                case MEMORY -> memory(out);
                case EVENT -> {
                    EventFd event = EventFd.adopt(fds.getFirst());
                    work(out ? () -> signal(event) : () -> heed(event));
                }
                case STREAM -> {
                    EventFd credit = EventFd.adopt(fds.get(1));
                    work(out ? () -> pour() : () -> drink(credit));
                }
                case DATAGRAM -> work(out ? () -> pour() : () -> gather());
                default -> throw new IllegalStateException("no benchmark of kind " + channel.kind());
            }
        }

        private void memory(boolean out) throws IOException {
            if (out) {
                Mapping mapping =
                        Mapping.writable(fds.getFirst(), 0, channel.window().sizeBytes());
                RingWriter ring = new RingWriter(
                        mapping.segment(),
                        channel.window().recordBytes(),
                        channel.window().recordCount());
                ring.reset(epoch);
                work(() -> write(ring));
            } else {
                Mapping mapping =
                        Mapping.readOnly(fds.getFirst(), 0, channel.window().sizeBytes());
                RingReader ring = new RingReader(
                        mapping.segment(),
                        channel.window().recordBytes(),
                        channel.window().recordCount());
                work(() -> read(ring));
            }
        }

        private void work(Work work) {
            Thread.ofPlatform().daemon().start(() -> {
                try {
                    work.run();
                } catch (ErrnoException e) {
                    // The daemon's end is closed: the cut.
                } catch (InternalError e) {
                    // The pages are gone: the cut.
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                } finally {
                    fds.forEach(Fd::close);
                }
            });
        }

        private boolean current() {
            return epochs.get(index) == epoch;
        }

        private void pause() {
            if (pause > 0) {
                LockSupport.parkNanos(pause);
            }
        }

        private void came() {
            long now = System.nanoTime();
            board.setOnce(first + FIRST, now);
            board.set(first + LAST, now);
            board.set(first + COUNT, board.get(first + COUNT) + 1);
        }

        private void write(RingWriter ring) {
            byte[] record = new byte[64];
            while (current()) {
                ring.write(record, 0, record.length);
                pause();
            }
        }

        private void read(RingReader ring) {
            byte[] record = new byte[ring.maxPayload()];
            while (current()) {
                int length = ring.read(record);
                if (length >= 0) {
                    came();
                } else if (length == RingReader.EMPTY && pause > 0) {
                    LockSupport.parkNanos(IDLE_NANOS);
                }
            }
        }

        private void signal(EventFd event) throws ErrnoException {
            while (current()) {
                event.signal();
                pause();
            }
        }

        private void heed(EventFd event) throws ErrnoException {
            while (current()) {
                Poller.await(event.fd(), Poller.IN, LOOK_MILLIS);
                if (event.drain() > 0) {
                    came();
                }
            }
        }

        private void pour() throws ErrnoException {
            byte[] part = new byte[pause > 0 ? 64 : channel.kind() == FlowKind.DATAGRAM ? 1000 : QUANTUM];
            while (current()) {
                if (Pipe.write(fds.getFirst(), part, 0, part.length) == 0) {
                    Poller.await(fds.getFirst(), Poller.OUT, LOOK_MILLIS);
                }
                pause();
            }
        }

        private void gather() throws ErrnoException {
            byte[] message = new byte[QUANTUM];
            while (current()) {
                Poller.await(fds.getFirst(), Poller.IN, LOOK_MILLIS);
                int count = Pipe.read(fds.getFirst(), message, 0, message.length);
                if (count < 0) {
                    return;
                }
                if (count > 0) {
                    came();
                }
            }
        }

        private void drink(EventFd credit) throws ErrnoException {
            byte[] part = new byte[QUANTUM];
            long owed = 0;
            int quantum = Math.min(QUANTUM, channel.window().recordCount() / 2);
            while (current()) {
                int count = Pipe.read(fds.getFirst(), part, 0, part.length);
                if (count < 0) {
                    return;
                }
                if (count == 0) {
                    Poller.await(fds.getFirst(), Poller.IN, LOOK_MILLIS);
                    continue;
                }
                came();
                for (owed += count; owed >= quantum; owed -= quantum) {
                    credit.signal();
                }
            }
        }
    }

    /** What a thread does with its end. */
    private interface Work {
        void run() throws IOException;
    }
}
