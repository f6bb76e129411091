package dev.cloister.policy.daemon.host;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.protocol.DomainConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The disks that running domains use, each opened when the first of them starts and closed after the last has ended: whoever replaces
 * the file meanwhile changes nothing. Any thread.
 */
public final class HostDisks implements AutoCloseable {
    /** A disk with those who use it; its monitor is held while it is opened. */
    private static final class Slot {
        private volatile @Nullable HostDisk disk;
        private int uses;
    }

    private final Map<String, Slot> slots = new HashMap<>();
    private final KeptDisks kept;

    /**
     * None is open yet.
     *
     * @param kept those of an earlier daemon, and for the next one
     */
    HostDisks(KeptDisks kept) {
        this.kept = kept;
    }

    /** What one run of a domain uses. */
    public static final class Uses implements AutoCloseable {
        /** Of a domain without disks. */
        public static final Uses NONE = new Uses(Optional.empty(), List.of(), Set.of(), Set.of());

        private final Optional<HostDisks> owner;
        private final List<HostDisk> disks;
        private final Set<String> written;
        private final Set<String> shared;
        private boolean closed;

        private Uses(Optional<HostDisks> owner, List<HostDisk> disks, Set<String> written, Set<String> shared) {
            this.owner = owner;
            this.disks = List.copyOf(disks);
            this.written = Set.copyOf(written);
            this.shared = Set.copyOf(shared);
        }

        /** The disks in use. */
        public List<HostDisk> disks() {
            return disks;
        }

        /** Those that the guest finds as persistent memory. */
        public List<DomainConfig.PersistentRange> ranges() {
            return disks.stream()
                    .filter(HostDisk::isMemory)
                    .map(disk -> new DomainConfig.PersistentRange(
                            disk.name(), disk.bytes(), written.contains(disk.name()), shared.contains(disk.name())))
                    .toList();
        }

        /** Bytes of the largest disk that the domain may write; 0 if it writes none. */
        public long largestWritten() {
            return disks.stream()
                    .filter(disk -> written.contains(disk.name()))
                    .mapToLong(HostDisk::bytes)
                    .max()
                    .orElse(0);
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                owner.ifPresent(all -> disks.forEach(disk -> all.release(disk.name())));
            }
        }
    }

    /** Whether the policy joins a domain with a disk. */
    public static boolean has(Policy policy, Domain domain) {
        return policy.flowsOf(domain).stream().anyMatch(flow -> flow.kind() == FlowKind.DISK);
    }

    /** The disk at one end of a flow. */
    public static Optional<HostEndpoint> end(Flow flow) {
        if (flow.from() instanceof HostEndpoint host && host.object() instanceof HostObject.Disk) {
            return Optional.of(host);
        }
        return flow.to() instanceof HostEndpoint host && host.object() instanceof HostObject.Disk
                ? Optional.of(host)
                : Optional.empty();
    }

    /** What the disk at one end of a flow is on the host. */
    public static Optional<HostObject> object(Flow flow) {
        return end(flow).map(HostEndpoint::object);
    }

    /**
     * Takes the disks of a domain, opened, locked and measured; may take as long as reading them does.
     *
     * @param progress told how far that is
     * @throws IOException if one can't be had; then none is taken
     */
    public Uses acquire(Policy policy, Domain domain, Consumer<String> progress) throws IOException {
        Set<HostEndpoint> wanted = new LinkedHashSet<>();
        Set<String> written = new LinkedHashSet<>();
        Set<String> shared = new LinkedHashSet<>();
        for (Flow flow : policy.flowsOf(domain)) {
            Optional<HostEndpoint> end = end(flow);
            end.ifPresent(wanted::add);
            end.filter(host -> flow.to() == host).ifPresent(host -> written.add(host.name()));
            end.filter(host -> policy.flowsOf(host).stream()
                            .anyMatch(other -> other.to() == host && other.from() != domain))
                    .ifPresent(host -> shared.add(host.name()));
        }
        List<HostDisk> taken = new ArrayList<>();
        boolean done = false;
        try {
            for (HostEndpoint endpoint : wanted) {
                taken.add(acquire(policy, endpoint, progress));
            }
            done = true;
            return new Uses(Optional.of(this), taken, written, shared);
        } finally {
            if (!done) {
                taken.forEach(disk -> release(disk.name()));
            }
        }
    }

    private HostDisk acquire(Policy policy, HostEndpoint endpoint, Consumer<String> progress) throws IOException {
        Slot slot;
        synchronized (slots) {
            slot = slots.computeIfAbsent(endpoint.name(), _ -> new Slot());
            slot.uses++;
        }
        HostDisk got = null;
        try {
            synchronized (slot) {
                HostDisk there = slot.disk;
                if (there == null) {
                    there = HostDisk.open(
                            endpoint,
                            (HostObject.Disk) endpoint.object(),
                            written(policy, endpoint),
                            kept.take(endpoint),
                            progress);
                    slot.disk = there;
                    kept.put(there);
                }
                got = there;
            }
            return got;
        } finally {
            if (got == null) {
                release(endpoint.name());
            }
        }
    }

    private static boolean written(Policy policy, HostEndpoint endpoint) {
        return policy.flowsOf(endpoint).stream().anyMatch(flow -> flow.to() == endpoint);
    }

    private void release(String name) {
        HostDisk last = null;
        synchronized (slots) {
            Slot slot = slots.get(name);
            if (slot != null && --slot.uses == 0) {
                slots.remove(name);
                last = slot.disk;
            }
        }
        if (last != null) {
            last.close();
            kept.remove(name);
        }
    }

    /** The disk that a policy means by an endpoint; none if no running domain uses it, or they use another by that name. */
    public Optional<HostDisk> find(HostEndpoint endpoint) {
        synchronized (slots) {
            Slot slot = slots.get(endpoint.name());
            HostDisk there = slot == null ? null : slot.disk;
            if (there == null || !(endpoint.object() instanceof HostObject.Disk stated)) {
                return Optional.empty();
            }
            return Optional.of(there).filter(disk -> disk.is(stated));
        }
    }

    /** Lets go of what came back and nobody used. */
    @Override
    public void close() {
        kept.close();
    }
}
