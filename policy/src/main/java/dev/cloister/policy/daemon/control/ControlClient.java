package dev.cloister.policy.daemon.control;

import dev.cloister.policy.daemon.process.Scrollback;
import dev.cloister.policy.protocol.ControlCodec;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.ControlRequest;
import dev.cloister.policy.protocol.ProtocolException;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client of the control socket: a line in, a line out, one request at a time; or a watch; or, from some point on, a domain's
 * serial line. What it does not take away is bounded by one reply. Server's thread only.
 */
public final class ControlClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlClient.class);
    private static final int BUFFER = 4096;
    private static final int FIRST_LINE = 256;
    private static final long ANSWER_MILLIS = 90_000;

    /** What it waits for. */
    private enum State {
        /** The next request. */
        IDLE,
        /** The daemon's answer. */
        ASKING,
        /** The time for the next snapshot, or the snapshot. */
        WATCHING,
        /** Bytes of a serial line. */
        CONSOLE,
        /** Its last bytes to be taken away. */
        LEAVING
    }

    private final ControlServer server;
    private final SocketChannel channel;
    private final ByteBuffer input = ByteBuffer.allocate(BUFFER).limit(0);
    private final Deque<ByteBuffer> output = new ArrayDeque<>();
    private byte[] line = new byte[FIRST_LINE];
    private int lineLength;
    private State state = State.IDLE;
    private ControlServer.@Nullable Timer timer;
    private @Nullable SelectionKey key;
    private @Nullable ConsoleBridge console;
    private boolean inputEnded;
    private int question;

    ControlClient(ControlServer server, SocketChannel channel) {
        this.server = server;
        this.channel = channel;
    }

    void register(SelectionKey newKey) {
        key = newKey;
    }

    /** The socket can be read or written. */
    void ready() {
        try {
            if (key != null && key.isValid() && key.isWritable()) {
                flush();
            }
            if (key != null && key.isValid() && key.isReadable()) {
                read();
            }
            settle();
        } catch (IOException e) {
            LOG.debug("control client: {}", e.getMessage());
            close();
        }
    }

    /** The daemon has ended. */
    void farewell() {
        Snapshot last = server.last();
        switch (state) {
            case IDLE -> leave();
            case ASKING -> answered(question, new ControlReply.Failed("failed", "the daemon has ended"));
            case WATCHING -> {
                if (last != null) {
                    send(new ControlReply.State(last));
                }
                leave();
            }
            case CONSOLE -> follow();
            case LEAVING -> {}
        }
        settle();
    }

    private void read() throws IOException {
        if (state == State.CONSOLE && console != null && !console.takesInput()) {
            return;
        }
        input.clear();
        int count = channel.read(input);
        input.flip();
        if (count < 0) {
            inputEnded();
        } else if (state == State.CONSOLE && console != null) {
            console.input(input);
        } else {
            requests();
        }
    }

    private void inputEnded() {
        inputEnded = true;
        if (state == State.IDLE) {
            next();
        } else if (state == State.CONSOLE) {
            close();
        }
    }

    /** Takes requests out of what was read, as long as none is being answered and the last answer has been taken away. */
    private void requests() {
        while (state == State.IDLE && output.isEmpty() && input.hasRemaining()) {
            byte next = input.get();
            if (next == '\n') {
                String text = new String(line, 0, lineLength, StandardCharsets.UTF_8);
                lineLength = 0;
                request(text);
            } else if (lineLength == ControlCodec.MAX_REQUEST) {
                send(new ControlReply.Failed("bad-request", "line longer than " + ControlCodec.MAX_REQUEST + " bytes"));
                leave();
            } else {
                if (lineLength == line.length) {
                    line = Arrays.copyOf(line, lineLength * 2);
                }
                line[lineLength++] = next;
            }
        }
    }

    private void request(String text) {
        try {
            ControlRequest request = ControlCodec.decodeRequest(text);
            if (request.command() == ControlRequest.Command.WATCH) {
                state = State.WATCHING;
                snapshot(request.intervalMillis());
            } else if (request.command() == ControlRequest.Command.CONSOLE) {
                server.backend().console(this, begin(request), request, user());
            } else {
                int asked = begin(request);
                server.backend().ask(request, reply -> server.execute(() -> answered(asked, reply)));
            }
        } catch (ProtocolException e) {
            send(new ControlReply.Failed("bad-request", String.valueOf(e.getMessage())));
        }
    }

    /** Begins to wait for an answer and returns the question's number. */
    private int begin(ControlRequest request) {
        state = State.ASKING;
        int asked = ++question;
        long millis = answerMillis(request);
        timer = server.after(
                millis,
                () -> answered(
                        asked,
                        new ControlReply.Failed(
                                "timeout", "the daemon did not answer within " + millis / 1000 + " s")));
        return asked;
    }

    /** How long an answer may take: a guest that shuts down has its time besides. */
    public static long answerMillis(ControlRequest request) {
        return ANSWER_MILLIS + request.graceMillis();
    }

    /** Whose process the client is, by the kernel's word. */
    private String user() {
        try {
            return channel.getOption(ExtendedSocketOptions.SO_PEERCRED).user().getName();
        } catch (IOException | UnsupportedOperationException e) {
            LOG.debug("control client: {}", e.getMessage());
            return "unknown";
        }
    }

    /** The answer to a question, unless that one has been answered. */
    public void answered(int asked, ControlReply reply) {
        if (state != State.ASKING || asked != question) {
            return;
        }
        cancelTimer();
        send(reply);
        if (server.last() != null) {
            leave();
        } else {
            state = State.IDLE;
            next();
        }
        settle();
    }

    /** Goes on to the next request, if there is one and the last answer is gone. */
    private void next() {
        requests();
        if (state == State.IDLE && inputEnded && !input.hasRemaining()) {
            leave();
        }
    }

    /** Sends a snapshot now and then; a client that hasn't taken the last one away is not sent another. */
    private void snapshot(int intervalMillis) {
        if (state != State.WATCHING) {
            return;
        }
        if (!output.isEmpty()) {
            server.after(intervalMillis, () -> snapshot(intervalMillis));
            return;
        }
        server.backend()
                .ask(
                        ControlRequest.of(ControlRequest.Command.PS),
                        reply -> server.execute(() -> {
                            if (state == State.WATCHING) {
                                send(reply);
                                settle();
                                server.after(intervalMillis, () -> snapshot(intervalMillis));
                            }
                        }));
    }

    /** The serial line is there; a client that does not wait for it any more leaves it at once. */
    public void attached(int asked, ControlReply.Console reply, ConsoleBridge line) {
        if (state != State.ASKING || asked != question) {
            line.close();
            return;
        }
        cancelTimer();
        state = State.CONSOLE;
        console = line;
        if (input.hasRemaining()) {
            line.input(input);
        }
        send(reply);
        follow();
    }

    private void cancelTimer() {
        if (timer != null) {
            timer.cancel();
        }
    }

    /** There may be more of the serial line. */
    void follow() {
        if (state == State.CONSOLE && console != null && output.isEmpty()) {
            Scrollback.Chunk chunk = console.next();
            if (chunk.bytes().length > 0) {
                output.add(ByteBuffer.wrap(chunk.bytes()));
                write();
            } else if (chunk.ended()) {
                leave();
            }
        }
        settle();
    }

    private void send(ControlReply reply) {
        output.add(ByteBuffer.wrap((ControlCodec.encode(reply) + "\n").getBytes(StandardCharsets.UTF_8)));
        write();
    }

    private void write() {
        try {
            flush();
        } catch (IOException e) {
            LOG.debug("control client: {}", e.getMessage());
            close();
        }
    }

    private void flush() throws IOException {
        for (ByteBuffer next = output.peek(); next != null; next = output.peek()) {
            channel.write(next);
            if (next.hasRemaining()) {
                return;
            }
            output.remove();
        }
        if (state == State.IDLE) {
            server.execute(this::goOn);
        }
        if (state == State.CONSOLE && console != null) {
            // One more chunk for each time that the socket took one: the others have their turn in between.
            server.execute(this::follow);
        }
    }

    private void goOn() {
        next();
        settle();
    }

    private void leave() {
        state = State.LEAVING;
    }

    /** Asks the selector for what is of use now; closes what has said its last. */
    void settle() {
        if (key == null || !key.isValid()) {
            return;
        }
        if (state == State.LEAVING && output.isEmpty()) {
            close();
            return;
        }
        boolean reads = !inputEnded && reads();
        key.interestOps((reads ? SelectionKey.OP_READ : 0) | (output.isEmpty() ? 0 : SelectionKey.OP_WRITE));
    }

    private boolean reads() {
        return switch (state) {
            case IDLE -> output.isEmpty() && !input.hasRemaining();
            case CONSOLE -> console != null && console.takesInput();
            case ASKING, WATCHING, LEAVING -> false;
        };
    }

    @Override
    public void close() {
        state = State.LEAVING;
        output.clear();
        if (console != null) {
            console.close();
            console = null;
        }
        server.gone(this);
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("control client: {}", e.getMessage());
        }
    }
}
