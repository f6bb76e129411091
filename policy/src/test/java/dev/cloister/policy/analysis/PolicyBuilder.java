package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Assertion;
import dev.cloister.policy.model.AuditRule;
import dev.cloister.policy.model.BackChannel;
import dev.cloister.policy.model.Capacity;
import dev.cloister.policy.model.ConfinementRule;
import dev.cloister.policy.model.CovertLimit;
import dev.cloister.policy.model.Cpus;
import dev.cloister.policy.model.DaemonLoss;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Guard;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import dev.cloister.policy.model.Image;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.Lattice;
import dev.cloister.policy.model.Lifecycle;
import dev.cloister.policy.model.Memory;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyParts;
import dev.cloister.policy.model.Rate;
import dev.cloister.policy.model.ResidualRisk;
import dev.cloister.policy.model.Schedule;
import dev.cloister.policy.model.SourcePosition;
import dev.cloister.policy.model.TypeEnforcement;
import dev.cloister.policy.model.VirtioBus;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** Builds policies for tests without text: lines count up in the order in which things are added. */
final class PolicyBuilder {
    private static final SourcePosition TOP = new SourcePosition("t.json", 1, 1);

    private final Lattice lattice;
    private final List<Domain> domains = new ArrayList<>();
    private final List<HostEndpoint> host = new ArrayList<>();
    private final List<Guard> guards = new ArrayList<>();
    private final List<Flow> flows = new ArrayList<>();
    private final List<Assertion> assertions = new ArrayList<>();
    private final List<ResidualRisk> risks = new ArrayList<>();
    private Optional<Schedule> schedule = Optional.empty();
    private Optional<CovertLimit> covertLimit = Optional.empty();
    private int line = 1;

    PolicyBuilder(String... levels) {
        lattice = Lattice.chain(List.of(levels), List.of("a", "b", "c"), TOP);
    }

    SourcePosition here() {
        return new SourcePosition("t.json", ++line, 3);
    }

    Label label(int level) {
        return lattice.label(level, 0);
    }

    Label label(int level, long compartments) {
        return lattice.label(level, compartments);
    }

    Domain domain(String name, Label label) {
        return domain(name, label, Cpus.of(1));
    }

    Domain domain(String name, Label label, Cpus cpus) {
        return domain(new UUID(1, domains.size() + 1L), name, label, cpus);
    }

    Domain domain(UUID id, String name, Label label, Cpus cpus) {
        Domain domain = new Domain(
                domains.size(),
                id,
                name,
                label,
                Endpoint.NO_TYPE,
                Set.of(),
                new Image(Optional.empty(), Optional.empty(), Optional.empty(), "", TOP),
                Memory.of(1 << 20),
                cpus,
                Optional.empty(),
                Engine.AUTO,
                0,
                VirtioBus.PCI,
                Optional.empty(),
                Lifecycle.DEFAULT,
                "",
                here());
        domains.add(domain);
        return domain;
    }

    /** Adds a disk; every domain has to be there already. */
    HostEndpoint disk(String name, Label label) {
        HostObject object = new HostObject.Disk(name, Path.of(name), Optional.empty(), true, false);
        HostEndpoint disk = new HostEndpoint(
                domains.size() + host.size(), "@disk:" + name, label, Endpoint.NO_TYPE, object, here());
        host.add(disk);
        return disk;
    }

    void guard(Domain domain, Label from, Label to) {
        guards.add(new Guard(domain, from, to, "o", Optional.empty(), 0, here()));
    }

    Flow flow(Endpoint from, Endpoint to) {
        return flow("f" + flows.size(), from, to, FlowKind.MEMORY, 0);
    }

    Flow flow(String name, Endpoint from, Endpoint to, FlowKind kind, long budget) {
        Flow flow = new Flow(
                flows.size(),
                name,
                from,
                to,
                kind,
                16,
                2,
                4096,
                Flow.Limits.NONE,
                budget > 0 ? Optional.of(new BackChannel(budget, here())) : Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                "",
                here());
        flows.add(flow);
        return flow;
    }

    void claim(
            Assertion.Claim claim,
            List<? extends Endpoint> from,
            List<? extends Endpoint> to,
            List<? extends Endpoint> via,
            boolean strict) {
        assertions.add(new Assertion(
                assertions.size(),
                "",
                claim,
                List.copyOf(from),
                List.copyOf(to),
                List.copyOf(via),
                strict,
                "",
                here()));
    }

    void risk(
            List<? extends Endpoint> one,
            List<? extends Endpoint> two,
            Set<ResidualRisk.Share> shares,
            long bits,
            Optional<LocalDate> until) {
        risks.add(new ResidualRisk(
                risks.size(),
                List.copyOf(one),
                List.copyOf(two),
                shares.isEmpty() ? EnumSet.noneOf(ResidualRisk.Share.class) : EnumSet.copyOf(shares),
                "ops",
                "why not",
                until,
                bits,
                here()));
    }

    void schedule(List<Schedule.MajorFrame> majors) {
        schedule = Optional.of(new Schedule(majors, here()));
    }

    void covertLimit(long bits) {
        covertLimit = Optional.of(new CovertLimit(bits, here()));
    }

    Policy build() {
        Optional<Capacity> capacity = Optional.empty();
        return new Policy(new PolicyParts(
                new PolicyParts.Header(
                        "t.json",
                        "t",
                        "",
                        "00".repeat(32),
                        DaemonLoss.SEVER,
                        AuditRule.DEFAULT,
                        ConfinementRule.usual(TOP),
                        new Rate(10, 10, TOP),
                        TOP,
                        TOP),
                lattice,
                TypeEnforcement.NONE,
                List.of(),
                List.of(),
                domains,
                host,
                guards,
                flows,
                new PolicyParts.Claims(assertions, risks, schedule, capacity, covertLimit),
                List.of()));
    }
}
