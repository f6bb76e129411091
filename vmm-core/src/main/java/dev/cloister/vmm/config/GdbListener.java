package dev.cloister.vmm.config;

import dev.cloister.linux.StreamListener;
import java.io.IOException;
import java.nio.file.Path;

/** Where a gdb may connect; opened before the process is confined. Thread-safe. */
public final class GdbListener implements AutoCloseable {
    private static final int LONGEST_PORT = 5;

    private final StreamListener listener;

    private GdbListener(StreamListener listener) {
        this.listener = listener;
    }

    /**
     * Listens.
     *
     * @param where digits: a TCP port on 127.0.0.1, 0 for a free one; else the path of a Unix socket, which must not exist
     * @return the listener, to be closed by the caller or by the machine that it is handed to
     * @throws IOException if the host refuses
     * @throws IllegalArgumentException if the number is no port
     */
    public static GdbListener open(String where) throws IOException {
        boolean port = where.chars().allMatch(Character::isDigit);
        return new GdbListener(port ? StreamListener.loopback(portNumber(where)) : StreamListener.unix(Path.of(where)));
    }

    private static int portNumber(String digits) {
        // Longer numbers are no ports, whatever they are.
        return digits.length() > LONGEST_PORT ? Integer.MAX_VALUE : Integer.parseInt(digits);
    }

    /** The listening socket. */
    public StreamListener stream() {
        return listener;
    }

    @Override
    public void close() {
        listener.close();
    }
}
