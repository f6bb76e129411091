package dev.cloister.vmm.engine.direct;

import dev.cloister.devices.virtio.QueueBell;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Poller;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A doorbell that KVM rings where the guest writes to it (KVM API 4.59, KVM_IOEVENTFD): the vCPU goes on at once, and the queue's thread
 * sleeps on the eventfd. Rings within this process go the same way.
 */
final class KvmBell implements QueueBell {
    /** What an engine's virtual machine does for a bell. */
    interface Host {
        /** Makes writes of a value to an address signal an eventfd, or of any for {@link QueueBell#ANY_VALUE}. */
        void bind(Fd event, long gpa, int value) throws ErrnoException;

        /** Undoes {@link #bind}. */
        void unbind(Fd event, long gpa, int value) throws ErrnoException;
    }

    private final Host host;
    private final EventFd event;
    private final Poller poller = new Poller();
    private final AtomicBoolean rung = new AtomicBoolean();
    private long placed = NOWHERE;
    private int placedValue = ANY_VALUE;
    private boolean closed;

    /** The eventfd is the bell's from here on. */
    KvmBell(Host host, EventFd event) {
        this.host = host;
        this.event = event;
        poller.add(event.fd(), Poller.IN);
    }

    @Override
    public void ring() {
        if (!rung.getAndSet(true)) {
            signal();
        }
    }

    /** Never to a descriptor of the same number that came later. */
    private synchronized void signal() {
        if (!closed) {
            event.ring();
        }
    }

    /** The counter first: who rings between the two signals once too often, where else one signal too few. */
    @Override
    public boolean take() {
        boolean signalled = event.take();
        return rung.getAndSet(false) || signalled;
    }

    @Override
    public void await() {
        try {
            poller.poll(-1);
        } catch (ErrnoException e) {
            throw new IllegalStateException("waiting for an eventfd of this very process", e);
        }
    }

    @Override
    public synchronized String place(long gpa, int value) {
        try {
            if (placed != NOWHERE) {
                host.unbind(event.fd(), placed, placedValue);
                placed = NOWHERE;
            }
            if (gpa != NOWHERE && !closed) {
                host.bind(event.fd(), gpa, value);
                placed = gpa;
                placedValue = value;
            }
            return "";
        } catch (ErrnoException e) {
            return String.valueOf(e.getMessage());
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        poller.close();
        event.close();
    }
}
