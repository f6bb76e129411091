package dev.cloister.it.covert;

import java.util.Random;

/**
 * How much observations tell of symbols: mutual information in bits for each pair, from counts. Counting too few pairs makes it too
 * large; {@link #bits} takes off the expected excess (Miller and Madow), {@link #noise} tells what pairs without any connection look
 * like.
 */
final class Information {
    private Information() {}

    /**
     * Estimates it.
     *
     * @param symbols what was sent, each 0 or more
     * @param seen what was observed of each, each 0 or more
     * @return bits, corrected for bias, at least 0
     */
    static double bits(int[] symbols, int[] seen) {
        return Math.max(0, plain(symbols, seen) - bias(symbols, seen));
    }

    /** The largest of what shuffled observations seem to tell, over so many shuffles. */
    static double noise(int[] symbols, int[] seen, int shuffles, long seed) {
        Random random = new Random(seed);
        int[] mixed = seen.clone();
        double most = 0;
        for (int s = 0; s < shuffles; s++) {
            for (int i = mixed.length - 1; i > 0; i--) {
                int j = random.nextInt(i + 1);
                int kept = mixed[i];
                mixed[i] = mixed[j];
                mixed[j] = kept;
            }
            most = Math.max(most, bits(symbols, mixed));
        }
        return most;
    }

    private static double plain(int[] symbols, int[] seen) {
        double[][] joint = joint(symbols, seen);
        double total = symbols.length;
        double[] rows = new double[joint.length];
        double[] columns = new double[joint[0].length];
        for (int x = 0; x < rows.length; x++) {
            for (int y = 0; y < columns.length; y++) {
                rows[x] += joint[x][y];
                columns[y] += joint[x][y];
            }
        }
        double sum = 0;
        for (int x = 0; x < rows.length; x++) {
            for (int y = 0; y < columns.length; y++) {
                if (joint[x][y] > 0) {
                    sum += joint[x][y] / total * Math.log(joint[x][y] * total / (rows[x] * columns[y]));
                }
            }
        }
        return sum / Math.log(2);
    }

    private static double bias(int[] symbols, int[] seen) {
        return (distinct(symbols) - 1.0) * (distinct(seen) - 1.0) / (2 * symbols.length * Math.log(2));
    }

    private static long distinct(int[] values) {
        return java.util.Arrays.stream(values).distinct().count();
    }

    private static double[][] joint(int[] symbols, int[] seen) {
        if (symbols.length != seen.length || symbols.length == 0) {
            throw new IllegalArgumentException(
                    symbols.length + " symbols and " + seen.length + " observations: expected as many, not none");
        }
        double[][] joint = new double[highest(symbols) + 1][highest(seen) + 1];
        for (int i = 0; i < symbols.length; i++) {
            joint[symbols[i]][seen[i]]++;
        }
        return joint;
    }

    private static int highest(int[] values) {
        return java.util.Arrays.stream(values).max().orElseThrow();
    }
}
