package dev.cloister.vmm.virtio;

import dev.cloister.devices.virtio.balloon.BalloonDevice;
import dev.cloister.devices.virtio.balloon.BalloonStat;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/** The operator's side of a guest's balloon. Any thread. */
public final class Balloon {
    private final BalloonDevice device;
    private final long most;
    private final AtomicReference<Consumer<BalloonReport>> asking = new AtomicReference<>(Balloon::drop);

    Balloon(HostPages pages) {
        most = pages.bytes();
        device = new BalloonDevice(pages, most, this::told);
    }

    /** What the guest sees. */
    BalloonDevice device() {
        return device;
    }

    /**
     * Asks the guest to give this much of its memory back in all; less than before lets it have the rest again. It follows over time, or
     * not at all if it has no driver.
     *
     * @param bytes how much
     * @throws IllegalArgumentException if that is negative or more than its memory
     */
    public void setTarget(long bytes) {
        device.setTarget(bytes);
    }

    /**
     * The most that can be asked for.
     *
     * @return bytes: the guest's RAM
     */
    public long most() {
        return most;
    }

    /**
     * What the driver says it has given back.
     *
     * @return bytes; the guest may say anything
     */
    public long actual() {
        return device.actual();
    }

    /**
     * Tells how things are, with what the guest says of its memory if it answers.
     *
     * @param answer receives the report: at once if the guest tells nothing, else on a thread of the device when it has answered; who asks
     *     again before that takes the place of the former
     */
    public void describe(Consumer<BalloonReport> answer) {
        asking.set(answer);
        if (!device.askForStatistics()) {
            told(Map.of());
        }
    }

    private void told(Map<BalloonStat, Long> values) {
        asking.getAndSet(Balloon::drop).accept(report(values));
    }

    /**
     * How it is now, without asking the guest.
     *
     * @return a report
     */
    public BalloonReport report() {
        return report(Map.of());
    }

    private BalloonReport report(Map<BalloonStat, Long> guest) {
        return new BalloonReport(device.target(), device.actual(), device.returned(), guest);
    }

    private static void drop(BalloonReport report) {
        // Nobody has asked.
    }
}
