package dev.cloister.policy.language;

import dev.cloister.policy.model.AuditFull;
import dev.cloister.policy.model.AuditRule;
import dev.cloister.policy.model.ConfinementRule;
import dev.cloister.policy.model.DaemonLoss;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Guard;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.Lattice;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.PolicyParts;
import dev.cloister.policy.model.Protection;
import dev.cloister.policy.model.Rate;
import dev.cloister.policy.model.ResidualRisk;
import dev.cloister.policy.model.Schedule;
import dev.cloister.policy.model.TypeEnforcement;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Turns the document and its fragments into a compiled policy, reporting whatever is wrong with structure and references. The
 * sections are read in an order in which each finds the names that it refers to.
 */
final class PolicyReader {
    private static final Set<String> FIELDS = Set.of(
            "$schema",
            "version",
            "name",
            "description",
            "include",
            "lattice",
            "types",
            "typeRules",
            "windows",
            "conflicts",
            "domains",
            "host",
            "guards",
            "flows",
            "assertions",
            "residualRisks",
            "schedule",
            "covertLimit",
            "requestRate",
            "audit",
            "confinement",
            "onDaemonLoss");
    private static final Set<String> AUDIT_FIELDS = Set.of("onFull", "rotate");
    private static final Set<String> CONFINEMENT_FIELDS = Set.of("require");
    private static final Set<String> ROTATE_FIELDS = Set.of("bytes", "keep");

    /** Each domain's VMM process may ask for this many channels per second unless the policy says otherwise. */
    private static final int DEFAULT_REQUESTS_PER_SECOND = 10;

    private static final int DEFAULT_REQUEST_BURST = 20;

    private final Fields policy;
    private final Endpoints endpoints = new Endpoints();
    private final Selectors selectors = new Selectors(endpoints);
    private final LatticeReader lattice = new LatticeReader();
    private final TypeReader types = new TypeReader();
    private final WindowReader windows = new WindowReader();
    private final ConflictReader conflicts = new ConflictReader(selectors);
    private final ClaimsReader claims = new ClaimsReader(selectors);
    private final FileReader files;

    private PolicyReader(Fields policy, Path folder) {
        this.policy = policy;
        this.files = new FileReader(folder);
    }

    /** Opens the document. */
    static Fields open(Json root, Problems problems) {
        return Fields.of(root, "the policy", FIELDS, problems);
    }

    /** Reads a policy and its fragments; asks for the digest, which may still be on its way, last. */
    static Policy read(Fields policy, Path folder, List<Includes.Document> fragments, Supplier<String> digest)
            throws PolicyException {
        return new PolicyReader(policy, folder).read(fragments, digest);
    }

    private Policy read(List<Includes.Document> documents, Supplier<String> digest) throws PolicyException {
        version(policy);
        policy.text("$schema", TextForm.STATED, "");
        Lattice order = lattice.read(policy);
        types.names(policy);
        windows.read(policy);
        List<Domain> domains = new DomainReader(lattice, types, windows, files).read(policy, endpoints);
        HostReader hostReader = new HostReader(lattice, types, files, endpoints);
        List<HostEndpoint> host = hostReader.read(policy);
        TypeEnforcement enforcement = types.rules(policy);
        conflicts.read(policy);
        List<Guard> guards = new GuardReader(lattice, endpoints, conflicts).read(policy);
        List<Flow> flows = new FlowReader(endpoints, windows).read(policy);
        claims.readAssertions(policy);
        List<ResidualRisk> risks = claims.residualRisks(policy);
        Optional<Schedule> schedule = new ScheduleReader(endpoints).read(policy);
        FragmentReader fragments = new FragmentReader(
                windows, conflicts, claims, selectors, flows, requestRate(), ClaimsReader.covertLimit(policy));
        fragments.read(documents);
        PolicyParts.Header header = header(digest.get(), fragments.requestRate());
        policy.problems().throwIfErrors();
        selectors.unusedTags(policy.problems());
        return new Policy(new PolicyParts(
                header,
                order,
                enforcement,
                windows.windows(),
                conflicts.sets(),
                domains,
                host,
                guards,
                fragments.flows(),
                new PolicyParts.Claims(
                        claims.assertions(), risks, schedule, hostReader.capacity(), fragments.covertLimit()),
                fragments.fragments(),
                policy.problems().remarks()));
    }

    /** Reads the version of the language that a policy or fragment is written in. */
    static void version(Fields file) {
        file.required("version").ifPresent(json -> {
            if (!(json instanceof Json.Int number)) {
                file.wrongType(json, "version", "the integer 1");
            } else if (number.value() != 1) {
                file.error(
                        FindingId.VERSION, json, "unknown version of the policy language", "1", "use another release");
            }
        });
    }

    private Rate requestRate() {
        return LimitReader.rate(policy, "requestRate")
                .orElseGet(() -> new Rate(DEFAULT_REQUESTS_PER_SECOND, DEFAULT_REQUEST_BURST, policy.position()));
    }

    private AuditRule audit() {
        return policy.optional("audit")
                .map(json -> policy.open(json, "audit", AUDIT_FIELDS))
                .map(fields -> new AuditRule(
                        fields.choice("onFull", AuditFull.values(), AuditFull::jsonName, AuditFull.HALT),
                        fields.optional("rotate").map(json -> rotation(fields.open(json, "rotate", ROTATE_FIELDS)))))
                .orElse(AuditRule.DEFAULT);
    }

    private ConfinementRule confinement() {
        return policy.optional("confinement")
                .map(json -> policy.open(json, "confinement", CONFINEMENT_FIELDS))
                .map(fields -> new ConfinementRule(protections(fields), fields.position()))
                .orElseGet(() -> ConfinementRule.usual(policy.position()));
    }

    private static Set<Protection> protections(Fields fields) {
        Set<Protection> required = EnumSet.noneOf(Protection.class);
        for (Json item : fields.items("require", true, Protection.values().length)) {
            fields.choice(item, "require", Protection.values(), Protection::jsonName)
                    .ifPresent(protection -> {
                        if (!required.add(protection)) {
                            fields.malformed(item, "require", "each only once", "");
                        }
                    });
        }
        return required;
    }

    private static AuditRule.Rotation rotation(Fields fields) {
        return new AuditRule.Rotation(
                fields.size("bytes", AuditRule.Rotation.MIN_BYTES, AuditRule.Rotation.MAX_BYTES),
                (int) fields.integer("keep", 1, AuditRule.Rotation.MAX_KEEP, 0));
    }

    private PolicyParts.Header header(String digest, Rate requestRate) {
        return new PolicyParts.Header(
                policy.problems().file(),
                policy.text("name", TextForm.NAME),
                policy.description(),
                digest,
                policy.choice("onDaemonLoss", DaemonLoss.values(), DaemonLoss::jsonName, DaemonLoss.SEVER),
                audit(),
                confinement(),
                requestRate,
                policy.position(),
                policy.optional("flows").map(policy.problems()::at).orElseGet(policy::position));
    }
}
