package dev.cloister.it.attack;

import java.util.ArrayList;
import java.util.List;

/** What a campaign has done so far. For one thread. */
final class Tally {
    private static final int TELL_EVERY = 10;

    private final int planned;
    private final long seed;
    private final long began = System.nanoTime();
    private final List<Long> recoveries = new ArrayList<>();
    private int daemons;
    private int vmms;
    private long acknowledged;
    private long records;
    private long bytes;
    private long allowed;

    Tally(int planned, long seed) {
        this.planned = planned;
        this.seed = seed;
    }

    /** Counts a kill. */
    void killed(boolean daemon) {
        if (daemon) {
            daemons++;
        } else {
            vmms++;
        }
    }

    /** Counts a recovery; tells now and then. */
    void recovered(long millis, int orders, long logRecords) {
        recoveries.add(millis);
        acknowledged += orders;
        records = logRecords;
        if (recoveries.size() % TELL_EVERY == 0) {
            System.out.println(this);
        }
    }

    /** Counts what passed a quota in one installation. */
    void passed(long received, long most) {
        bytes += received;
        allowed += most;
    }

    int kills() {
        return daemons + vmms;
    }

    @Override
    public String toString() {
        double seconds = (System.nanoTime() - began) / 1e9;
        List<Long> sorted = recoveries.stream().sorted().toList();
        return String.format(
                "campaign, seed %d: %d of %d kills (daemon %d, VMM %d) in %.0f s, %.2f/s; all live again after %d ms"
                    + " at the median, %d ms at most; %d orders acknowledged, %d records verified; %d bytes passed a"
                    + " quota that allowed %d",
                seed,
                kills(),
                planned,
                daemons,
                vmms,
                seconds,
                kills() / seconds,
                sorted.isEmpty() ? 0 : sorted.get(sorted.size() / 2),
                sorted.isEmpty() ? 0 : sorted.getLast(),
                acknowledged,
                records,
                bytes,
                allowed);
    }
}
