package dev.cloister.policy.daemon.control;

import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.ControlRequest;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the clients of the control socket, all on one thread that never waits for any of them: a slow or bad client holds up
 * neither the others nor the daemon. Everything but the constructor, {@link #execute}, {@link #finish} and {@link #close} belongs
 * to the server's thread.
 */
public final class ControlServer implements Executor, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);
    private static final int BACKLOG = 16;
    private static final int MAX_CLIENTS = 64;
    /** Time that clients have to take the last answers. */
    private static final long FAREWELL_MILLIS = 1000;
    /** Time until a host that lacked descriptors is asked again. */
    private static final long ACCEPT_AGAIN_MILLIS = 100;

    private static final long NANOS_PER_MILLI = 1_000_000;

    /** Where requests go. */
    public interface Backend {
        /** Asks the daemon; the answer comes on any thread, or never when it has ended. */
        void ask(ControlRequest request, Consumer<ControlReply> answer);

        /**
         * Connects a client to a domain's serial line; the answer is {@link ControlClient#attached} or {@link ControlClient#answered}, on
         * the server's thread.
         */
        void console(ControlClient client, int asked, ControlRequest request, String user);
    }

    /** A moment at which something is done, unless cancelled before. */
    static final class Timer {
        private final long atNanos;
        private @Nullable Runnable task;

        private Timer(long atNanos, Runnable task) {
            this.atNanos = atNanos;
            this.task = task;
        }

        void cancel() {
            task = null;
        }
    }

    private final Backend backend;
    private final ServerSocketChannel listener;
    private final Selector selector;
    private final SelectionKey accepting;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final PriorityQueue<Timer> timers = new PriorityQueue<>(Comparator.comparingLong(t -> t.atNanos - ORIGIN));
    private final Set<ControlClient> clients = new HashSet<>();
    private final Thread thread;
    private @Nullable Snapshot last;
    private long endNanos;
    private volatile boolean closed;

    /** Timers are compared by their distance to this, since {@code nanoTime} may wrap. */
    private static final long ORIGIN = System.nanoTime();

    /** Binds the socket, for its owner alone, and serves it from now on. */
    public ControlServer(Path socket, Backend backend) throws IOException {
        this.backend = backend;
        this.listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        Selector made = null;
        try {
            made = Selector.open();
            listener.bind(UnixDomainSocketAddress.of(socket), BACKLOG);
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
            listener.configureBlocking(false);
            this.selector = made;
            this.accepting = listener.register(selector, SelectionKey.OP_ACCEPT);
        } catch (IOException e) {
            listener.close();
            if (made != null) {
                made.close();
            }
            throw e;
        }
        this.thread = Thread.ofPlatform().daemon().name("control").unstarted(this::run);
        thread.start();
    }

    Backend backend() {
        return backend;
    }

    /** The last state, once the daemon has ended. */
    @Nullable
    Snapshot last() {
        return last;
    }

    /** Runs a task on the server's thread; any thread may call. */
    @Override
    public void execute(Runnable task) {
        tasks.add(task);
        selector.wakeup();
    }

    Timer after(long millis, Runnable task) {
        Timer timer = new Timer(System.nanoTime() + millis * NANOS_PER_MILLI, task);
        timers.add(timer);
        return timer;
    }

    void gone(ControlClient client) {
        clients.remove(client);
    }

    private void run() {
        try {
            while (!done()) {
                selector.select(waitMillis());
                serveReady();
                runTimers();
                for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                    guarded(task);
                }
            }
        } catch (IOException e) {
            LOG.error("the control socket can't be served any more: {}", e.getMessage());
        } finally {
            release();
        }
    }

    private boolean done() {
        return closed || last != null && (clients.isEmpty() || System.nanoTime() - endNanos >= 0);
    }

    private long waitMillis() {
        long until = last == null ? Long.MAX_VALUE : endNanos - System.nanoTime();
        Timer next = timers.peek();
        long nanos = Math.min(until, next == null ? Long.MAX_VALUE : next.atNanos - System.nanoTime());
        // 0 would mean without end.
        return nanos == Long.MAX_VALUE ? 0 : Math.max(1, nanos / NANOS_PER_MILLI);
    }

    private void serveReady() {
        for (SelectionKey key : selector.selectedKeys()) {
            if (key == accepting) {
                guarded(this::accept);
            } else if (key.attachment() instanceof ControlClient client) {
                guarded(client::ready);
            }
        }
        selector.selectedKeys().clear();
    }

    private void runTimers() {
        long now = System.nanoTime();
        for (Timer next = timers.peek(); next != null && next.atNanos - now <= 0; next = timers.peek()) {
            timers.remove();
            if (next.task != null) {
                guarded(next.task);
            }
        }
    }

    /** One client's fault must not end the others. */
    private static void guarded(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            LOG.error("internal error in the control server; please report it", e);
        }
    }

    private void accept() {
        try {
            SocketChannel client = listener.accept();
            if (client == null) {
                return;
            }
            if (clients.size() >= MAX_CLIENTS) {
                LOG.warn("more than {} control clients; one is turned away", MAX_CLIENTS);
                client.close();
                return;
            }
            client.configureBlocking(false);
            ControlClient made = new ControlClient(this, client);
            made.register(client.register(selector, SelectionKey.OP_READ, made));
            clients.add(made);
        } catch (IOException e) {
            // No descriptor is to be had now: asking at once again would only burn the processor.
            LOG.warn("control socket: {}", e.getMessage());
            accepting.interestOps(0);
            after(ACCEPT_AGAIN_MILLIS, () -> {
                if (accepting.isValid()) {
                    accepting.interestOps(SelectionKey.OP_ACCEPT);
                }
            });
        }
    }

    /** The daemon has ended with this state: watching clients get it, all have a short time to take their answers. */
    public void finish(Snapshot state) {
        execute(() -> {
            last = state;
            endNanos = System.nanoTime() + FAREWELL_MILLIS * NANOS_PER_MILLI;
            accepting.cancel();
            List.copyOf(clients).forEach(ControlClient::farewell);
        });
        try {
            thread.join(2 * FAREWELL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void release() {
        List<AutoCloseable> all = new ArrayList<>(clients);
        all.add(listener);
        all.add(selector);
        for (AutoCloseable each : all) {
            try {
                each.close();
            } catch (Exception e) {
                LOG.debug("control socket: {}", e.getMessage());
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        selector.wakeup();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
