package dev.cloister.vmm.virtio;

import dev.cloister.devices.virtio.balloon.BalloonStat;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * How a guest's balloon is.
 *
 * @param wanted bytes that the guest is asked to give back
 * @param actual bytes that it says it has given back; it may say anything
 * @param returned bytes of pages that went back to the host so far, the same page counted each time
 * @param guest what the guest says of its memory; empty if it says nothing
 */
public record BalloonReport(long wanted, long actual, long returned, Map<BalloonStat, Long> guest) {
    private static final double MEBIBYTE = 1 << 20;

    /**
     * Copies the map.
     *
     * @param wanted bytes that the guest is asked to give back
     * @param actual bytes that it says it has given back
     * @param returned bytes of pages that went back to the host
     * @param guest what the guest says of its memory
     */
    public BalloonReport {
        guest = Map.copyOf(guest);
    }

    /**
     * The report for people.
     *
     * @return one line
     */
    public String text() {
        String said = guest.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(value -> value.getKey().label() + " " + value.getValue())
                .collect(Collectors.joining(", "));
        return String.format(
                        Locale.ROOT,
                        "balloon: %.1f MiB asked for, %.1f MiB in it, %.1f MiB of pages given back so far",
                        wanted / MEBIBYTE,
                        actual / MEBIBYTE,
                        returned / MEBIBYTE)
                + (said.isEmpty() ? "" : "; the guest says: " + said);
    }
}
