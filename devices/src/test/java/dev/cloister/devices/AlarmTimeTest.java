package dev.cloister.devices;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class AlarmTimeTest {
    private static final int DAY = 86_400;

    private static boolean matches(AlarmTime time, long second) {
        long ofDay = Math.floorMod(second, (long) DAY);
        return (time.hours() >>> ofDay / 3600 & time.minutes() >>> ofDay / 60 % 60 & time.seconds() >>> ofDay % 60 & 1)
                != 0;
    }

    private static long bits(SplittableRandom random, int count) {
        long all = (1L << count) - 1;
        return switch (random.nextInt(4)) {
            case 0 -> all;
            case 1 -> 1L << random.nextInt(count);
            case 2 -> LongStream.generate(random::nextLong).limit(3).reduce(all, (some, more) -> some & more);
            default -> 1L | 1L << count - 1;
        };
    }

    @Test
    void theNextTimeIsWhatASearchFinds() {
        long seed = 8;
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 2000; i++) {
            AlarmTime time = new AlarmTime(bits(random, 24), bits(random, 60), bits(random, 60));
            long from = random.nextLong(-3L * DAY, 3L * DAY);
            long expected = from;
            while (expected <= from + DAY && !matches(time, expected)) {
                expected++;
            }
            assertThat(time.next(from))
                    .as("seed %d, step %d: %s from %d", seed, i, time, from)
                    .isEqualTo(expected > from + DAY ? AlarmTime.NEVER : expected);
        }
    }
}
