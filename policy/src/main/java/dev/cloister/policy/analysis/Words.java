package dev.cloister.policy.analysis;

import java.util.List;
import java.util.Locale;

/** Words for findings: lists, amounts and spans of time as people read them. */
final class Words {
    private static final int SHOWN = 5;
    private static final long SECOND = 1_000_000_000L;

    private Words() {}

    /** Returns {@code a, b and c}; of long lists the first few and how many more. */
    static String list(List<String> words) {
        if (words.size() > SHOWN) {
            return String.join(", ", words.subList(0, SHOWN)) + " and " + (words.size() - SHOWN) + " more";
        }
        return switch (words.size()) {
            case 0 -> "nothing";
            case 1 -> words.getFirst();
            default -> String.join(", ", words.subList(0, words.size() - 1)) + " and " + words.getLast();
        };
    }

    /** Returns {@code 1 domain}, {@code 3 domains}. */
    static String count(long count, String noun) {
        return count + " " + noun + (count == 1 ? "" : "s");
    }

    /** Returns a number of bytes such as {@code 16 MiB}, {@code 1.5 GiB} or {@code 100 bytes}. */
    static String bytes(long bytes) {
        if (bytes < 1 << 10) {
            return bytes + " bytes";
        }
        String[] units = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
        int unit = (63 - Long.numberOfLeadingZeros(bytes)) / 10 - 1;
        double value = bytes / Math.scalb(1.0, 10 * (unit + 1));
        String number =
                value == Math.rint(value) ? Long.toString((long) value) : String.format(Locale.ROOT, "%.1f", value);
        return number + " " + units[unit];
    }

    /** Returns a span such as {@code 10 ms}, {@code 1.5 s} or {@code 250 us}. */
    static String span(long nanos) {
        long[] sizes = {SECOND, 1_000_000, 1_000, 1};
        String[] units = {"s", "ms", "us", "ns"};
        int unit = 0;
        while (unit < sizes.length - 1 && nanos < sizes[unit]) {
            unit++;
        }
        double value = (double) nanos / sizes[unit];
        String number =
                value == Math.rint(value) ? Long.toString((long) value) : String.format(Locale.ROOT, "%.3f", value);
        return number + " " + units[unit];
    }
}
