package dev.cloister.policy.language;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Guard;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.Quota;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads the guards. */
final class GuardReader {
    private static final Set<String> FIELDS = Set.of("domain", "from", "to", "obligation", "quota", "sanitizes");

    private final LatticeReader lattice;
    private final Endpoints endpoints;
    private final ConflictReader conflicts;
    private final Set<String> seen = new HashSet<>();

    GuardReader(LatticeReader lattice, Endpoints endpoints, ConflictReader conflicts) {
        this.lattice = lattice;
        this.endpoints = endpoints;
        this.conflicts = conflicts;
    }

    /** Reads the policy's guards. */
    List<Guard> read(Fields policy) {
        List<Guard> guards = new ArrayList<>();
        for (Json item : policy.items("guards", false, DomainReader.MAX_DOMAINS)) {
            guard(policy.open(item, "a guard", FIELDS)).ifPresent(guards::add);
        }
        return guards;
    }

    private Optional<Guard> guard(Fields fields) {
        Optional<Domain> domain = endpoints.requiredDomain(fields, "domain");
        Label from = lattice.label(fields, "from", "\"from\" of a guard");
        Label to = lattice.label(fields, "to", "\"to\" of a guard");
        String obligation = fields.text("obligation", TextForm.STATED);
        Optional<Quota> quota = LimitReader.quota(fields, Optional.of(LimitReader.Unit.BYTES), "a guard");
        long sanitizes = conflicts.bits(fields, "sanitizes");
        if (domain.isPresent() && !seen.add(domain.get().name())) {
            fields.error(
                    FindingId.DUPLICATE,
                    fields.self(),
                    "domain \"" + domain.get().name() + "\" is a guard twice",
                    "one guard entry per domain",
                    "split the guard into two domains, one for each direction");
            return Optional.empty();
        }
        return domain.map(found -> new Guard(found, from, to, obligation, quota, sanitizes, fields.position()));
    }
}
