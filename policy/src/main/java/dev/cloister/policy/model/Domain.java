package dev.cloister.policy.model;

import java.util.UUID;

/**
 * A guest with its identity, label and resources.
 *
 * @param index dense number, also the index into {@link Policy#domains()}
 * @param id identity
 * @param name its name, a label only; at most 31 characters
 * @param label security label
 * @param image what it boots
 * @param memoryBytes guest memory in bytes, a multiple of 4096
 * @param cpus virtual CPUs, 1 to {@link #MAX_CPUS}
 * @param engine what executes it
 * @param description the author's words, may be empty
 * @param position where the policy declares it
 */
public record Domain(
        int index,
        UUID id,
        String name,
        Label label,
        Image image,
        long memoryBytes,
        int cpus,
        Engine engine,
        String description,
        SourcePosition position)
        implements Endpoint {
    /** The most virtual CPUs of a domain. */
    public static final int MAX_CPUS = 64;

    /** The least memory of a domain, in bytes: real-mode images and tables need the first MiB. */
    public static final long MIN_MEMORY = 1L << 20;

    /** The most memory of a domain, in bytes. */
    public static final long MAX_MEMORY = 1L << 40;
}
