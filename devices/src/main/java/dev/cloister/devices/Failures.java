package dev.cloister.devices;

import java.util.ArrayList;
import java.util.List;

/** The failures that a bus has met, a bounded number of them, and who is told. */
final class Failures {
    private static final int KEPT = 16;

    private final DeviceFailureListener listener;
    private final List<DeviceFailure> kept = new ArrayList<>();

    Failures(DeviceFailureListener listener) {
        this.listener = listener;
    }

    void report(DeviceFailure failure) {
        synchronized (this) {
            if (kept.size() < KEPT) {
                kept.add(failure);
            }
        }
        listener.failed(failure);
    }

    synchronized List<DeviceFailure> kept() {
        return List.copyOf(kept);
    }
}
