package dev.cloister.policy.daemon;

import dev.cloister.policy.model.Cgroup;
import dev.cloister.policy.model.CpuidModel;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.ImageFile;
import dev.cloister.policy.model.Policy;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Compares what two policies say of one domain. */
final class DomainChange {
    private DomainChange() {}

    /** Whether both state the same image. */
    static boolean sameImage(Domain before, Domain after) {
        return digests(before).equals(digests(after))
                && before.image().cmdline().equals(after.image().cmdline());
    }

    private static List<Optional<String>> digests(Domain domain) {
        return List.of(
                domain.image().kernel().map(ImageFile::sha256),
                domain.image().firmware().map(ImageFile::sha256),
                domain.image().initrd().map(ImageFile::sha256));
    }

    /** What differs so that a run of the domain can't go on, in words; empty where it can. */
    static String restarts(Policy old, Domain before, Policy now, Domain after) {
        List<String> differs = new ArrayList<>();
        add(differs, "name", before.name(), after.name());
        add(
                differs,
                "label",
                old.lattice().format(before.label()),
                now.lattice().format(after.label()));
        add(differs, "type", type(old, before), type(now, after));
        add(differs, "image", sameImage(before, after), true);
        add(differs, "memory", before.memory(), after.memory());
        add(differs, "cpus", before.cpus(), after.cpus());
        add(
                differs,
                "cgroup",
                before.cgroup().map(DomainChange::limits),
                after.cgroup().map(DomainChange::limits));
        add(differs, "engine", before.engine(), after.engine());
        add(differs, "virtio", before.virtio(), after.virtio());
        add(differs, "vsock", before.cid(), after.cid());
        add(
                differs,
                "cpuid",
                before.cpuid().map(CpuidModel::text),
                after.cpuid().map(CpuidModel::text));
        return String.join(", ", differs);
    }

    private static void add(List<String> differs, String what, Object before, Object after) {
        if (!before.equals(after)) {
            differs.add(what);
        }
    }

    private static String type(Policy policy, Endpoint endpoint) {
        return endpoint.type() == Endpoint.NO_TYPE ? "" : policy.types().types().get(endpoint.type());
    }

    private static String limits(Cgroup cgroup) {
        return cgroup.memoryMax() + " " + cgroup.cpuMaxPercent() + " " + cgroup.pidsMax() + " " + cgroup.ioWeight();
    }
}
