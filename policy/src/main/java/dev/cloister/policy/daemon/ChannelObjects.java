package dev.cloister.policy.daemon;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Memfd;
import dev.cloister.linux.Pipe;
import dev.cloister.policy.model.Flow;
import java.util.ArrayList;
import java.util.List;

/**
 * The kernel objects of one opening of a channel, from the grant until both ends have been handed over: then the daemon closes its
 * own, so that the end of one VMM is the end of file for the other. Loop's thread only.
 */
final class ChannelObjects implements AutoCloseable {
    private final Flow flow;
    private final List<AutoCloseable> objects = new ArrayList<>();
    private final List<Fd> senderFds = new ArrayList<>();
    private final List<Fd> receiverFds = new ArrayList<>();

    private ChannelObjects(Flow flow) {
        this.flow = flow;
    }

    /** Makes the objects; a failure leaves none behind. */
    static ChannelObjects create(Flow flow) throws ErrnoException {
        ChannelObjects made = new ChannelObjects(flow);
        try {
            made.fill();
        } catch (ErrnoException e) {
            made.close();
            throw e;
        }
        return made;
    }

    private void fill() throws ErrnoException {
        switch (flow.kind()) {
            case MEMORY -> memory();
            case EVENT -> shared(event());
            case STREAM -> stream();
            case CONSOLE, DATAGRAM, WIRE, DISK, LOG ->
                throw new IllegalArgumentException("kind " + flow.kind() + " has no objects of its own");
        }
    }

    private void memory() throws ErrnoException {
        Memfd memory = Memfd.create("cloister-" + flow.name(), flow.windowBytes());
        objects.add(memory);
        memory.addSeals(Memfd.SEAL_SHRINK | Memfd.SEAL_GROW);
        senderFds.add(memory.fd());
        Fd readOnly = memory.reopenReadOnly();
        objects.add(readOnly);
        receiverFds.add(readOnly);
        shared(event());
    }

    private void stream() throws ErrnoException {
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
        if (!objects.isEmpty() && objects.getFirst() instanceof Memfd memory) {
            memory.addSeals(Memfd.SEAL_FUTURE_WRITE | Memfd.SEAL_SEAL);
        }
    }

    @Override
    public void close() {
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
