package dev.cloister.policy.language;

import java.util.Collection;

/** Finds the name that a misspelt one was probably meant to be. */
final class Suggest {
    private static final int LONGEST = 64;

    private Suggest() {}

    /** Returns {@code did you mean "x"?} for the nearest candidate within a third of the length, or nothing. */
    static String nearest(String name, Collection<String> candidates) {
        String best = "";
        int bestDistance = Math.max(2, name.length() / 3) + 1;
        if (name.length() <= LONGEST) {
            for (String candidate : candidates) {
                int distance = distance(lower(name), lower(candidate), bestDistance);
                if (distance < bestDistance) {
                    best = candidate;
                    bestDistance = distance;
                }
            }
        }
        return best.isEmpty() ? "" : "did you mean \"" + best + "\"?";
    }

    private static String lower(String text) {
        return text.toLowerCase(java.util.Locale.ROOT);
    }

    /** Optimal string alignment distance (insert, delete, replace, swap neighbours), or the bound when it is no less. */
    static int distance(String a, String b, int bound) {
        if (Math.abs(a.length() - b.length()) >= bound) {
            return bound;
        }
        int[] before = new int[b.length() + 1];
        int[] previous = new int[b.length() + 1];
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        int previousLeast = 0;
        for (int i = 1; i <= a.length(); i++) {
            row[0] = i;
            int least = i;
            for (int j = 1; j <= b.length(); j++) {
                int cost = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                int value = Math.min(Math.min(row[j - 1], previous[j]) + 1, previous[j - 1] + cost);
                row[j] = swapped(a, b, i, j) ? Math.min(value, before[j - 2] + 1) : value;
                least = Math.min(least, row[j]);
            }
            // What follows is never less than what two rows hold.
            if (Math.min(least, previousLeast) >= bound) {
                return bound;
            }
            previousLeast = least;
            int[] free = before;
            before = previous;
            previous = row;
            row = free;
        }
        return Math.min(bound, previous[b.length()]);
    }

    private static boolean swapped(String a, String b, int i, int j) {
        return i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
    }
}
