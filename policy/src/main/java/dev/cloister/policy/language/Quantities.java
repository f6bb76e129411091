package dev.cloister.policy.language;

import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes and durations as the language writes them. What is larger than a {@code long} counts as {@link Long#MAX_VALUE}. */
final class Quantities {
    /** The form of a size in words. */
    static final String SIZE_WORDS = "a size such as 65536, \"64K\", \"16M\" or \"2G\"";

    /** The form of a duration in words. */
    static final String DURATION_WORDS = "a duration such as \"10ms\", \"1s\", \"10m\", \"1h\" or \"1d\"";

    private static final Pattern SIZE = Pattern.compile("([1-9][0-9]{0,11})([KMGT]?)");
    private static final Pattern DURATION = Pattern.compile("(0|[1-9][0-9]{0,8})(ms|s|m|h|d)");
    private static final int BITS_PER_PREFIX = 10;
    private static final Map<String, TimeUnit> UNITS = Map.of(
            "ms", TimeUnit.MILLISECONDS,
            "s", TimeUnit.SECONDS,
            "m", TimeUnit.MINUTES,
            "h", TimeUnit.HOURS,
            "d", TimeUnit.DAYS);

    private Quantities() {}

    /** Returns the bytes that a text such as {@code 64K} stands for; nothing if it is no size. */
    static OptionalLong bytes(String text) {
        Matcher matcher = SIZE.matcher(text);
        if (!matcher.matches()) {
            return OptionalLong.empty();
        }
        long digits = Long.parseLong(matcher.group(1));
        String prefix = matcher.group(2);
        int shift = prefix.isEmpty() ? 0 : ("KMGT".indexOf(prefix) + 1) * BITS_PER_PREFIX;
        return OptionalLong.of(digits > Long.MAX_VALUE >> shift ? Long.MAX_VALUE : digits << shift);
    }

    /** Returns the nanoseconds that a text such as {@code 10ms} stands for; nothing if it is no duration. */
    static OptionalLong nanos(String text) {
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            return OptionalLong.empty();
        }
        TimeUnit unit = UNITS.getOrDefault(matcher.group(2), TimeUnit.DAYS);
        return OptionalLong.of(unit.toNanos(Long.parseLong(matcher.group(1))));
    }

    /** Returns nanoseconds as the language writes them, in the largest unit that divides them. */
    static String duration(long nanos) {
        for (String unit : new String[] {"d", "h", "m", "s", "ms"}) {
            long one = UNITS.getOrDefault(unit, TimeUnit.DAYS).toNanos(1);
            if (nanos % one == 0) {
                return nanos / one + unit;
            }
        }
        return nanos + " ns";
    }
}
