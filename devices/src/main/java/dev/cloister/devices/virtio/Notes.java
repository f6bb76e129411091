package dev.cloister.devices.virtio;

import java.util.ArrayList;
import java.util.List;

/** What a device said, however often the guest makes it say something: the first few, and how many more. Any thread. */
final class Notes {
    private static final int KEPT = 4;

    private final String name;
    private final List<String> kept = new ArrayList<>();
    private long more;

    Notes(String name) {
        this.name = name;
    }

    synchronized void add(String text) {
        if (kept.size() < KEPT) {
            kept.add(name + ": " + text);
        } else {
            more++;
        }
    }

    synchronized List<String> list() {
        List<String> result = new ArrayList<>(kept);
        if (more > 0) {
            result.add(name + ": " + more + " more of this kind");
        }
        return result;
    }
}
