package dev.cloister.vmm.debug.gdb;

import dev.cloister.devices.Waiting;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Poller;
import dev.cloister.linux.StreamListener;
import dev.cloister.linux.StreamSocket;
import dev.cloister.vmm.debug.Debugger;
import dev.cloister.vmm.debug.StopEvent;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The stub's thread: waits for the peer's bytes, for stops of the guest and for its end, with one peer at a time. While the guest stands
 * still and no peer is there, it stands. A peer that goes away without a word leaves the guest as it is, without its stop points.
 */
public final class GdbServer implements AutoCloseable {
    private static final int FOREVER = -1;
    private static final long SEND_MILLIS = 10_000;

    private final Debugger debugger;
    private final StreamListener listener;
    private final Consumer<String> say;
    private final Consumer<StopEvent> tell;
    private final EventFd wake;
    private final Thread thread;
    private final byte[] input = new byte[StreamSocket.CHUNK];
    private final GdbSession session;
    private final ReplyWriter writer = new ReplyWriter();
    private @Nullable StreamSocket peer;
    private @Nullable PacketReader reader;
    private int peerSlot;
    private boolean silent;
    private volatile boolean closed;

    /**
     * A stub that does nothing before {@link #start}.
     *
     * @param debugger what it serves
     * @param listener where peers come from; owned from here on
     * @param say takes lines for a person, without line feeds
     * @param tell is told of stops that no peer is there for; on the stub's thread
     * @throws ErrnoException where the host refuses
     */
    public GdbServer(Debugger debugger, StreamListener listener, Consumer<String> say, Consumer<StopEvent> tell)
            throws ErrnoException {
        this.debugger = debugger;
        this.listener = listener;
        this.say = say;
        this.tell = tell;
        this.wake = EventFd.create();
        this.session = new GdbSession(debugger, writer);
        this.thread = new Thread(null, this::run, "gdb-stub", 512 << 10, false);
        thread.setDaemon(true);
    }

    /** Starts the thread. */
    public void start() {
        debugger.listen(this::signal);
        thread.start();
        signal();
    }

    private void signal() {
        try {
            wake.signal();
        } catch (ErrnoException | IllegalStateException e) {
            // Closed at this moment: there is nobody to be told any more.
        }
    }

    private void run() {
        try (Poller poller = new Poller()) {
            int wakeSlot = poller.add(wake.fd(), Poller.IN);
            int listenSlot = poller.add(listener.fd(), Poller.IN);
            while (!closed) {
                poller.poll(FOREVER);
                if (poller.ready(wakeSlot) != 0) {
                    wake.drain();
                    guestChanged(poller);
                }
                if (poller.ready(listenSlot) != 0) {
                    welcome(poller);
                }
                if (peer != null && poller.ready(peerSlot) != 0) {
                    listen(poller);
                }
            }
        } catch (ErrnoException | RuntimeException e) {
            say.accept("the gdb stub has ended: " + e.getMessage());
            // Nobody could ever let a guest go on that stands still.
            debugger.machine().kill();
        }
    }

    private void guestChanged(Poller poller) throws ErrnoException {
        if (debugger.isOver()) {
            if (peer != null) {
                session.guestEnded();
                flush(poller);
                drop(poller);
            }
            return;
        }
        StopEvent event = debugger.next();
        if (event == null) {
            return;
        }
        session.guestStopped(event);
        if (peer == null) {
            session.rehearse();
            tell.accept(event);
            say.accept("the guest stands still; to look at it: gdb -ex 'target remote " + listener.name() + "'");
        }
        flush(poller);
    }

    private void welcome(Poller poller) throws ErrnoException {
        Optional<StreamSocket> next = listener.accept();
        if (next.isEmpty()) {
            return;
        }
        if (peer != null) {
            next.get().close();
            return;
        }
        peer = next.get();
        reader = new PacketReader();
        silent = true;
        peerSlot = poller.add(peer.fd(), Poller.IN);
        writer.reset();
        session.peerCame();
    }

    private void listen(Poller poller) throws ErrnoException {
        StreamSocket from = peer;
        PacketReader packets = reader;
        if (from == null || packets == null) {
            return;
        }
        int count = from.receive(input);
        if (count < 0) {
            drop(poller);
            return;
        }
        for (int i = 0; i < count && peer != null; i++) {
            take(packets.take(input[i]), packets, poller);
        }
    }

    private void damaged() {
        if (!writer.acknowledge(false)) {
            writer.reply("E01");
        }
    }

    /** Another protocol, such as a browser's: nothing that follows may be taken for a packet. */
    private void sendAway(Poller poller) throws ErrnoException {
        say.accept("a peer that does not speak gdb's protocol was sent away");
        drop(poller);
    }

    private void take(PacketReader.Event event, PacketReader packets, Poller poller) throws ErrnoException {
        if (event == PacketReader.Event.GARBAGE && silent) {
            sendAway(poller);
            return;
        }
        act(event, packets, poller);
        silent = false;
        flush(poller);
        if (session.isPeerDone()) {
            drop(poller);
        }
    }

    private void act(PacketReader.Event event, PacketReader packets, Poller poller) throws ErrnoException {
        switch (event) {
            case NONE, GARBAGE -> {}
            case PACKET -> {
                writer.acknowledge(true);
                // At once: a peer that gets no acknowledgement in time sends its packet again.
                flush(poller);
                session.packet(packets.text());
            }
            case DAMAGED -> damaged();
            case TOO_LONG -> {
                writer.acknowledge(true);
                writer.reply("E02");
            }
            case REPEAT -> writer.repeat();
            case INTERRUPT -> session.interrupt();
        }
    }

    /** Sends everything, waiting for the peer to take it; the guest's end and {@link #close} end the wait. */
    private void flush(Poller poller) throws ErrnoException {
        StreamSocket to = peer;
        while (to != null && writer.pending() > 0 && !closed) {
            int sent = to.send(writer.bytes(), writer.position(), writer.pending());
            if (sent < 0) {
                drop(poller);
                return;
            }
            writer.sent(sent);
            if (sent == 0 && Poller.await(to.fd(), Poller.OUT, SEND_MILLIS) == 0) {
                say.accept("a gdb that takes no replies was sent away");
                drop(poller);
                return;
            }
        }
        if (to == null) {
            writer.reset();
        }
    }

    private void drop(Poller poller) {
        StreamSocket gone = peer;
        if (gone != null) {
            poller.remove(peerSlot);
            gone.close();
            peer = null;
            reader = null;
            writer.reset();
            session.peerWent();
        }
    }

    /**
     * Names where the stub listens.
     *
     * @return {@code 127.0.0.1:PORT} or a path
     */
    public String name() {
        return listener.name();
    }

    /** Ends the thread, having told the peer of the guest's end; a second call does nothing. */
    @Override
    public void close() {
        if (thread.isAlive()) {
            closed = true;
            signal();
            Waiting.join(thread);
        }
        StreamSocket left = peer;
        if (left != null) {
            left.close();
        }
        listener.close();
        wake.close();
    }
}
