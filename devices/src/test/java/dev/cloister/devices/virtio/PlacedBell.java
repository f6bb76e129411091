package dev.cloister.devices.virtio;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A host's bell that remembers where it was put. */
final class PlacedBell implements QueueBell {
    /**
     * Where the bell answers.
     *
     * @param gpa the address, or {@link QueueBell#NOWHERE}
     * @param value what is written there, of this queue
     */
    record Place(long gpa, int value) {}

    private final QueueBell inner = QueueBell.parking();
    private final String fault;
    private final List<Place> places = new CopyOnWriteArrayList<>();
    private volatile boolean closed;

    /** One that says at any place why it can't be rung there; "" if it can. */
    PlacedBell(String fault) {
        this.fault = fault;
    }

    /** Every place that it was put to, in order. */
    List<Place> places() {
        return places;
    }

    /** The address of the last of them. */
    long at() {
        return places.isEmpty() ? NOWHERE : places.getLast().gpa();
    }

    boolean isClosed() {
        return closed;
    }

    @Override
    public void ring() {
        inner.ring();
    }

    @Override
    public boolean take() {
        return inner.take();
    }

    @Override
    public void await() {
        inner.await();
    }

    @Override
    public String place(long gpa, int value) {
        places.add(new Place(gpa, value));
        return gpa == NOWHERE ? "" : fault;
    }

    @Override
    public void close() {
        closed = true;
        inner.close();
    }
}
