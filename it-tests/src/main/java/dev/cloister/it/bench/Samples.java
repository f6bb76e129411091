package dev.cloister.it.bench;

import java.util.Arrays;
import java.util.Locale;

/** Figures of one contender over several rounds. Immutable. */
public final class Samples {
    private final double[] values;

    /**
     * Takes the figures over.
     *
     * @param values one for each round, at least one
     */
    public Samples(double[] values) {
        this.values = values.clone();
        Arrays.sort(this.values);
    }

    /**
     * The middle one.
     *
     * @return of an even number the mean of the middle two
     */
    public double median() {
        int middle = values.length / 2;
        return values.length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }

    /** The value that this part of all, 0 to 1, doesn't exceed. */
    double quantile(double part) {
        return values[(int) Math.min(values.length - 1L, (long) Math.ceil(part * values.length) - 1)];
    }

    /** Bounds between which the median lies with 95 % confidence, whatever the distribution: order statistics. */
    double[] interval() {
        double spread = 0.98 * Math.sqrt(values.length);
        int low = (int) Math.max(0, Math.floor(values.length / 2.0 - spread));
        int high = (int) Math.min(values.length - 1.0, Math.ceil(values.length / 2.0 + spread) - 1);
        return new double[] {values[low], values[high]};
    }

    /** How much slower one contender is than another, by the pairs of all rounds, in percent. */
    static String slowdown(String name, double[] of, double[] to) {
        double[] percent = new double[of.length];
        for (int i = 0; i < of.length; i++) {
            percent[i] = (of[i] / to[i] - 1) * 100;
        }
        Samples samples = new Samples(percent);
        double[] interval = samples.interval();
        return String.format(
                Locale.ROOT,
                "  %s: %+.2f %% (95 %% confidence: %+.2f to %+.2f, %d pairs)",
                name,
                samples.median(),
                interval[0],
                interval[1],
                of.length);
    }

    double min() {
        return values[0];
    }

    double max() {
        return values[values.length - 1];
    }

    /**
     * The median of the ratios of two contenders, round by round: drift of the machine cancels out.
     *
     * @param of dividends
     * @param to divisors, as many
     * @return the ratio
     */
    public static double ratio(double[] of, double[] to) {
        double[] ratios = new double[of.length];
        for (int i = 0; i < of.length; i++) {
            ratios[i] = of[i] / to[i];
        }
        return new Samples(ratios).median();
    }

    /**
     * A line under {@link #header}.
     *
     * @param name the contender
     * @param unit of the figures
     * @return smallest, median and largest
     */
    public String row(String name, String unit) {
        return String.format(Locale.ROOT, "  %-42s %10.1f %10.1f %10.1f  %s", name, min(), median(), max(), unit);
    }

    /** Median, 99th percentile and maximum. */
    String tail(String name, String unit) {
        return String.format(
                Locale.ROOT, "  %-46s %10.3f %10.3f %10.3f  %s", name, median(), quantile(0.99), max(), unit);
    }

    static String tailHeader(String title) {
        return String.format(Locale.ROOT, "%s%n  %-46s %10s %10s %10s", title, "", "p50", "p99", "max");
    }

    /**
     * Two lines above rows.
     *
     * @param title what is compared
     * @return the title and the names of the columns
     */
    public static String header(String title) {
        return String.format(Locale.ROOT, "%s%n  %-42s %10s %10s %10s", title, "", "min", "median", "max");
    }
}
