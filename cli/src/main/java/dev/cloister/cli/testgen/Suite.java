package dev.cloister.cli.testgen;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A connectivity test: what is tried, what is expected, and how much of the policy that covers.
 *
 * @param policy the name of the policy under test
 * @param digest its digest
 * @param validUntil when a window of the calendar opens or closes and other expectations hold; empty: never
 * @param batches what runs at once, in the order of the policy's domains; the whole policy where there is one
 * @param checks every check
 * @param coverage how much is covered
 */
public record Suite(
        String policy,
        String digest,
        Optional<Instant> validUntil,
        List<Batch> batches,
        List<Check> checks,
        Coverage coverage) {
    /** Copies the lists. */
    public Suite {
        batches = List.copyOf(batches);
        checks = List.copyOf(checks);
    }

    /**
     * Domains that run at once.
     *
     * @param file the policy that starts them, in the suite's folder
     * @param domains their names
     */
    public record Batch(String file, List<String> domains) {
        /** Copies the list. */
        public Batch {
            domains = List.copyOf(domains);
        }
    }

    /**
     * How much is tested; ordered pairs of domains count, both ways.
     *
     * @param pairs all pairs
     * @param pairsTested those with at least one check
     * @param flows declared flows
     * @param flowsTested those that are really used
     * @param untested why the rest is not, in words; empty where nothing is left out
     */
    public record Coverage(int pairs, int pairsTested, int flows, int flowsTested, List<String> untested) {
        /** Copies the list. */
        public Coverage {
            untested = List.copyOf(untested);
        }

        /** Returns the coverage in a line. */
        public String text() {
            return "pairs tested " + pairsTested + " of " + pairs + ", flows used " + flowsTested + " of " + flows;
        }
    }
}
