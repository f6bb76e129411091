package dev.cloister.devices.virtio;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/** A bell within this process: its thread is parked. */
final class ParkingBell implements QueueBell {
    private final AtomicBoolean rung = new AtomicBoolean();
    private volatile Thread waiter;

    @Override
    public void ring() {
        if (!rung.getAndSet(true)) {
            LockSupport.unpark(waiter);
        }
    }

    @Override
    public boolean take() {
        return rung.getAndSet(false);
    }

    @Override
    public void await() {
        // Known before the look: a ring that comes later finds it.
        waiter = Thread.currentThread();
        if (!rung.get()) {
            LockSupport.park(this);
        }
    }

    @Override
    public String place(long gpa, int value) {
        return "";
    }

    @Override
    public void close() {
        // Holds nothing.
    }
}
