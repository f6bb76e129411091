package dev.cloister.policy.daemon.control;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.daemon.process.Scrollback;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client's way to a domain's serial line. Output is read by the server's thread from the scrollback, at the client's pace; input
 * is handed to the loop's thread, one buffer at a time, and the next is only taken once the domain has read this one. So a client that
 * does not read holds nobody up and costs one chunk, and one that types faster than the domain reads is held up itself.
 */
public final class ConsoleBridge implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ConsoleBridge.class);
    private static final int CHUNK = 16 * 1024;

    private final ControlServer server;
    private final ControlClient client;
    private final EventLoop loop;
    private final Scrollback serial;
    private final int run;
    private final Runnable follower = this::more;
    private final AtomicBoolean told = new AtomicBoolean();
    // Loop's thread only.
    private final Optional<? extends SerialWay> way;
    private final LongConsumer ended;
    private long typed;
    private EventLoop.@Nullable Watch watch;
    private boolean closed;
    // Server's thread only.
    private long position;
    private boolean busy;

    /** Follows one run of a domain, and says at its end how many bytes were typed; loop's thread. */
    public ConsoleBridge(
            ControlServer server,
            ControlClient client,
            EventLoop loop,
            Scrollback serial,
            int run,
            Optional<? extends SerialWay> way,
            LongConsumer ended) {
        this.server = server;
        this.client = client;
        this.loop = loop;
        this.serial = serial;
        this.way = way;
        this.ended = ended;
        this.run = run;
        this.position = serial.start();
        serial.follow(follower);
    }

    /** There is more output; told once until it has been looked at. */
    private void more() {
        if (told.compareAndSet(false, true)) {
            server.execute(client::follow);
        }
    }

    /** Returns what the line said next; server's thread. */
    Scrollback.Chunk next() {
        told.set(false);
        Scrollback.Chunk chunk = serial.read(run, position, CHUNK);
        position = chunk.next();
        return chunk;
    }

    /** Whether the last input has been read by the domain; server's thread. */
    boolean takesInput() {
        return !busy;
    }

    /** Takes what the client typed; where the policy grants no input it is discarded. Server's thread. */
    void input(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        busy = true;
        loop.execute(() -> write(copy, 0));
    }

    private void write(byte[] bytes, int from) {
        int at = from;
        if (!closed && way.isPresent() && way.get().passes()) {
            Fd end = way.get().end();
            try {
                int count = Pipe.write(end, bytes, at, bytes.length - at);
                at += count;
                typed += count;
                if (at < bytes.length) {
                    int rest = at;
                    watch = loop.watch(end, Poller.OUT, () -> {
                        unwatch();
                        write(bytes, rest);
                    });
                    return;
                }
            } catch (ErrnoException e) {
                LOG.debug("console input: {}", e.getMessage());
            }
        }
        server.execute(() -> {
            busy = false;
            client.settle();
        });
    }

    private void unwatch() {
        if (watch != null) {
            watch.cancel();
            watch = null;
        }
    }

    @Override
    public void close() {
        serial.unfollow(follower);
        loop.execute(() -> {
            if (!closed) {
                closed = true;
                unwatch();
                way.ifPresent(input -> input.end().close());
                ended.accept(typed);
            }
        });
    }
}
