package dev.cloister.devices.virtio.console;

import dev.cloister.devices.ByteFifo;
import dev.cloister.devices.InputLine;
import dev.cloister.devices.virtio.Chain;
import dev.cloister.devices.virtio.VirtQueue;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * One port of a console device, from the host's side: a line with a bounded queue towards the guest, a sink for what the guest says, and
 * whether anybody is at the host's end. What waits for a guest that has not opened the port stays; a guest that says more than the sink
 * takes has its buffers back later.
 *
 * <p>Any thread; the lock is the input queue.
 */
public final class ConsolePort implements InputLine {
    /** How many input bytes wait at most. */
    public static final int INPUT_BYTES = 16 << 10;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final int CHUNK = 4096;

    /** Where what the guest says goes. */
    @FunctionalInterface
    public interface Sink {
        /**
         * Takes bytes without waiting.
         *
         * @param bytes the bytes
         * @param offset the first
         * @param length how many
         * @return how many were taken; after fewer than all, {@link #outputSpace} follows when more would be
         */
        int offer(byte[] bytes, int offset, int length);
    }

    private final String name;
    private final Sink sink;
    private final ByteFifo input = new ByteFifo(INPUT_BYTES);
    private Runnable onSpace = () -> {};
    private Wires wires = Wires.NONE;
    // Each of the queues' own threads.
    private final Chain incoming = new Chain();
    private final byte[] incomingBytes = new byte[CHUNK];
    private final Chain outgoing = new Chain();
    private final byte[] outgoingBytes = new byte[CHUNK];
    private boolean outgoingHeld;
    private long outgoingDone;
    // Under the lock of the input.
    private boolean connected;
    private boolean opened;

    /** What a port asks of its device. */
    interface Wires {
        Wires NONE = new Wires() {
            @Override
            public void serveInput() {
                // The driver isn't ready: it will look.
            }

            @Override
            public void serveOutput() {
                // As above.
            }

            @Override
            public void connectionChanged(boolean there) {
                // As above.
            }
        };

        /** There is input. */
        void serveInput();

        /** There is room for output. */
        void serveOutput();

        /** The host's end was connected or has gone. */
        void connectionChanged(boolean there);
    }

    /**
     * A port with nobody at the host's end.
     *
     * @param name what the guest finds it by: up to 64 letters, digits, dots, dashes and underscores, not beginning with a dot or dash
     * @param sink where what the guest says goes
     * @throws IllegalArgumentException for another name
     */
    public ConsolePort(String name, Sink sink) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("port name \"" + name
                    + "\": expected up to 64 letters, digits, dots, dashes and underscores, the first a letter"
                    + " or digit");
        }
        this.name = name;
        this.sink = Objects.requireNonNull(sink);
    }

    /**
     * What the guest finds it by.
     *
     * @return its name
     */
    public String name() {
        return name;
    }

    void bind(Wires device) {
        wires = device;
    }

    @Override
    public int offerInput(byte[] source, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, source.length);
        int taken;
        synchronized (input) {
            taken = Math.min(length, input.space());
            for (int i = 0; i < taken; i++) {
                input.add(source[offset + i]);
            }
        }
        if (taken > 0) {
            wires.serveInput();
        }
        return taken;
    }

    @Override
    public int inputSpace() {
        synchronized (input) {
            return input.space();
        }
    }

    @Override
    public void onInputSpace(Runnable listener) {
        synchronized (input) {
            onSpace = Objects.requireNonNull(listener);
        }
    }

    /** The sink takes more again. */
    public void outputSpace() {
        wires.serveOutput();
    }

    /**
     * Tells whether somebody is at the host's end; the guest is told.
     *
     * @param there whether somebody is
     */
    public void setConnected(boolean there) {
        wires.connectionChanged(there);
    }

    /** Gives the guest what waits for it; the receive queue's thread. */
    void receive(VirtQueue queue) {
        while (isReadable() && queue.pop(incoming)) {
            long room = incoming.writableBytes();
            long done = 0;
            int count = take(room);
            while (count > 0) {
                incoming.write(done, incomingBytes, 0, count);
                done += count;
                count = take(room - done);
            }
            queue.push(incoming, done);
        }
    }

    private boolean isReadable() {
        synchronized (input) {
            return opened && !input.isEmpty();
        }
    }

    private int take(long most) {
        synchronized (input) {
            boolean wasFull = input.space() == 0;
            int count = input.take(incomingBytes, (int) Math.min(most, CHUNK));
            if (wasFull && count > 0) {
                onSpace.run();
            }
            return count;
        }
    }

    /** Takes what the guest says; the transmit queue's thread. */
    void transmit(VirtQueue queue) {
        while (!queue.isStopped() && (outgoingHeld || queue.pop(outgoing))) {
            if (!outgoingHeld) {
                outgoingHeld = true;
                outgoingDone = 0;
            }
            if (!drain(queue)) {
                return;
            }
            outgoingHeld = false;
            queue.push(outgoing, 0);
        }
    }

    /** Passes the held request on; false where the sink takes no more now. */
    private boolean drain(VirtQueue queue) {
        while (outgoingDone < outgoing.readableBytes() && !queue.isStopped()) {
            int count = (int) Math.min(CHUNK, outgoing.readableBytes() - outgoingDone);
            outgoing.read(outgoingDone, outgoingBytes, 0, count);
            int taken = sink.offer(outgoingBytes, 0, count);
            outgoingDone += taken;
            if (taken < count) {
                return false;
            }
        }
        return !queue.isStopped();
    }

    /** A byte past all queues (virtio 1.2, 5.3.5, emerg_wr). */
    void emergency(byte value) {
        sink.offer(new byte[] {value}, 0, 1);
    }

    /** No queue is served: what the driver had set is forgotten, what waits for the guest stays. */
    void reset() {
        outgoingHeld = false;
        setOpened(false);
    }

    void setOpened(boolean now) {
        synchronized (input) {
            opened = now;
        }
    }

    boolean isConnected() {
        synchronized (input) {
            return connected;
        }
    }

    void keepConnected(boolean there) {
        synchronized (input) {
            connected = there;
        }
    }
}
