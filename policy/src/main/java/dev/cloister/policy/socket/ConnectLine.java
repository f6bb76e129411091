package dev.cloister.policy.socket;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.StreamSocket;
import java.nio.charset.StandardCharsets;

/** The line {@code CONNECT port} with which a program begins, read byte by byte: what follows it is the guest's. */
final class ConnectLine {
    /** How a reading went. */
    enum Result {
        /** The line is not whole yet. */
        MORE,
        /** The port is known. */
        DONE,
        /** No such line, or the program went away. */
        BAD
    }

    private static final byte[] COMMAND = "CONNECT ".getBytes(StandardCharsets.US_ASCII);
    private static final int MOST_DIGITS = 10;
    private static final long PORTS = 1L << 32;

    private final byte[] next = new byte[1];
    private int matched;
    private int digits;
    private long port;

    /**
     * Reads on, as far as there are bytes and the line lasts.
     *
     * @param from what the program says
     * @return how it went
     * @throws ErrnoException when the kernel refuses
     */
    Result read(StreamSocket from) throws ErrnoException {
        Result result = Result.MORE;
        while (result == Result.MORE) {
            int bytes = from.receive(next);
            if (bytes <= 0) {
                return bytes == 0 ? Result.MORE : Result.BAD;
            }
            result = take(next[0]);
        }
        return result;
    }

    Result take(byte value) {
        if (matched < COMMAND.length) {
            return value == COMMAND[matched++] ? Result.MORE : Result.BAD;
        }
        if (value == '\n') {
            return digits > 0 && port < PORTS ? Result.DONE : Result.BAD;
        }
        if (value < '0' || value > '9' || ++digits > MOST_DIGITS) {
            return Result.BAD;
        }
        port = port * 10 + (value - '0');
        return Result.MORE;
    }

    /** Returns the port, unsigned; once {@link Result#DONE}. */
    int port() {
        return (int) port;
    }
}
