package dev.cloister.policy.socket;

import dev.cloister.policy.protocol.ChannelConfig;
import org.jspecify.annotations.Nullable;

/**
 * The connections that one endpoint opens to another: a stream that carries them forward, and, where another flow answers it, one that
 * carries back what is said on them. Without that, the opening side accepts for the other and hears nothing of it. Its state is
 * under the lock of the side.
 */
final class PeerLink {
    private final PeerLinks links;
    private final boolean opener;
    private final boolean answered;
    private final @Nullable PeerStream[] streams = new PeerStream[PeerLinks.MAX_CONNECTIONS];
    private @Nullable PeerOutput output;
    private @Nullable PeerInput input;
    private int nextNumber = 1;
    private int turn;

    /**
     * A link without its streams.
     *
     * @param links whose it is
     * @param opener whether this side opens the connections
     * @param answered whether something comes back
     */
    PeerLink(PeerLinks links, boolean opener, boolean answered) {
        this.links = links;
        this.opener = opener;
        this.answered = answered;
    }

    boolean answered() {
        return answered;
    }

    /** Whether nothing ever comes here. */
    boolean silent() {
        return opener && !answered;
    }

    @Nullable
    PeerOutput output() {
        return output;
    }

    PeerBuffers buffers() {
        return links.buffers();
    }

    /** Gets one of its streams. */
    void join(PeerLane lane) {
        switch (lane) {
            case PeerOutput out -> output = out;
            case PeerInput in -> input = in;
        }
    }

    /** Whether connections can be opened. */
    boolean up() {
        return output != null && (input != null || !answered);
    }

    /** Whether it has no stream. */
    boolean down() {
        return output == null && input == null;
    }

    /** This side asks for a connection; false where there is no room for one more. */
    boolean open(int port, int ownPort, LocalEnd end) {
        PeerStream stream = new PeerStream(this, nextNumber, ownPort, port);
        if (!add(stream)) {
            return false;
        }
        nextNumber++;
        stream.end = end;
        stream.opening = answered;
        stream.owe(PeerFrame.OPEN);
        if (!answered) {
            links.acceptLater(stream);
        }
        return true;
    }

    private boolean add(PeerStream stream) {
        for (int i = 0; i < streams.length; i++) {
            if (streams[i] == null) {
                streams[i] = stream;
                return true;
            }
        }
        return false;
    }

    /** The other side doesn't count what it has ended: that gives way, read or not, to what it opens. */
    private boolean dropOne() {
        for (PeerStream stream : streams) {
            if (stream != null && stream.left()) {
                stream.drop();
                return true;
            }
        }
        return false;
    }

    /** A connection that is not over; null for none. */
    @Nullable
    PeerStream find(int number) {
        for (PeerStream stream : streams) {
            if (stream != null && stream.number == number && !stream.closed()) {
                return stream;
            }
        }
        return null;
    }

    /** A connection is over. */
    void remove(PeerStream stream) {
        PeerInput from = input;
        if (from != null) {
            from.forget(stream);
        }
        took();
        sweep();
    }

    private void sweep() {
        for (int i = 0; i < streams.length; i++) {
            PeerStream stream = streams[i];
            if (stream != null && stream.done()) {
                streams[i] = null;
            }
        }
    }

    /** Bytes were taken: a stream that waited for that can go on. */
    void took() {
        PeerInput from = input;
        if (from != null && from.paused()) {
            links.ring();
        }
    }

    /** A connection has something to say. */
    void owing(PeerStream stream) {
        PeerOutput to = output;
        if (to != null) {
            stream.settle(to);
            flush(to);
        }
    }

    void tellLater(PeerStream stream) {
        links.tellLater(stream);
    }

    /** Sends what can be sent; the links' thread does the rest. */
    void flush(PeerOutput to) {
        boolean all = to.flush();
        if (!all || to.dead || to.roomy() && behind()) {
            links.ring();
        }
    }

    private boolean behind() {
        for (PeerStream stream : streams) {
            if (stream != null && (stream.waiting || stream.owes())) {
                return true;
            }
        }
        return false;
    }

    /** There is room again: those that wait take turns. */
    void writable() {
        PeerOutput to = output;
        if (to == null || !behind()) {
            return;
        }
        to.flush();
        for (PeerStream stream : streams) {
            if (stream != null && stream.owes()) {
                stream.settle(to);
            }
        }
        sweep();
        tellWaiting(to);
        if (to.flush() && to.roomy() && behind()) {
            // Nothing is left to be written whose end would wake the others.
            links.ring();
        }
    }

    private void tellWaiting(PeerOutput to) {
        for (int i = 0; i < streams.length && to.roomy(); i++) {
            turn = (turn + 1) % streams.length;
            PeerStream stream = streams[turn];
            if (stream != null && stream.waiting) {
                stream.waiting = false;
                stream.tell(false, true);
            }
        }
    }

    /** Takes a frame's header; false if the other side may not send it. */
    boolean take(PeerInput from, PeerFrame frame) {
        if (frame.operation == PeerFrame.OPEN) {
            return !opener && opened(from, frame);
        }
        PeerStream stream = find(frame.connection);
        if (stream == null || stream.lost()) {
            // It has ended here, and the other side had not heard of that yet.
            return true;
        }
        return switch (frame.operation) {
            case PeerFrame.ACCEPT -> opener && stream.accepted();
            case PeerFrame.DATA -> stream.announce(frame.first);
            case PeerFrame.CREDIT -> answered && credited(stream, frame.first);
            case PeerFrame.END -> ended(stream);
            default -> {
                stream.reset();
                yield true;
            }
        };
    }

    private static boolean credited(PeerStream stream, int count) {
        boolean may = stream.credit(count);
        if (may) {
            stream.tell(false, true);
        }
        return may;
    }

    private static boolean ended(PeerStream stream) {
        boolean may = stream.end();
        if (may) {
            stream.tell(true, false);
        }
        return may;
    }

    private boolean opened(PeerInput from, PeerFrame frame) {
        ChannelConfig.Sockets sockets = from.channel.sockets();
        if (answered && output == null) {
            // The answering stream was taken away; the other side is about to hear of that.
            return true;
        }
        PeerStream stream = new PeerStream(this, frame.connection, frame.first, frame.second);
        boolean may = sockets.allows(Integer.toUnsignedLong(frame.second))
                && find(frame.connection) == null
                && (add(stream) || dropOne() && add(stream));
        if (!may) {
            return false;
        }
        LocalEnd made = links.side().connect(sockets.peerCid(), frame.first, frame.second, stream, !answered);
        if (made == null) {
            stream.close();
        } else {
            stream.end = made;
        }
        return true;
    }

    /** The other side has broken a rule: nothing is taken from it or given to it until the daemon opens the streams anew. */
    void broken(String how) {
        links.side().broken(how);
        PeerInput from = input;
        PeerOutput to = output;
        if (to != null) {
            lost(to);
        }
        if (from != null) {
            lost(from);
        }
    }

    /** One of its streams is gone. */
    void lost(PeerLane lane) {
        lane.dead = true;
        boolean mayStillRead = lane == output && !opener;
        if (lane == output) {
            output = null;
        } else if (lane == input) {
            input = null;
        } else {
            return;
        }
        if (!mayStillRead) {
            endAll();
        }
        if (output == null) {
            forgiveAll();
        }
        sweep();
    }

    private void endAll() {
        for (PeerStream stream : streams) {
            if (stream != null && !stream.closed()) {
                stream.gone();
            }
        }
    }

    private void forgiveAll() {
        for (PeerStream stream : streams) {
            if (stream != null) {
                stream.forgive();
            }
        }
    }
}
