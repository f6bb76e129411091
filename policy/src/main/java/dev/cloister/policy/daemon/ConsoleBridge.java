package dev.cloister.policy.daemon;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client's way to a domain's serial line. Output is read by the server's thread from the scrollback, at the client's pace; input
 * is handed to the loop's thread, one buffer at a time, and the next is only taken once the domain has read this one.
 */
final class ConsoleBridge implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ConsoleBridge.class);
    private static final int CHUNK = 16 * 1024;

    private final ControlServer server;
    private final ControlClient client;
    private final EventLoop loop;
    private final Scrollback serial;
    private final Runnable follower = this::more;
    private final AtomicBoolean told = new AtomicBoolean();
    // Loop's thread only.
    private final Optional<SerialInput> way;
    private EventLoop.@Nullable Watch watch;
    private boolean closed;
    // Server's thread only.
    private long position;
    private boolean busy;

    private ConsoleBridge(
            ControlServer server, ControlClient client, EventLoop loop, Scrollback serial, Optional<SerialInput> way) {
        this.server = server;
        this.client = client;
        this.loop = loop;
        this.serial = serial;
        this.way = way;
        this.position = serial.start();
    }

    /** Connects a client to a domain; loop's thread. */
    static void open(
            ControlServer server,
            ControlClient client,
            EventLoop loop,
            Fabric fabric,
            Optional<DomainRuntime> domain,
            boolean input) {
        if (domain.isEmpty()) {
            server.execute(() -> client.connected(null));
            return;
        }
        Optional<SerialInput> way =
                input ? SerialInput.of(domain.get(), fabric).flatMap(ConsoleBridge::duplicate) : Optional.empty();
        ConsoleBridge made =
                new ConsoleBridge(server, client, loop, domain.get().serial(), way);
        made.serial.follow(made.follower);
        server.execute(() -> client.connected(made));
    }

    /** An own descriptor, since the domain may end at any time and its number be used again. */
    private static Optional<SerialInput> duplicate(SerialInput input) {
        try {
            return Optional.of(new SerialInput(input.channel(), input.end().duplicate()));
        } catch (ErrnoException | IllegalStateException e) {
            LOG.debug("serial input: {}", e.getMessage());
            return Optional.empty();
        }
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
        Scrollback.Chunk chunk = serial.read(position, CHUNK);
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
        if (!closed && way.isPresent() && way.get().channel().passes()) {
            Fd end = way.get().end();
            try {
                at += Pipe.write(end, bytes, at, bytes.length - at);
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
            closed = true;
            unwatch();
            way.ifPresent(input -> input.end().close());
        });
    }
}
