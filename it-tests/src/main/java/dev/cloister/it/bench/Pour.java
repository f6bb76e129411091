package dev.cloister.it.bench;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;

/**
 * The host's end of connections that a guest makes, by TCP or a Unix socket: takes one connection after the other, and measures what
 * goes through it. Every wait ends with an {@link IOException}.
 */
final class Pour implements AutoCloseable {
    private static final int CHUNK = 256 << 10;
    private static final int PATIENCE_SECONDS = 120;

    private final ServerSocketChannel listening;
    private final boolean tcp;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);

    /**
     * Listens.
     *
     * @param at where
     */
    Pour(SocketAddress at) throws IOException {
        tcp = !(at instanceof UnixDomainSocketAddress);
        listening = tcp ? ServerSocketChannel.open() : ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listening.bind(at).configureBlocking(false);
    }

    SocketAddress address() throws IOException {
        return listening.getLocalAddress();
    }

    /** A connection that was taken; with a limit to every wait. */
    private final class Taken implements AutoCloseable {
        private final SocketChannel channel;
        private final Selector selector;
        private final SelectionKey key;
        private final long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);

        Taken(SocketChannel channel) throws IOException {
            this.channel = channel;
            channel.configureBlocking(false);
            if (tcp) {
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            }
            selector = Selector.open();
            key = channel.register(selector, 0);
        }

        /** Reads what is there, waiting for the first byte; negative at the end. */
        int read() throws IOException {
            buffer.clear();
            int count = channel.read(buffer);
            while (count == 0) {
                ready(SelectionKey.OP_READ);
                count = channel.read(buffer);
            }
            return count;
        }

        void write(int bytes) throws IOException {
            buffer.clear().limit(bytes);
            while (buffer.hasRemaining()) {
                if (channel.write(buffer) == 0) {
                    ready(SelectionKey.OP_WRITE);
                }
            }
        }

        private void ready(int operation) throws IOException {
            key.interestOps(operation);
            Pour.ready(selector, end);
        }

        @Override
        public void close() throws IOException {
            selector.close();
            channel.close();
        }
    }

    private static void ready(Selector selector, long end) throws IOException {
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (left <= 0 || selector.select(left) == 0) {
            throw new IOException("nothing moved on the guest's connection for too long (" + PATIENCE_SECONDS + " s)");
        }
        selector.selectedKeys().clear();
    }

    private Taken take() throws IOException {
        try (Selector selector = Selector.open()) {
            SelectionKey key = listening.register(selector, SelectionKey.OP_ACCEPT);
            try {
                ready(selector, System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS));
                return new Taken(listening.accept());
            } finally {
                key.cancel();
            }
        }
    }

    /** Sends so many bytes and waits until the guest has taken them all and closed; nanoseconds. */
    long send(long bytes) throws IOException {
        try (Taken to = take()) {
            long start = System.nanoTime();
            for (long left = bytes; left > 0; left -= CHUNK) {
                to.write((int) Math.min(left, CHUNK));
            }
            to.channel.shutdownOutput();
            if (to.read() >= 0) {
                throw new IOException("the guest answered where it should only take");
            }
            return System.nanoTime() - start;
        }
    }

    /** Takes what the guest sends until it closes; nanoseconds. */
    long receive(long bytes) throws IOException {
        try (Taken from = take()) {
            long start = System.nanoTime();
            long total = 0;
            for (int count = from.read(); count >= 0; count = from.read()) {
                total += count;
            }
            if (total != bytes) {
                throw new IOException("the guest sent " + total + " bytes; expected " + bytes);
            }
            return System.nanoTime() - start;
        }
    }

    /** Sends one byte and waits for it to come back, again and again; nanoseconds of each time. */
    double[] echo(int times) throws IOException {
        try (Taken both = take()) {
            double[] nanos = new double[times];
            for (int i = 0; i < times; i++) {
                long start = System.nanoTime();
                both.write(1);
                if (both.read() != 1) {
                    throw new IOException("the guest answered one byte with something else");
                }
                nanos[i] = System.nanoTime() - start;
            }
            return nanos;
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
