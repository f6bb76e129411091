package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Domain;
import java.util.Locale;

/**
 * What can be said of one domain: whether information may reach it, or leave it, against the labels and past every guard.
 *
 * @param domain the domain
 * @param verdict the verdict
 * @param leaks whether information of it may leave against the labels
 * @param receives whether information may reach it against the labels
 * @param because which ways make it so; empty for {@link Verdict#SAFE}
 */
public record DomainVerdict(Domain domain, Verdict verdict, boolean leaks, boolean receives, String because) {
    /** The verdicts, best first. */
    public enum Verdict {
        /** No way against the labels, whatever is counted. */
        SAFE,
        /** Only ways that are bounded by a budget, accepted, or shared hardware. */
        AMBIGUOUS,
        /** A way that nothing bounds and nobody accepts. */
        UNSAFE;

        /** Returns the name in lower case, as printed. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
