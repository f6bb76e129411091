package dev.cloister.policy.model;

import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * A guest with its identity, label and resources.
 *
 * @param index dense number, also the index into {@link Policy#domains()}
 * @param id identity
 * @param name its name, a label only; at most 31 characters
 * @param label security label
 * @param type index of its type, or {@link Endpoint#NO_TYPE}
 * @param tags its tags, without {@code #}
 * @param image what it boots
 * @param memory guest memory
 * @param cpus virtual CPUs
 * @param cgroup limits of its VMM process, where the policy states some
 * @param engine what executes it
 * @param cid context id of its socket device, 3 to {@link #MAX_CID}; 0 where it has none
 * @param virtio where the guest finds its virtio devices
 * @param cpuid the processor that it is shown, where the policy says
 * @param lifecycle when it starts and what follows its end
 * @param description the author's words, may be empty
 * @param position where the policy declares it
 */
public record Domain(
        int index,
        UUID id,
        String name,
        Label label,
        int type,
        Set<String> tags,
        Image image,
        Memory memory,
        Cpus cpus,
        Optional<Cgroup> cgroup,
        Engine engine,
        long cid,
        VirtioBus virtio,
        Optional<CpuidModel> cpuid,
        Lifecycle lifecycle,
        String description,
        SourcePosition position)
        implements Endpoint {
    /** The lowest context id of AF_VSOCK that a guest can have: those below are the host's and reserved. */
    public static final long MIN_CID = 3;

    /** The highest context id: the one above it stands for any. */
    public static final long MAX_CID = 0xffff_fffeL;

    /** The most virtual CPUs of a domain. */
    public static final int MAX_CPUS = 64;

    /** The least memory of a domain, in bytes: real-mode images and tables need the first MiB. */
    public static final long MIN_MEMORY = 1L << 20;

    /** The most memory of a domain, in bytes. */
    public static final long MAX_MEMORY = 1L << 40;

    /** Copies the set. */
    public Domain {
        tags = Set.copyOf(tags);
    }
}
