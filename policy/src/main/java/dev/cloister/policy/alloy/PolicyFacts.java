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
            out.begin(names.level(i), "Level");
            out.is("below", map(directlyBelow(lattice, i), names::level));
            out.end();
        }
        for (int i = 0; i < lattice.compartments().size(); i++) {
            out.atom(names.compartment(i), "Compartment");
        }
        out.heading("labels in use");
        for (Label label : names.labels().keySet()) {
            out.begin(names.label(label), "Label");
            out.is("level", names.level(label.level()));
            out.is("compartments", map(bits(label.compartments()), names::compartment));
            out.end();
        }
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
            out.at(rule.position(), "");
            out.begin(names.of(rule), "TypeRule");
            out.is("senders", map(rule.from(), names::type));
            out.is("receivers", map(rule.to(), names::type));
            out.is("kinds", map(rule.kinds().stream().sorted().toList(), PolicyFacts::kind));
            out.end();
        }
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
            switch (endpoint) {
                case Domain domain -> domain(domain);
                case HostEndpoint host -> {
                    out.at(host.position(), host.name());
                    out.begin(names.of(host), "HostEndpoint");
                    common(host);
                    out.end();
                }
            }
        }
    }

    private void common(Endpoint endpoint) {
        out.is("label", names.label(endpoint.label()));
        out.is("type", endpoint.type() == Endpoint.NO_TYPE ? List.of() : List.of(names.type(endpoint.type())));
    }

    private void domain(Domain domain) {
        boolean guard = policy.isGuard(domain.index());
        out.at(domain.position(), domain.name());
        if (guard) {
            Guard bounds = policy.guard(domain.index());
            out.line("// " + bounds.position() + "  " + ModelText.comment(bounds.obligation()));
        }
        out.begin(names.of(domain), guard ? "Guard" : "Domain");
        common(domain);
        out.is("pinned", map(domain.cpus().pin(), TimeTable::cpu));
        out.is("scheduled", map(times.cpusOf(domain), TimeTable::cpu));
        out.is("runs", times.intervalsOf(domain));
        if (guard) {
            bounds(policy.guard(domain.index()));
        }
        out.end();
    }

    private void bounds(Guard guard) {
        out.is("from", names.label(guard.from()));
        out.is("to", names.label(guard.to()));
        out.is(
                "sanitizes",
                map(bits(guard.sanitizes()), set -> names.of(policy.conflicts().get(set))));
    }

    private void flows() {
        out.heading("flows");
        for (Flow flow : policy.flows()) {
            out.at(flow.position(), flow.name());
            flow.forbidden()
                    .ifPresent(forbid -> out.line("// forbidden by fragment " + forbid.fragment() + ", "
                            + forbid.position() + "  " + ModelText.comment(forbid.because())));
            out.begin(names.of(flow), "Flow");
            out.is("source", names.of(flow.from()));
            out.is("target", names.of(flow.to()));
            out.is("kind", kind(flow.kind()));
            out.end();
        }
    }

    private void conflicts() {
        out.heading("conflict sets");
        for (ConflictSet set : policy.conflicts()) {
            out.at(set.position(), set.name());
            out.atom(names.of(set), "ConflictSet");
            for (ConflictSet.Party party : set.parties()) {
                out.at(party.position(), party.name());
                out.begin(names.of(party), "Party");
                out.is("group", names.of(set));
                out.is("members", endpoints(party.members()));
                out.end();
            }
        }
    }

    private void claims() {
        out.heading("assertions and residual risks");
        for (Assertion assertion : policy.assertions()) {
            out.at(assertion.position(), assertion.because());
            out.begin(names.of(assertion), "Assertion");
            out.is("sources", endpoints(assertion.from()));
            out.is("targets", endpoints(assertion.to()));
            out.is("via", endpoints(assertion.via()));
            out.end();
        }
        for (ResidualRisk risk : policy.residualRisks()) {
            String until = risk.until().map(day -> ", until " + day).orElse("");
            out.at(risk.position(), "accepted by " + risk.acceptedBy() + until + ": " + risk.reason());
            out.begin(names.of(risk), "ResidualRisk");
            out.is("one_", endpoints(risk.one()));
            out.is("two", endpoints(risk.two()));
            out.is("shares", map(risk.shares().stream().sorted().toList(), PolicyFacts::share));
            out.end();
        }
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
        out.line("fact Sorts {");
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
        out.end();
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
