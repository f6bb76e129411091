package dev.cloister.devices.virtio;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where the doorbells of a device's queues are in the guest: known to the bells while the transport's range is in force and the driver is
 * ready. One behind the other, {@code step} bytes apart, whatever is written there; or all in one place, told apart by the queue's number
 * that is written. Any thread; calls nobody but the bells.
 */
final class BellPlaces {
    /** The step of bells that are all in one place. */
    static final int BY_VALUE = 0;

    private final List<QueueBell> bells;
    private final int step;
    private final long[] placed;
    private long first = QueueBell.NOWHERE;
    private long rung;

    /** Nowhere at first. */
    BellPlaces(List<QueueBell> bells, int step) {
        this.bells = List.copyOf(bells);
        this.step = step;
        this.placed = new long[bells.size()];
        Arrays.fill(placed, QueueBell.NOWHERE);
    }

    /** The first queue's doorbell is elsewhere, or {@link QueueBell#NOWHERE}; returns what the host could not do. */
    synchronized List<String> moved(long gpa) {
        first = gpa;
        return update();
    }

    /** The driver rings these queues, one bit for each; returns what the host could not do. */
    synchronized List<String> use(long queues) {
        rung = queues;
        return update();
    }

    private List<String> update() {
        List<String> faults = new ArrayList<>();
        for (int i = 0; i < placed.length; i++) {
            boolean used = first != QueueBell.NOWHERE && (rung >>> i & 1) != 0;
            long next = used ? first + (long) step * i : QueueBell.NOWHERE;
            if (next != placed[i]) {
                placed[i] = next;
                String fault = bells.get(i).place(next, step == BY_VALUE ? i : QueueBell.ANY_VALUE);
                if (!fault.isEmpty()) {
                    faults.add("notifications of queue " + i + " take the long way: " + fault);
                }
            }
        }
        return faults;
    }
}
