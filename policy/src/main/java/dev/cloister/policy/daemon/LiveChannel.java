package dev.cloister.policy.daemon;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Memfd;
import dev.cloister.linux.Pipe;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import java.util.ArrayList;
import java.util.List;

/**
 * The kernel objects of one flow's channel, from the grant until both ends have been handed over: then the daemon closes its own,
 * so that the end of one VMM is the end of file for the other. Loop's thread only.
 */
final class LiveChannel {
    /** Where a channel stands. */
    enum State {
        PENDING("pending"),
        LIVE("live"),
        SEVERED("severed"),
        REFUSED("refused");

        private final String text;

        State(String text) {
            this.text = text;
        }

        String text() {
            return text;
        }
    }

    private final Flow flow;
    private final List<AutoCloseable> objects = new ArrayList<>();
    private final List<Fd> senderFds = new ArrayList<>();
    private final List<Fd> receiverFds = new ArrayList<>();
    private final Meter meter = new Meter();
    private State state = State.PENDING;
    private boolean senderAttached;

    LiveChannel(Flow flow) {
        this.flow = flow;
    }

    Flow flow() {
        return flow;
    }

    State state() {
        return state;
    }

    void state(State next) {
        state = next;
    }

    Meter meter() {
        return meter;
    }

    boolean senderAttached() {
        return senderAttached;
    }

    void setSenderAttached() {
        senderAttached = true;
    }

    /** Makes the objects; a failure leaves none behind. */
    void create() throws ErrnoException {
        try {
            switch (flow.kind()) {
                case MEMORY -> createMemory();
                case EVENT -> shared(event());
                case STREAM -> createStream();
                case CONSOLE -> {
                    // Its pipes belong to the VMM's process and came with its configuration.
                }
            }
        } catch (ErrnoException e) {
            release();
            throw e;
        }
    }

    private void createMemory() throws ErrnoException {
        Memfd memory = Memfd.create("cloister-" + flow.name(), flow.windowBytes());
        objects.add(memory);
        memory.addSeals(Memfd.SEAL_SHRINK | Memfd.SEAL_GROW);
        senderFds.add(memory.fd());
        Fd readOnly = memory.reopenReadOnly();
        objects.add(readOnly);
        receiverFds.add(readOnly);
        shared(event());
    }

    private void createStream() throws ErrnoException {
        Pipe pipe = Pipe.create();
        objects.add(pipe);
        senderFds.add(pipe.writeEnd());
        receiverFds.add(pipe.readEnd());
        shared(event());
    }

    private Fd event() throws ErrnoException {
        EventFd event = EventFd.create();
        objects.add(event);
        return event.fd();
    }

    private void shared(Fd fd) {
        senderFds.add(fd);
        receiverFds.add(fd);
    }

    /** The sending end's descriptors in the order of the attach message. */
    List<Fd> senderFds() {
        return List.copyOf(senderFds);
    }

    /** The receiving end's descriptors in the order of the attach message. */
    List<Fd> receiverFds() {
        return List.copyOf(receiverFds);
    }

    /**
     * The writer has its mapping: from now on nobody gets another writable one, not even by reopening the read-only descriptor
     * through {@code /proc}.
     */
    void sealAgainstNewWriters() throws ErrnoException {
        if (flow.kind() == FlowKind.MEMORY && objects.getFirst() instanceof Memfd memory) {
            memory.addSeals(Memfd.SEAL_FUTURE_WRITE | Memfd.SEAL_SEAL);
        }
    }

    /** Closes the daemon's descriptors; what was handed over lives on with its holder. */
    void release() {
        for (AutoCloseable object : objects) {
            try {
                object.close();
            } catch (Exception e) {
                throw new IllegalStateException("closing a descriptor never fails", e);
            }
        }
        objects.clear();
        senderFds.clear();
        receiverFds.clear();
    }
}
