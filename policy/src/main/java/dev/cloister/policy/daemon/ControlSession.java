package dev.cloister.policy.daemon;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.policy.protocol.ControlCodec;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.ControlRequest;
import dev.cloister.policy.protocol.ProtocolException;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One client of the control socket, on its own thread: reads a line, asks the loop, writes a line. */
final class ControlSession implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlSession.class);
    private static final int BUFFER = 4096;
    private static final long ANSWER_SECONDS = 30;
    private static final long INPUT_WAIT_MILLIS = 200;

    private final SocketChannel client;
    private final PolicyDaemon daemon;
    private final Fabric fabric;
    private final ByteBuffer input = ByteBuffer.allocate(BUFFER).limit(0);
    private final CompletableFuture<Snapshot> farewell = new CompletableFuture<>();
    private Thread thread = Thread.currentThread();

    ControlSession(SocketChannel client, PolicyDaemon daemon, Fabric fabric) {
        this.client = client;
        this.daemon = daemon;
        this.fabric = fabric;
    }

    void start(Runnable onEnd) {
        thread = Thread.ofPlatform().daemon().name("control-client").unstarted(() -> {
            try (client) {
                serve();
            } catch (IOException e) {
                LOG.debug("control client: {}", e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                onEnd.run();
            }
        });
        thread.start();
    }

    /** The daemon has ended with this state: tells a watching client, then lets the session end. Any thread. */
    void finish(Snapshot last) {
        farewell.complete(last);
        try {
            client.shutdownInput();
        } catch (IOException e) {
            LOG.debug("control client: {}", e.getMessage());
        }
    }

    void join(long untilNanos) {
        long millis = (untilNanos - System.nanoTime()) / 1_000_000;
        try {
            if (millis > 0) {
                thread.join(millis);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        try {
            client.close();
        } catch (IOException e) {
            LOG.debug("control client: {}", e.getMessage());
        }
    }

    private void serve() throws IOException, InterruptedException {
        for (Optional<String> line = readLine(); line.isPresent(); line = readLine()) {
            ControlRequest request;
            try {
                request = ControlCodec.decodeRequest(line.get());
            } catch (ProtocolException e) {
                send(new ControlReply.Failed("bad-request", String.valueOf(e.getMessage())));
                continue;
            }
            if (!handle(request)) {
                return;
            }
        }
    }

    /** Returns false when the connection is used up. */
    private boolean handle(ControlRequest request) throws IOException, InterruptedException {
        if (request.command() == ControlRequest.Command.WATCH) {
            watch(request.intervalMillis());
            return false;
        }
        ControlReply reply = ask(request);
        send(reply);
        if (reply instanceof ControlReply.Console console) {
            console(console);
            return false;
        }
        return true;
    }

    private ControlReply ask(ControlRequest request) throws InterruptedException {
        CompletableFuture<ControlReply> reply = daemon.submit(request);
        CompletableFuture<ControlReply> ended =
                farewell.thenApply(_ -> new ControlReply.Failed("failed", "the daemon has ended"));
        try {
            return (ControlReply) CompletableFuture.anyOf(reply, ended).get(ANSWER_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            return new ControlReply.Failed("timeout", "the daemon did not answer within " + ANSWER_SECONDS + " s");
        } catch (ExecutionException | CompletionException e) {
            LOG.error("internal error in the daemon; please report it", e);
            return new ControlReply.Failed("failed", "internal error, see the daemon's log");
        }
    }

    private void watch(int intervalMillis) throws IOException, InterruptedException {
        while (true) {
            try {
                Snapshot last = farewell.get(0, TimeUnit.MILLISECONDS);
                send(new ControlReply.State(last));
                return;
            } catch (TimeoutException e) {
                send(ask(ControlRequest.of(ControlRequest.Command.PS)));
                awaitFarewell(intervalMillis);
            } catch (ExecutionException e) {
                throw new IllegalStateException("the farewell never fails", e);
            }
        }
    }

    private void awaitFarewell(int millis) throws InterruptedException {
        try {
            farewell.get(millis, TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            LOG.trace("time for the next snapshot");
        }
    }

    private void console(ControlReply.Console console) throws IOException, InterruptedException {
        Optional<DomainRuntime> domain = fabric.domain(console.domain());
        if (domain.isEmpty()) {
            return;
        }
        Optional<SerialInput> serialIn = console.input()
                ? SerialInput.of(domain.get(), fabric).flatMap(ControlSession::duplicate)
                : Optional.empty();
        Thread.ofPlatform().daemon().name("control-console-in").start(() -> consoleInput(domain.get(), serialIn));
        try {
            Scrollback serial = domain.get().serial();
            for (Scrollback.Chunk chunk = serial.await(serial.start());
                    chunk.bytes().length > 0;
                    chunk = serial.await(chunk.next())) {
                write(ByteBuffer.wrap(chunk.bytes()));
            }
        } finally {
            client.close();
        }
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

    /** Passes what the client types to the domain, or discards it where the policy grants no input. */
    private void consoleInput(DomainRuntime domain, Optional<SerialInput> serialIn) {
        try {
            do {
                byte[] bytes = new byte[input.remaining()];
                input.get(bytes);
                if (serialIn.isPresent() && serialIn.get().channel().passes()) {
                    writeAll(domain, serialIn.get().end(), bytes);
                }
            } while (fill());
        } catch (IOException e) {
            LOG.debug("console input: {}", e.getMessage());
        } finally {
            serialIn.ifPresent(way -> way.end().close());
        }
        if (!farewell.isDone()) {
            // The client went away: the thread that writes to it must stop waiting for the domain's output.
            thread.interrupt();
        }
    }

    private void writeAll(DomainRuntime domain, Fd serialIn, byte[] bytes) throws ErrnoException {
        int at = 0;
        while (at < bytes.length && client.isOpen()) {
            int count = Pipe.write(serialIn, bytes, at, bytes.length - at);
            at += count;
            if (count == 0) {
                LOG.trace("{} does not read its serial line", domain.name());
                Poller.await(serialIn, Poller.OUT, INPUT_WAIT_MILLIS);
            }
        }
    }

    private Optional<String> readLine() throws IOException {
        byte[] line = new byte[256];
        int length = 0;
        while (true) {
            while (input.hasRemaining()) {
                byte next = input.get();
                if (next == '\n') {
                    return Optional.of(new String(line, 0, length, StandardCharsets.UTF_8));
                }
                if (length == ControlCodec.MAX_REQUEST) {
                    send(new ControlReply.Failed(
                            "bad-request", "line longer than " + ControlCodec.MAX_REQUEST + " bytes"));
                    return Optional.empty();
                }
                if (length == line.length) {
                    line = Arrays.copyOf(line, length * 2);
                }
                line[length++] = next;
            }
            if (!fill()) {
                return Optional.empty();
            }
        }
    }

    private boolean fill() throws IOException {
        input.clear();
        int count = client.read(input);
        input.flip();
        return count >= 0;
    }

    private void send(ControlReply reply) throws IOException {
        write(ByteBuffer.wrap((ControlCodec.encode(reply) + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    private void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            client.write(bytes);
        }
    }
}
