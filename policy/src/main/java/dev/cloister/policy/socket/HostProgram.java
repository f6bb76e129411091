package dev.cloister.policy.socket;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Poller;
import dev.cloister.linux.StreamSocket;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A program of the host at the end of a connection. Under the lock of its {@link HostSocket}, whose thread alone touches the poller. */
final class HostProgram implements LocalEnd {
    /** Pieces that are read at once, so that others have their turn. */
    private static final int TURN = 4;

    private final StreamSocket socket;
    private final MemorySegment scratch;
    private final int port;
    private final Taker toProgram;
    private @Nullable PeerStream stream;
    private int slot = -1;
    private int events;
    /** Whether the program will send nothing more, or may not. */
    private boolean inputEnded;
    /** Whether the program gets nothing more. */
    private boolean outputEnded;
    /** Whether the program has gone, which the poller would tell for ever. */
    private boolean hungUp;

    private boolean over;

    /**
     * A program.
     *
     * @param socket connected to it; this owns it
     * @param scratch native memory for the time of a call
     * @param port the host's port of the connection, unsigned
     */
    HostProgram(StreamSocket socket, MemorySegment scratch, int port) {
        this.socket = socket;
        this.scratch = scratch;
        this.port = port;
        this.toProgram = socket::write;
    }

    /** The guest has asked for it, and has it. */
    void join(PeerStream with, boolean silent) {
        stream = with;
        inputEnded = silent;
        if (silent) {
            try {
                socket.shutdownRead();
            } catch (ErrnoException e) {
                // It has gone: the next write tells.
                hungUp = true;
            }
        }
        with.accept();
        listen();
    }

    private void listen() {
        events = inputEnded || hungUp ? 0 : Poller.IN;
    }

    @Override
    public void opened(PeerStream with) {
        byte[] answer = ("OK " + Integer.toUnsignedString(port) + "\n").getBytes(StandardCharsets.US_ASCII);
        stream = with;
        try {
            if (socket.send(answer, 0, answer.length) == answer.length) {
                listen();
                pump(true, true);
            } else {
                finish();
            }
        } catch (ErrnoException e) {
            finish();
        }
    }

    @Override
    public void refused() {
        over = true;
    }

    @Override
    public void ready(boolean readable, boolean writable) {
        pump(readable, writable);
    }

    private void pump(boolean out, boolean in) {
        PeerStream with = stream;
        if (with == null || over) {
            return;
        }
        try {
            if (out) {
                give(with);
            }
            if (in) {
                take(with);
            }
            boolean nobodyTalks = inputEnded && (outputEnded || hungUp);
            if (nobodyTalks) {
                finish();
            }
        } catch (IOException e) {
            // One of the two has broken off: so does the other hear of it.
            finish();
        }
    }

    private void give(PeerStream from) throws IOException {
        if (outputEnded) {
            return;
        }
        int count = from.pass(toProgram);
        while (count > 0) {
            count = from.pass(toProgram);
        }
        if (count == PeerStream.END) {
            outputEnded = true;
            if (!hungUp) {
                socket.shutdownWrite();
            }
        }
        events = from.holds() ? events | Poller.OUT : events & ~Poller.OUT;
    }

    private void take(PeerStream to) throws IOException {
        boolean more = !inputEnded;
        for (int i = 0; more && (i < TURN || hungUp); i++) {
            int room = to.room();
            more = room > 0 ? move(to, room) : noRoom(to, room);
        }
    }

    /** Sends a piece; false if there was none, or none will come. */
    private boolean move(PeerStream to, int room) throws IOException {
        int count = socket.read(scratch, 0, (int) Math.min(room, scratch.byteSize()));
        if (count > 0) {
            to.write(scratch, 0, count);
        }
        inputEnded = count < 0 || count == 0 && hungUp;
        if (inputEnded) {
            events &= ~Poller.IN;
            to.endOutput();
        } else {
            events |= Poller.IN;
        }
        return count > 0;
    }

    /** The program has to wait, or to go. */
    private boolean noRoom(PeerStream to, int room) {
        events &= ~Poller.IN;
        if (room == 0) {
            to.await(true, true);
        } else if (!to.holds()) {
            finish();
        }
        return false;
    }

    /** Has the poller wait for what it shall, and closes what is over; returns whether it is. */
    boolean settle(Poller poller) {
        boolean watched = !over && !hungUp;
        if (!watched && slot >= 0) {
            poller.remove(slot);
            slot = -1;
        } else if (slot >= 0) {
            poller.change(slot, events);
        } else if (watched && events != 0) {
            slot = poller.add(socket.fd(), events);
        }
        if (over) {
            socket.close();
        }
        return over;
    }

    /** After the poller has waited. */
    void serve(Poller poller) {
        int ready = slot < 0 || over ? 0 : poller.ready(slot);
        if ((ready & (Poller.HUP | Poller.ERR | Poller.NVAL)) != 0) {
            hungUp = true;
        }
        if (ready != 0) {
            pump(hungUp || (ready & Poller.OUT) != 0, hungUp || (ready & Poller.IN) != 0);
        }
    }

    /** Whether it has something still to take. */
    boolean holds() {
        PeerStream with = stream;
        return !over && with != null && with.holds();
    }

    /** Ends it in both directions. */
    void finish() {
        PeerStream with = stream;
        over = true;
        if (with != null) {
            with.close();
        }
    }

    /** Closes it for good, with whatever waits for it. */
    void close() {
        finish();
        socket.close();
    }
}
