package dev.cloister.policy.client;

import dev.cloister.policy.protocol.ControlCodec;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.ControlRequest;
import dev.cloister.policy.protocol.ControlRequest.Command;
import dev.cloister.policy.protocol.ProtocolException;
import dev.cloister.policy.protocol.Snapshot;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Predicate;

/**
 * A connection to a policy daemon. One thread at a time, but for {@link #close}, which any thread may call to end a
 * {@link #watch} or a console. After a watch or console the connection is used up.
 */
public final class PolicyDaemonClient implements AutoCloseable {
    private static final int BUFFER = 16_384;

    private final SocketChannel channel;
    private final ByteBuffer input = ByteBuffer.allocate(BUFFER).limit(0);

    private PolicyDaemonClient(SocketChannel channel) {
        this.channel = channel;
    }

    /**
     * Connects.
     *
     * @param socket path of the control socket
     * @return the connection
     * @throws IOException if no daemon listens there; the message says what to do
     */
    public static PolicyDaemonClient connect(Path socket) throws IOException {
        try {
            return new PolicyDaemonClient(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
        } catch (ConnectException e) {
            throw new IOException(
                    "no policy daemon listens on " + socket + ": start one with \"cloister up\", or name its directory",
                    e);
        } catch (IOException e) {
            throw new IOException("can't reach a policy daemon on " + socket + ": " + e.getMessage(), e);
        }
    }

    /**
     * Asks for the state.
     *
     * @return the state now
     * @throws IOException if the daemon is gone
     * @throws RefusedException if it does not say
     */
    public Snapshot ps() throws IOException {
        return state(call(ControlRequest.of(Command.PS)));
    }

    /**
     * Pauses a domain and waits until it stands.
     *
     * @param domain its name
     * @return what the daemon says
     * @throws IOException if the daemon is gone or refuses
     */
    public String pause(String domain) throws IOException {
        return done(call(ControlRequest.of(Command.PAUSE, domain)));
    }

    /**
     * Resumes a domain and waits until it runs.
     *
     * @param domain its name
     * @return what the daemon says
     * @throws IOException if the daemon is gone or refuses
     */
    public String resume(String domain) throws IOException {
        return done(call(ControlRequest.of(Command.RESUME, domain)));
    }

    /**
     * Stops a domain and waits until its process is gone.
     *
     * @param domain its name
     * @return what the daemon says
     * @throws IOException if the daemon is gone or refuses
     */
    public String stop(String domain) throws IOException {
        return done(call(ControlRequest.of(Command.STOP, domain)));
    }

    /**
     * Presses the power button of a domain whose guest listens to it, stops one whose guest doesn't or hasn't switched off in time, and waits
     * until its process is gone.
     *
     * @param domain its name
     * @param graceMillis how long the guest may take, 0 to {@link ControlRequest#MAX_GRACE}
     * @return what the daemon says
     * @throws IOException if the daemon is gone or refuses
     */
    public String stop(String domain, int graceMillis) throws IOException {
        return done(call(ControlRequest.stop(domain, graceMillis)));
    }

    /**
     * Starts a domain and waits until its guest runs.
     *
     * @param domain its name
     * @return what the daemon says
     * @throws IOException if the daemon is gone or refuses
     */
    public String start(String domain) throws IOException {
        return done(call(ControlRequest.of(Command.START, domain)));
    }

    /**
     * Changes the size of a domain's balloon, or only asks for it.
     *
     * @param domain its name
     * @param bytes how much its guest shall give back in all, or {@link ControlRequest#KEEP_BALLOON}
     * @return how the balloon is; the guest follows over time
     * @throws IOException if the daemon is gone or refuses
     */
    public ControlReply.Balloon balloon(String domain, long bytes) throws IOException {
        return expect(call(ControlRequest.balloon(domain, bytes)), ControlReply.Balloon.class);
    }

    /**
     * Opens a flow's channel and waits until it is live.
     *
     * @param flow its name
     * @return what the daemon says
     * @throws IOException if the daemon is gone or refuses
     */
    public String open(String flow) throws IOException {
        return done(call(ControlRequest.ofFlow(Command.OPEN, flow)));
    }

    /**
     * Takes a flow's channel away and waits until both ends have let go.
     *
     * @param flow its name
     * @return what the daemon says
     * @throws IOException if the daemon is gone or refuses
     */
    public String revoke(String flow) throws IOException {
        return done(call(ControlRequest.ofFlow(Command.REVOKE, flow)));
    }

    /**
     * Lets another major frame of the schedule follow at the end of the one that runs; returns before that.
     *
     * @param major its name
     * @return what the daemon says
     * @throws IOException if the daemon is gone or refuses
     */
    public String useMajor(String major) throws IOException {
        return done(call(ControlRequest.ofMajor(Command.SCHEDULE_USE, major)));
    }

    /**
     * Ends all domains and the daemon; returns when that has begun.
     *
     * @return what the daemon says
     * @throws IOException if the daemon is gone or refuses
     */
    public String shutdown() throws IOException {
        return done(call(ControlRequest.of(Command.SHUTDOWN)));
    }

    /**
     * Asks for the end of the audit log.
     *
     * @return its length and newest hash
     * @throws IOException if the daemon is gone or refuses
     */
    public ControlReply.AuditHead auditHead() throws IOException {
        return expect(call(ControlRequest.of(Command.AUDIT_HEAD)), ControlReply.AuditHead.class);
    }

    /**
     * Puts another policy into force, or tells what it would change; waits until all that it takes away is gone.
     *
     * @param file the policy file, which the daemon opens
     * @param dryRun whether nothing shall change
     * @return what it did, or why it can't be loaded
     * @throws IOException if the daemon is gone or refuses
     */
    public ControlReply.PolicyLoad load(Path file, boolean dryRun) throws IOException {
        return expect(
                call(ControlRequest.load(file.toAbsolutePath().normalize().toString(), dryRun)),
                ControlReply.PolicyLoad.class);
    }

    /**
     * Watches the state until the consumer has enough or the daemon ends; the last state it sends shows how all ended.
     *
     * @param intervalMillis {@link ControlRequest#MIN_INTERVAL} to {@link ControlRequest#MAX_INTERVAL}
     * @param consumer takes each state; returns false to end
     * @throws IOException if the connection breaks
     */
    public void watch(int intervalMillis, Predicate<Snapshot> consumer) throws IOException {
        send(ControlRequest.watch(intervalMillis));
        try {
            while (consumer.test(state(receive()))) {
                // The consumer wants more.
            }
        } catch (EOFException e) {
            // The daemon has ended; the consumer has seen the last state.
            return;
        }
    }

    /**
     * Attaches to a domain's serial line: first what the daemon kept of it, then what comes. Types as well, where the policy has a flow
     * for that.
     *
     * @param domain its name
     * @return the line; closing it closes this connection
     * @throws IOException if the daemon is gone or refuses
     * @throws RefusedException if somebody else types there: {@code busy}
     */
    public Console console(String domain) throws IOException {
        return console(domain, false);
    }

    /**
     * As {@link #console(String)}, but only to look, which any number may do.
     *
     * @param domain its name
     * @return the line; what is written is discarded
     * @throws IOException if the daemon is gone or refuses
     */
    public Console watchConsole(String domain) throws IOException {
        return console(domain, true);
    }

    private Console console(String domain, boolean readOnly) throws IOException {
        int pid = Math.toIntExact(ProcessHandle.current().pid());
        ControlReply.Console reply =
                expect(call(ControlRequest.console(domain, readOnly, pid)), ControlReply.Console.class);
        return new Console(this, reply.input(), reply.run());
    }

    /** A domain's serial line. Output may be read and input written by two threads. */
    public static final class Console implements AutoCloseable {
        private final PolicyDaemonClient client;
        private final boolean input;
        private final int run;

        private Console(PolicyDaemonClient client, boolean input, int run) {
            this.client = client;
            this.input = input;
            this.run = run;
        }

        /**
         * Tells which of the domain's runs it is the line of; two lines of the same run say the same.
         *
         * @return a number that grows with each run under the same daemon, from 0
         */
        public int run() {
            return run;
        }

        /**
         * Tells whether what is written reaches the domain: whether the policy has a flow for that and this is not only to look.
         *
         * @return false if what is written is discarded
         */
        public boolean acceptsInput() {
            return input;
        }

        /**
         * Returns the domain's output; it ends with the domain.
         *
         * @return a stream that blocks
         */
        public InputStream output() {
            return new InputStream() {
                @Override
                public int read() throws IOException {
                    byte[] one = new byte[1];
                    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
                }

                @Override
                public int read(byte[] bytes, int offset, int length) throws IOException {
                    return client.readRaw(bytes, offset, length);
                }
            };
        }

        /**
         * Returns the domain's input.
         *
         * @return a stream that blocks while the domain does not read
         */
        public OutputStream input() {
            return new OutputStream() {
                @Override
                public void write(int b) throws IOException {
                    write(new byte[] {(byte) b}, 0, 1);
                }

                @Override
                public void write(byte[] bytes, int offset, int length) throws IOException {
                    client.writeAll(ByteBuffer.wrap(bytes, offset, length));
                }
            };
        }

        @Override
        public void close() throws IOException {
            client.close();
        }
    }

    /** The daemon answered, but did not do it. */
    public static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1L;

        private final String code;

        private RefusedException(ControlReply.Failed failed) {
            super(failed.error());
            this.code = failed.code();
        }

        /**
         * Returns the kind of refusal.
         *
         * @return see {@link ControlReply.Failed}
         */
        public String code() {
            return code;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private ControlReply call(ControlRequest request) throws IOException {
        send(request);
        return receive();
    }

    private void send(ControlRequest request) throws IOException {
        writeAll(ByteBuffer.wrap((ControlCodec.encode(request) + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    private ControlReply receive() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            while (input.hasRemaining()) {
                byte next = input.get();
                if (next == '\n') {
                    return ControlCodec.decodeReply(line.toString(StandardCharsets.UTF_8));
                }
                line.write(next);
            }
            if (line.size() > ControlCodec.MAX_REPLY) {
                throw new ProtocolException(
                        "reply", "line", line.size() + " bytes", "at most " + ControlCodec.MAX_REPLY);
            }
            if (!fill()) {
                throw new EOFException("the policy daemon closed the connection");
            }
        }
    }

    private boolean fill() throws IOException {
        input.clear();
        int count = channel.read(input);
        input.flip();
        return count >= 0;
    }

    private int readRaw(byte[] bytes, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (!input.hasRemaining() && !fill()) {
            return -1;
        }
        int count = Math.min(length, input.remaining());
        input.get(bytes, offset, count);
        return count;
    }

    private void writeAll(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static Snapshot state(ControlReply reply) throws IOException {
        return expect(reply, ControlReply.State.class).snapshot();
    }

    private static String done(ControlReply reply) throws IOException {
        return expect(reply, ControlReply.Done.class).message();
    }

    private static <T extends ControlReply> T expect(ControlReply reply, Class<T> type) throws IOException {
        if (reply instanceof ControlReply.Failed failed) {
            throw new RefusedException(failed);
        }
        if (!type.isInstance(reply)) {
            throw new ProtocolException("reply", "kind", reply.getClass().getSimpleName(), type.getSimpleName());
        }
        return type.cast(reply);
    }
}
