package dev.cloister.devices;

import java.util.function.IntPredicate;

/**
 * The times of day at which the alarm of a {@link RealTimeClock} goes off.
 *
 * @param hours one bit for each hour
 * @param minutes one bit for each minute
 * @param seconds one bit for each second
 */
record AlarmTime(long hours, long minutes, long seconds) {
    /** A second that never comes. */
    static final long NEVER = Long.MAX_VALUE;

    private static final int HOURS = 24;
    private static final int SIXTY = 60;
    private static final int HOUR = 3600;

    /** What three registers say, each asked which values it means. */
    static AlarmTime of(IntPredicate hours, IntPredicate minutes, IntPredicate seconds) {
        return new AlarmTime(bits(HOURS, hours), bits(SIXTY, minutes), bits(SIXTY, seconds));
    }

    private static long bits(int count, IntPredicate wanted) {
        long bits = 0;
        for (int i = 0; i < count; i++) {
            bits |= wanted.test(i) ? 1L << i : 0;
        }
        return bits;
    }

    /** The first second from this one on, counted from a midnight, at which it goes off, or {@link #NEVER}. */
    long next(long second) {
        if (hours == 0 || minutes == 0 || seconds == 0) {
            return NEVER;
        }
        long at = forward(second, HOUR, HOURS, hours);
        long inHour = forward(at, SIXTY, SIXTY, minutes);
        if (Math.floorDiv(inHour, HOUR) != Math.floorDiv(at, HOUR)) {
            inHour = forward(forward(Math.floorDiv(inHour, HOUR) * HOUR, HOUR, HOURS, hours), SIXTY, SIXTY, minutes);
        }
        long inMinute = forward(inHour, 1, SIXTY, seconds);
        return Math.floorDiv(inMinute, SIXTY) == Math.floorDiv(inHour, SIXTY)
                ? inMinute
                : next(Math.floorDiv(inMinute, SIXTY) * SIXTY);
    }

    /** To the first unit of time that is wanted: this second if its unit is, else the beginning of a later one. */
    private static long forward(long second, int unit, int count, long wanted) {
        long at = Math.floorDiv(second, unit);
        int first = Math.floorMod(at, count);
        // The units from this one on, then those before it.
        long turned = wanted >>> first | wanted << count - first;
        int steps = Long.numberOfTrailingZeros(turned);
        return steps == 0 ? second : (at + steps) * unit;
    }
}
