package dev.cloister.it.bench;

import java.util.Arrays;
import java.util.Locale;

/** Figures of one contender over several rounds. */
final class Samples {
    private final double[] values;

    Samples(double[] values) {
        this.values = values.clone();
        Arrays.sort(this.values);
    }

    double median() {
        int middle = values.length / 2;
        return values.length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }

    /** The value that this part of all, 0 to 1, doesn't exceed. */
    double quantile(double part) {
        return values[(int) Math.min(values.length - 1L, (long) Math.ceil(part * values.length) - 1)];
    }

    double min() {
        return values[0];
    }

    double max() {
        return values[values.length - 1];
    }

    /** Returns the median of the ratios of two contenders, round by round: drift of the machine cancels out. */
    static double ratio(double[] of, double[] to) {
        double[] ratios = new double[of.length];
        for (int i = 0; i < of.length; i++) {
            ratios[i] = of[i] / to[i];
        }
        return new Samples(ratios).median();
    }

    String row(String name, String unit) {
        return String.format(Locale.ROOT, "  %-34s %10.1f %10.1f %10.1f  %s", name, min(), median(), max(), unit);
    }

    /** Median, 99th percentile and maximum. */
    String tail(String name, String unit) {
        return String.format(
                Locale.ROOT, "  %-46s %10.3f %10.3f %10.3f  %s", name, median(), quantile(0.99), max(), unit);
    }

    static String tailHeader(String title) {
        return String.format(Locale.ROOT, "%s%n  %-46s %10s %10s %10s", title, "", "p50", "p99", "max");
    }

    static String header(String title) {
        return String.format(Locale.ROOT, "%s%n  %-34s %10s %10s %10s", title, "", "min", "median", "max");
    }
}
