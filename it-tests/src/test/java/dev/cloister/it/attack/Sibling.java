package dev.cloister.it.attack;

import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Mapping;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.policy.channel.RingReader;
import dev.cloister.policy.channel.RingWriter;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * The honest side of a test VMM: over each outbound channel it sends at a steady pace, of each inbound one it takes what comes, and ten
 * times a second it says when that was, what each channel has had, and how long the longest wait for something was.
 */
final class Sibling {
    private static final long PACE_NANOS = 1_000_000;
    private static final long REPORT_NANOS = 100_000_000;
    private static final int RECORDS_AT_ONCE = 20;
    private static final int PATIENCE_MILLIS = 1000;
    private static final int MAX_QUANTUM = 32 << 10;

    /** What one channel has had. */
    private static final class Tally {
        private volatile long units;
        private volatile long last;
        private volatile long longestWait;

        void add(long count) {
            long now = System.nanoTime();
            if (units > 0) {
                longestWait = Math.max(longestWait, now - last);
            }
            last = now;
            units += count;
        }

        /** The longest wait since the last call, one that goes on included. */
        long takeWait() {
            long wait = units == 0 ? 0 : Math.max(longestWait, System.nanoTime() - last);
            longestWait = 0;
            return wait;
        }
    }

    private final Consumer<String> say;
    private final Map<String, Tally> tallies = new ConcurrentHashMap<>();
    private final Map<String, Integer> live = new ConcurrentHashMap<>();

    Sibling(Consumer<String> say) {
        this.say = say;
    }

    /** Begins to report. */
    void begin() {
        Thread.ofPlatform().daemon().name("report").start(() -> {
            while (true) {
                LockSupport.parkNanos(REPORT_NANOS);
                report();
            }
        });
    }

    private void report() {
        StringBuilder line = new StringBuilder("at ").append(System.nanoTime());
        new TreeMap<>(tallies)
                .forEach((flow, tally) -> line.append(' ')
                        .append(flow)
                        .append(' ')
                        .append(tally.units)
                        .append(' ')
                        .append(tally.takeWait() / 1_000_000));
        say.accept(line.toString());
    }

    /** Uses a channel from now on. */
    void attached(RogueVmm.End end) throws IOException {
        String flow = end.channel().flow();
        live.put(flow, end.attach().epoch());
        Work work = switch (end.channel().kind()) {
            case MEMORY -> memory(end);
            case EVENT -> event(end);
            case STREAM -> stream(end);
            case DATAGRAM -> mail(end);
            default -> throw new IllegalArgumentException(flow);
        };
        Thread.ofPlatform().daemon().name(flow).start(() -> {
            try {
                while (isLive(end)) {
                    work.step();
                }
            } catch (IOException | InternalError e) {
                // The other end is gone, or the pages of a channel that was cut: its end is told by the daemon.
                live.remove(flow, end.attach().epoch());
            } finally {
                // Those of a memory channel's window may still be touched by nobody else.
                end.fds().forEach(Fd::close);
            }
        });
    }

    /** Lets go of it. */
    void revoked(RogueVmm.End end) {
        live.remove(end.channel().flow(), end.attach().epoch());
    }

    private boolean isLive(RogueVmm.End end) {
        return live.getOrDefault(end.channel().flow(), 0) == end.attach().epoch();
    }

    /** A little of what a channel's thread does. */
    private interface Work {
        void step() throws IOException;
    }

    private Tally tally(RogueVmm.End end) {
        return tallies.computeIfAbsent(end.channel().flow(), _ -> new Tally());
    }

    private Work memory(RogueVmm.End end) throws IOException {
        int bytes = end.channel().window().recordBytes();
        int count = end.channel().window().recordCount();
        Fd memory = end.fds().getFirst();
        long size = end.channel().window().sizeBytes();
        if (end.out()) {
            RingWriter ring = new RingWriter(Mapping.writable(memory, 0, size).segment(), bytes, count);
            ring.reset(end.attach().epoch());
            byte[] record = new byte[64];
            return () -> {
                for (int i = 0; i < RECORDS_AT_ONCE; i++) {
                    ring.write(record, 0, record.length);
                }
                LockSupport.parkNanos(PACE_NANOS);
            };
        }
        RingReader ring = new RingReader(Mapping.readOnly(memory, 0, size).segment(), bytes, count);
        byte[] record = new byte[ring.maxPayload()];
        Tally tally = tally(end);
        return () -> {
            int taken = 0;
            while (taken < count && ring.read(record) >= 0) {
                taken++;
            }
            if (taken > 0) {
                tally.add(taken);
            }
            LockSupport.parkNanos(PACE_NANOS);
        };
    }

    private Work event(RogueVmm.End end) throws IOException {
        EventFd event = EventFd.adopt(end.fds().getFirst());
        if (end.out()) {
            return () -> {
                event.signal();
                LockSupport.parkNanos(PACE_NANOS);
            };
        }
        Tally tally = tally(end);
        return () -> {
            Poller.await(event.fd(), Poller.IN, PATIENCE_MILLIS);
            long count = event.drain();
            if (count > 0) {
                tally.add(count);
            }
        };
    }

    private Work mail(RogueVmm.End end) {
        Fd pipe = end.fds().getFirst();
        byte[] bytes = new byte[4096];
        Tally tally = tally(end);
        return () -> {
            Poller.await(pipe, Poller.IN, PATIENCE_MILLIS);
            int count = Pipe.read(pipe, bytes, 0, bytes.length);
            if (count < 0) {
                throw new IOException("the datagrams have ended");
            }
            if (count > 0) {
                tally.add(count);
            }
        };
    }

    private Work stream(RogueVmm.End end) throws IOException {
        Fd pipe = end.fds().getFirst();
        byte[] bytes = new byte[4096];
        if (end.out()) {
            return () -> {
                Pipe.write(pipe, bytes, 0, 64);
                LockSupport.parkNanos(PACE_NANOS);
            };
        }
        EventFd credit = EventFd.adopt(end.fds().get(1));
        int quantum = Math.min(MAX_QUANTUM, end.channel().window().recordCount() / 2);
        long[] unreturned = new long[1];
        Tally tally = tally(end);
        return () -> {
            if (Poller.await(pipe, Poller.IN, PATIENCE_MILLIS) == 0) {
                return;
            }
            int count = Pipe.read(pipe, bytes, 0, bytes.length);
            if (count < 0) {
                throw new IOException("the stream has ended");
            }
            tally.add(count);
            for (unreturned[0] += count; unreturned[0] >= quantum; unreturned[0] -= quantum) {
                credit.signal();
            }
        };
    }
}
