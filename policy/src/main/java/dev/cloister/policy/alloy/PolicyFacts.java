package dev.cloister.policy.alloy;

import dev.cloister.policy.model.Assertion;
import dev.cloister.policy.model.ConflictSet;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Guard;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostResource;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.Lattice;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.ResidualRisk;
import dev.cloister.policy.model.TypeRule;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/** Writes what a policy says, without judging it. */
final class PolicyFacts {
    private final Policy policy;
    private final ModelNames names;
    private final ModelText out;
    private final TimeTable times;

    PolicyFacts(Policy policy, ModelNames names, ModelText out) {
        this.policy = policy;
        this.names = names;
        this.out = out;
        this.times = new TimeTable(policy);
    }

    void write() {
        order();
        types();
        endpoints();
        flows();
        conflicts();
        claims();
        sets();
    }

    private void order() {
        Lattice lattice = policy.lattice();
        out.heading("levels and compartments");
        out.at(lattice.position(), "");
        for (int i = 0; i < lattice.levels().size(); i++) {
            out.atom(names.level(i), "Level");
            out.row("below", names.level(i), map(directlyBelow(lattice, i), names::level));
        }
        for (int i = 0; i < lattice.compartments().size(); i++) {
            out.atom(names.compartment(i), "Compartment");
        }
        out.heading("labels in use");
        for (Label label : names.labels().keySet()) {
            String name = names.label(label);
            out.atom(name, "Label");
            out.row("level", name, names.level(label.level()));
            out.row("compartments", name, map(bits(label.compartments()), names::compartment));
        }
        out.tables("Labels", "below", "level", "compartments");
    }

    /** The levels that are below one with none between: the policy's order without what follows from it. */
    private static List<Integer> directlyBelow(Lattice lattice, int level) {
        List<Integer> below = bits(lattice.below().get(level)).stream()
                .filter(other -> other != level && other < lattice.levels().size())
                .toList();
        return below.stream()
                .filter(low -> below.stream()
                        .noneMatch(middle ->
                                !middle.equals(low) && (lattice.below().get(middle) >>> low & 1) != 0))
                .toList();
    }

    private static List<Integer> bits(long bits) {
        return IntStream.range(0, Long.SIZE)
                .filter(bit -> (bits >>> bit & 1) != 0)
                .boxed()
                .toList();
    }

    private void types() {
        out.heading("types and their rules");
        for (int i = 0; i < policy.types().types().size(); i++) {
            out.atom(names.type(i), "Type");
        }
        for (TypeRule rule : policy.types().rules()) {
            String name = names.of(rule);
            out.at(rule.position(), "");
            out.atom(name, "TypeRule");
            out.row("senders", name, map(rule.from(), names::type));
            out.row("receivers", name, map(rule.to(), names::type));
            out.row("kinds", name, map(rule.kinds().stream().sorted().toList(), PolicyFacts::kind));
        }
        out.tables("TypeRules", "senders", "receivers", "kinds");
    }

    /** The name of a kind in the fixed part. */
    static String kind(FlowKind kind) {
        return switch (kind) {
            case MEMORY -> "Memory";
            case EVENT -> "Event";
            case STREAM -> "Stream";
            case CONSOLE -> "Console";
            case DATAGRAM -> "Datagram";
            case WIRE -> "Wire";
            case DISK -> "DiskAccess";
            case LOG -> "Log";
        };
    }

    private void endpoints() {
        out.heading("endpoints");
        times.cpus().forEach(cpu -> out.atom(TimeTable.cpu(cpu), "Cpu"));
        times.intervals().forEach(interval -> out.atom(interval, "Interval"));
        for (Endpoint endpoint : policy.endpoints()) {
            out.at(endpoint.position(), endpoint.name());
            switch (endpoint) {
                case Domain domain -> domain(domain);
                case HostEndpoint host -> out.atom(names.of(host), "HostEndpoint");
            }
            String name = names.of(endpoint);
            out.row("label", name, names.label(endpoint.label()));
            if (endpoint.type() != Endpoint.NO_TYPE) {
                out.row("type", name, names.type(endpoint.type()));
            }
        }
        out.tables("Endpoints", "label", "type", "pinned", "scheduled", "runs");
        out.tables("Guards", "from", "to", "sanitizes");
    }

    private void domain(Domain domain) {
        String name = names.of(domain);
        if (policy.isGuard(domain.index())) {
            guard(name, policy.guard(domain.index()));
        } else {
            out.atom(name, "Domain");
        }
        out.row("pinned", name, map(domain.cpus().pin(), TimeTable::cpu));
        out.row("scheduled", name, map(times.cpusOf(domain), TimeTable::cpu));
        out.row("runs", name, times.intervalsOf(domain));
    }

    private void guard(String name, Guard guard) {
        out.line("// " + guard.position() + "  guard: " + ModelText.comment(guard.obligation()));
        out.atom(name, "Guard");
        out.row("from", name, names.label(guard.from()));
        out.row("to", name, names.label(guard.to()));
        out.row(
                "sanitizes",
                name,
                map(bits(guard.sanitizes()), set -> names.of(policy.conflicts().get(set))));
    }

    private void flows() {
        out.heading("flows");
        for (Flow flow : policy.flows()) {
            String name = names.of(flow);
            out.at(flow.position(), flow.name());
            flow.forbidden()
                    .ifPresent(forbid -> out.line("// " + forbid.position() + "  forbidden by fragment "
                            + forbid.fragment() + ": " + ModelText.comment(forbid.because())));
            out.atom(name, "Flow");
            out.row("source", name, names.of(flow.from()));
            out.row("target", name, names.of(flow.to()));
            out.row("kind", name, kind(flow.kind()));
        }
        out.tables("Flows", "source", "target", "kind");
    }

    private void conflicts() {
        out.heading("conflict sets");
        for (ConflictSet set : policy.conflicts()) {
            out.at(set.position(), set.name());
            out.atom(names.of(set), "ConflictSet");
            for (ConflictSet.Party party : set.parties()) {
                out.at(party.position(), party.name());
                out.atom(names.of(party), "Party");
                out.row("group", names.of(party), names.of(set));
                out.row("members", names.of(party), endpoints(party.members()));
            }
        }
        out.tables("Conflicts", "group", "members");
    }

    private void claims() {
        out.heading("assertions and residual risks");
        for (Assertion assertion : policy.assertions()) {
            String name = names.of(assertion);
            out.at(assertion.position(), assertion.because());
            out.atom(name, "Assertion");
            out.row("sources", name, endpoints(assertion.from()));
            out.row("targets", name, endpoints(assertion.to()));
            out.row("via", name, endpoints(assertion.via()));
        }
        for (ResidualRisk risk : policy.residualRisks()) {
            String name = names.of(risk);
            String until = risk.until().map(day -> ", until " + day).orElse("");
            out.at(risk.position(), "accepted by " + risk.acceptedBy() + until + ": " + risk.reason());
            out.atom(name, "ResidualRisk");
            out.row("one_", name, endpoints(risk.one()));
            out.row("two", name, endpoints(risk.two()));
            out.row("shares", name, map(risk.shares().stream().sorted().toList(), PolicyFacts::share));
        }
        out.tables("Claims", "sources", "targets", "via", "one_", "two", "shares");
    }

    private static String share(ResidualRisk.Share share) {
        return switch (share) {
            case CACHE -> "SharedCache";
            case CORE -> "SharedCore";
            case MEMORY_BUS -> "SharedMemoryBus";
            case DISK -> "SharedDisk";
        };
    }

    private void sets() {
        out.heading("who and what is of which sort");
        out.line("\nfact Sorts {");
        out.is("Exclusive", endpoints(policy.domains(), domain -> domain.cpus().exclusive()));
        out.is("Exempt", host(HostResource.CONSOLE, HostResource.AUDIT));
        out.is("Disk", host(HostResource.DISK));
        out.is("Forbidden", flows(flow -> flow.forbidden().isPresent()));
        out.is("Budgeted", flows(flow -> flow.backChannel().isPresent()));
        out.is("Historic", sets(ConflictSet.Mode.HISTORIC));
        out.is("Concurrent", sets(ConflictSet.Mode.CONCURRENT));
        out.is("Never", assertions(assertion -> assertion.claim() == Assertion.Claim.NEVER));
        out.is("UnlessVia", assertions(assertion -> assertion.claim() == Assertion.Claim.UNLESS_VIA));
        out.is("Must", assertions(assertion -> assertion.claim() == Assertion.Claim.MUST));
        out.is("Strict", assertions(Assertion::strict));
        out.line("}");
    }

    private List<String> host(HostResource... sorts) {
        return endpoints(
                policy.endpoints(),
                endpoint ->
                        endpoint instanceof HostEndpoint host && List.of(sorts).contains(host.resource()));
    }

    private <T extends Endpoint> List<String> endpoints(Collection<T> all, Predicate<T> which) {
        return endpoints(all.stream().filter(which).toList());
    }

    private List<String> endpoints(Collection<? extends Endpoint> endpoints) {
        return endpoints.stream().map(names::of).toList();
    }

    private List<String> flows(Predicate<Flow> which) {
        return policy.flows().stream().filter(which).map(names::of).toList();
    }

    private List<String> sets(ConflictSet.Mode mode) {
        return policy.conflicts().stream()
                .filter(set -> set.mode() == mode)
                .map(names::of)
                .toList();
    }

    private List<String> assertions(Predicate<Assertion> which) {
        return policy.assertions().stream().filter(which).map(names::of).toList();
    }

    private static <T> List<String> map(Collection<T> values, Function<? super T, String> name) {
        return values.stream().map(name).toList();
    }
}
