package dev.cloister.policy.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Moments tell nothing but in which tick they were. */
class TicksTest {
    private static final long SECOND = 1_000_000_000L;

    /** Lets units come at moments, looks at the clock whenever one is due; returns the moments at which they passed. */
    private static List<Long> passed(long perSecond, long origin, long[] moments) {
        Ticks ticks = new Ticks(perSecond, origin);
        List<Long> passed = new ArrayList<>();
        long waiting = 0;
        int at = 0;
        while (at < moments.length || waiting > 0) {
            boolean comes = at < moments.length && (waiting == 0 || moments[at] < ticks.next());
            long now = comes ? moments[at] : ticks.next();
            if (comes) {
                if (waiting == 0) {
                    ticks.arrive(now);
                }
                waiting++;
                at++;
            }
            long units = ticks.take(waiting, now);
            assertThat(units).isBetween(0L, 1L);
            waiting -= units;
            if (units > 0) {
                passed.add(now);
            }
        }
        return passed;
    }

    @Test
    void unitsOfTheSameTickPassAtTheSameMomentWhereverInItTheyCame() {
        for (long seed = 0; seed < 500; seed++) {
            Random random = new Random(seed);
            long perSecond = 1 + random.nextInt(1000);
            long period = (SECOND + perSecond - 1) / perSecond;
            long origin = random.nextLong(1L << 50);
            int count = 1 + random.nextInt(40);
            long[] early = new long[count];
            long[] late = new long[count];
            for (int i = 0; i < count; i++) {
                long tick = random.nextInt(60);
                early[i] = origin + tick * period + random.nextLong(period);
                late[i] = origin + tick * period + random.nextLong(period);
            }
            Arrays.sort(early);
            Arrays.sort(late);
            List<Long> first = passed(perSecond, origin, early);
            assertThat(first).as("seed " + seed).isEqualTo(passed(perSecond, origin, late));
            assertThat(first).as("seed " + seed).hasSize(count).doesNotHaveDuplicates();
            assertThat(first).as("seed " + seed).allMatch(moment -> (moment - origin) % period == 0);
        }
    }

    @Test
    void whoLooksLateMayPassOneForEachTickThatHasGoneByAndNoMore() {
        Ticks ticks = new Ticks(100, 0);
        ticks.arrive(3_000_000);
        assertThat(ticks.take(50, 9_999_999)).isZero();
        assertThat(ticks.take(50, 45_000_000)).isEqualTo(4);
        assertThat(ticks.take(46, 45_000_000)).isZero();
        assertThat(ticks.next()).isEqualTo(50_000_000);
    }

    @Test
    void idleTicksAreNotSaved() {
        Ticks ticks = new Ticks(100, 0);
        ticks.arrive(SECOND + 1);
        assertThat(ticks.take(9, SECOND + 1)).isZero();
        assertThat(ticks.take(9, SECOND + 10_000_000)).isEqualTo(1);
    }

    @Test
    void aPeriodIsRoundedUp() {
        Ticks ticks = new Ticks(3, 0);
        ticks.arrive(0);
        assertThat(ticks.next()).isEqualTo(333_333_334);
    }
}
