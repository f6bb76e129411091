package dev.cloister.policy.fuzz;

/**
 * Something that is fed with hostile bytes. A finding is anything that it throws: what is declared to be thrown it catches, and
 * what must hold afterwards it asserts.
 */
@FunctionalInterface
interface FuzzTarget {
    /** A first byte that no JSON text has: the rest are decisions of {@link StructuredInput}. */
    byte STRUCTURED = 1;

    /** Runs the target once. Deterministic: the same bytes, the same result. */
    void run(byte[] data) throws Exception;
}
