package dev.cloister.policy.socket;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The other side's end of one connection, as frames of a {@link PeerLink}. Never waits. Everything is done under the lock of the
 * {@link LocalSide}.
 */
public final class PeerStream {
    /** What {@link #read} returns when nothing more will come. */
    public static final int END = -1;

    private static final int CREDIT_STEP = PeerFrame.WINDOW / 4;

    final PeerLink link;
    final int number;
    private final int openerPort;
    private final int targetPort;

    @Nullable
    LocalEnd end;

    /** Frames that it has to send before anything else, as bits of their operations. */
    private int owes;
    /** Whether it waits for room. */
    boolean waiting;

    boolean opening;
    private @Nullable ByteQueue queue;
    /** Bytes that the other side may still send, where it is told. */
    private int receiveWindow = PeerFrame.WINDOW;

    private int sendWindow = PeerFrame.WINDOW;
    private int untold;
    private boolean ended;
    private boolean gone;
    private boolean reset;
    private boolean outputEnded;
    private boolean closed;

    PeerStream(PeerLink link, int number, int openerPort, int targetPort) {
        this.link = link;
        this.number = number;
        this.openerPort = openerPort;
        this.targetPort = targetPort;
    }

    /** Has a frame sent as soon as there is room. */
    void owe(int operation) {
        owes |= 1 << operation;
        link.owing(this);
    }

    /** Sends what it owes; false where there is no room for all of it. */
    boolean settle(PeerOutput to) {
        boolean room = emit(to, PeerFrame.OPEN, openerPort, targetPort)
                && emit(to, PeerFrame.ACCEPT, 0, 0)
                && emit(to, PeerFrame.CREDIT, untold, 0);
        return room && emit(to, PeerFrame.END, 0, 0) && emit(to, PeerFrame.RESET, 0, 0);
    }

    private boolean emit(PeerOutput to, int operation, int first, int second) {
        if ((owes & 1 << operation) == 0) {
            return true;
        }
        if (!to.frame(operation, number, first, second)) {
            return false;
        }
        owes &= ~(1 << operation);
        if (operation == PeerFrame.CREDIT) {
            receiveWindow += untold;
            untold = 0;
        }
        return true;
    }

    /** Forgets what it owes: nobody is there to be told. */
    void forgive() {
        owes = 0;
    }

    /** The other side announces bytes; false if it may not send so many. */
    boolean announce(int count) {
        if (ended || gone || opening) {
            return false;
        }
        if (!link.answered()) {
            return true;
        }
        receiveWindow -= count;
        return receiveWindow >= 0;
    }

    /** Bytes from the other side; returns how many had room. */
    int deliver(MemorySegment from, long offset, int length) {
        ByteQueue to = queue;
        if (to == null) {
            to = link.buffers().take();
            queue = to;
        }
        return to.put(from, offset, length);
    }

    /** The other side has taken bytes; false if it hadn't got so many. */
    boolean credit(int count) {
        if (opening || count > PeerFrame.WINDOW - sendWindow) {
            return false;
        }
        sendWindow += count;
        return true;
    }

    /** No more bytes come; false if that was said before. */
    boolean end() {
        boolean first = !ended && !gone && !opening;
        ended = true;
        return first;
    }

    /** Whether it is over and has nothing to say any more. */
    boolean done() {
        return closed && owes == 0;
    }

    /** Whether it has something to say. */
    boolean owes() {
        return owes != 0;
    }

    boolean closed() {
        return closed;
    }

    /** Whether it is over without a word of the other side, which may go on talking until it hears of that. */
    boolean lost() {
        return gone && !reset;
    }

    /** The other side has said that it is over. */
    void reset() {
        reset = true;
        gone();
    }

    /** Whether the other side has ended it, and this one not yet. */
    boolean left() {
        return reset && !closed;
    }

    /** Gives up what has come and nobody has read: this side finds it broken. */
    void drop() {
        forgive();
        close();
        LocalEnd with = end;
        if (with != null) {
            with.ready(true, true);
        }
    }

    /** The other side is out of reach, or has done with it; what has come is still to be read. */
    void gone() {
        gone = true;
        LocalEnd with = end;
        if (opening) {
            opening = false;
            closed = true;
            link.remove(this);
            if (with != null) {
                with.refused();
            }
        } else {
            tell(true, true);
        }
    }

    /** Tells this side that something has come, or that there is room. */
    void tell(boolean readable, boolean writable) {
        LocalEnd with = end;
        if (with != null && !closed) {
            with.ready(readable, writable);
        }
    }

    /** The other side has accepted; false if it hadn't been asked. */
    boolean accepted() {
        LocalEnd with = end;
        if (!opening || with == null) {
            return false;
        }
        opening = false;
        with.opened(this);
        return true;
    }

    /** This side has accepted a connection that the other asked for. */
    public void accept() {
        if (link.answered()) {
            owe(PeerFrame.ACCEPT);
        }
    }

    /**
     * Reads what has come.
     *
     * @param target where to
     * @param offset the first byte of it
     * @param length at most this many bytes, at least 1
     * @return how many; 0 where none are there now, {@link #END} behind the last
     * @throws IOException if the other side has closed the connection and all is read
     */
    public int read(MemorySegment target, long offset, int length) throws IOException {
        ByteQueue from = queue;
        int count = from == null ? 0 : from.take(target, offset, length);
        return count > 0 ? taken(count) : nothing();
    }

    /**
     * Passes on what has come, without a copy in between.
     *
     * @param to takes it
     * @return how many bytes it took; 0 where none are there now or it took none, {@link #END} behind the last
     * @throws IOException if the other side has closed the connection and all is passed on, or from the taker
     */
    int pass(Taker to) throws IOException {
        ByteQueue from = queue;
        if (from == null || from.size() == 0) {
            return nothing();
        }
        int count = from.pass(to);
        return count > 0 ? taken(count) : 0;
    }

    /** Whether something has come that nobody has taken yet. */
    boolean holds() {
        ByteQueue from = queue;
        return from != null && from.size() > 0;
    }

    /** What a read without bytes means. */
    private int nothing() throws IOException {
        if (gone) {
            throw new IOException("the other side has closed the connection");
        }
        return ended || outputEnded && link.silent() ? END : 0;
    }

    /** This side has taken bytes. */
    private int taken(int count) {
        link.took();
        untold += count;
        boolean more = !ended && !gone;
        if (more && link.answered() && untold >= CREDIT_STEP) {
            owe(PeerFrame.CREDIT);
        }
        return count;
    }

    /**
     * Says how much can be sent now.
     *
     * @return how many bytes {@link #write} would take; {@link #END} if the other side takes nothing any more
     */
    int room() {
        PeerOutput to = link.output();
        if (to == null || to.dead || gone) {
            return END;
        }
        int most = link.answered() ? sendWindow : PeerFrame.MAX_DATA;
        return most > 0 && settle(to) ? Math.min(most, to.space()) : 0;
    }

    /**
     * Sends what can be sent now.
     *
     * @param source where from
     * @param offset the first byte of it
     * @param length how many bytes, at least 1
     * @return how many were taken; 0 if none can be now
     * @throws IOException if the other side takes nothing any more
     */
    public int write(MemorySegment source, long offset, int length) throws IOException {
        PeerOutput to = link.output();
        if (to == null || to.dead || gone) {
            throw new IOException("nothing can be sent to the other side any more");
        }
        int most = link.answered() ? Math.min(length, sendWindow) : length;
        int count = most > 0 && settle(to) ? to.data(number, source, offset, most) : 0;
        sendWindow -= link.answered() ? count : 0;
        link.flush(to);
        return count;
    }

    /**
     * Says what is waited for; {@link LocalEnd#ready} tells.
     *
     * @param readable bytes, or the end, which are told unasked
     * @param writable room
     */
    public void await(boolean readable, boolean writable) {
        // Without a window it is the other side's word that wakes it.
        waiting = writable && (sendWindow > 0 || !link.answered());
    }

    /** Nothing more will be written; what was written is still delivered. */
    public void endOutput() {
        outputEnded = true;
        if (link.output() != null && !gone) {
            owe(PeerFrame.END);
        }
        if (link.silent()) {
            link.tellLater(this);
        }
    }

    /** Ends it in both directions. */
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        boolean unsaid = (owes & 1 << PeerFrame.OPEN) != 0;
        owes &= ~(1 << PeerFrame.CREDIT | 1 << PeerFrame.ACCEPT);
        if (unsaid) {
            owes = 0;
        } else if (!reset && link.output() != null) {
            owe(PeerFrame.RESET);
        }
        link.remove(this);
        ByteQueue used = queue;
        queue = null;
        if (used != null) {
            link.buffers().give(used);
        }
    }
}
