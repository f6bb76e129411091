package dev.cloister.devices.virtio;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** What a device of tests calls that has no transport: keeps which queues it rang and what it noted. One thread. */
public final class TestHost implements DeviceHost {
    private final TreeSet<Integer> rung = new TreeSet<>();
    private final List<String> notes = new ArrayList<>();

    /** The queues that are to be served, which whoever serves them takes out. */
    public TreeSet<Integer> rung() {
        return rung;
    }

    /** What the device noted, in order. */
    public List<String> notes() {
        return notes;
    }

    @Override
    public void wake(int queue) {
        rung.add(queue);
    }

    @Override
    public void configChanged() {
        throw new AssertionError("nothing in the configuration changes");
    }

    @Override
    public void note(String text) {
        notes.add(text);
    }
}
