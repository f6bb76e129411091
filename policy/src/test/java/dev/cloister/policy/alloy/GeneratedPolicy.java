package dev.cloister.policy.alloy;

import dev.cloister.policy.model.Assertion;
import dev.cloister.policy.model.AuditRule;
import dev.cloister.policy.model.BackChannel;
import dev.cloister.policy.model.ConfinementRule;
import dev.cloister.policy.model.ConflictSet;
import dev.cloister.policy.model.Cpus;
import dev.cloister.policy.model.DaemonLoss;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Forbid;
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
import dev.cloister.policy.model.TypeRule;
import dev.cloister.policy.model.VirtioBus;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * A small policy drawn at random: every part of the language that the static verdicts depend on, structurally right but often
 * unsound. Built from parts and not from text, so that it doesn't depend on what the loader refuses.
 */
final class GeneratedPolicy {
    private static final FlowKind[] KINDS = FlowKind.values();

    private final Random random;
    private int line = 1;
    private Lattice lattice = Lattice.chain(List.of(), List.of(), new SourcePosition("generated.json", 1, 1));
    private TypeEnforcement types = TypeEnforcement.NONE;
    private final List<Domain> domains = new ArrayList<>();
    private final List<HostEndpoint> host = new ArrayList<>();
    private final List<Endpoint> endpoints = new ArrayList<>();
    private List<ConflictSet> conflicts = List.of();

    private GeneratedPolicy(Random random) {
        this.random = random;
    }

    /** Returns the policy of a seed: 3 to 6 endpoints. */
    static Policy of(long seed) {
        return new GeneratedPolicy(new Random(seed)).build();
    }

    private Policy build() {
        lattice = lattice();
        types = chance(2) ? TypeEnforcement.NONE : types();
        int count = 3 + random.nextInt(4);
        int guests = Math.max(2, count - random.nextInt(3));
        list(guests, this::domain).forEach(domains::add);
        list(count - guests, index -> host(guests + index, index)).forEach(host::add);
        endpoints.addAll(domains);
        endpoints.addAll(host);
        conflicts = list(random.nextInt(3), this::conflict);
        List<Guard> guards =
                domains.stream().filter(_ -> chance(3)).map(this::guard).toList();
        List<Flow> flows = list(2 + random.nextInt(8), this::flow);
        return new Policy(new PolicyParts(
                new PolicyParts.Header(
                        "generated.json",
                        "generated",
                        "",
                        "00".repeat(32),
                        DaemonLoss.SEVER,
                        AuditRule.DEFAULT,
                        ConfinementRule.usual(at()),
                        new Rate(10, 20, at()),
                        at(),
                        at()),
                lattice,
                types,
                List.of(),
                conflicts,
                domains,
                host,
                guards,
                flows,
                claims(),
                List.of()));
    }

    private boolean chance(int oneIn) {
        return random.nextInt(oneIn) == 0;
    }

    private SourcePosition at() {
        return new SourcePosition("generated.json", line++, 1 + random.nextInt(40));
    }

    private static <T> List<T> list(int size, IntFunction<T> make) {
        return IntStream.range(0, size).mapToObj(make).toList();
    }

    private <T> T one(List<T> values) {
        return values.get(random.nextInt(values.size()));
    }

    private <T> List<T> some(List<T> values) {
        T first = one(values);
        return values.stream().filter(value -> value == first || chance(3)).toList();
    }

    /** Levels in any partial order: each is above a random choice of those before it, and of what is below these. */
    private Lattice lattice() {
        int levels = 2 + random.nextInt(3);
        List<Long> below = new ArrayList<>();
        for (int i = 0; i < levels; i++) {
            long down = 1L << i;
            for (int j = 0; j < i; j++) {
                down |= chance(2) ? below.get(j) : 0;
            }
            below.add(down);
        }
        return new Lattice(
                list(levels, index -> "level-" + index),
                below,
                List.of("a.1", "a-1").subList(0, random.nextInt(3)),
                at());
    }

    private Label label() {
        long all = (1L << lattice.compartments().size()) - 1;
        return lattice.label(random.nextInt(lattice.levels().size()), random.nextLong() & all);
    }

    private TypeEnforcement types() {
        List<Integer> numbers = List.of(0, 1, 2).subList(0, 1 + random.nextInt(3));
        return new TypeEnforcement(
                list(numbers.size(), index -> "type" + index),
                list(
                        1 + random.nextInt(3),
                        index -> new TypeRule(
                                index,
                                some(numbers),
                                some(numbers),
                                chance(2) ? EnumSet.allOf(FlowKind.class) : Set.copyOf(some(List.of(KINDS))),
                                at())));
    }

    private int type() {
        return types.active() ? random.nextInt(types.types().size()) : Endpoint.NO_TYPE;
    }

    private Domain domain(int index) {
        List<Integer> pin = chance(2) ? List.of() : some(List.of(0, 1, 2));
        return new Domain(
                index,
                new UUID(0, index + 1L),
                "dom-" + index,
                label(),
                type(),
                Set.of(),
                new Image(Optional.empty(), Optional.empty(), Optional.empty(), "", at()),
                Memory.of(1 << 20),
                new Cpus(1, pin, !pin.isEmpty() && chance(2)),
                Optional.empty(),
                Engine.AUTO,
                0,
                VirtioBus.PCI,
                Optional.empty(),
                Lifecycle.DEFAULT,
                "",
                at());
    }

    private HostEndpoint host(int index, int number) {
        HostObject object = List.of(
                        new HostObject.Disk("d", Path.of("/d"), Optional.empty(), false, false),
                        new HostObject.Console(),
                        new HostObject.Audit(),
                        new HostObject.Tap("tap0"))
                .get(number == 0 ? 0 : 1 + random.nextInt(3));
        return new HostEndpoint(
                index, "@" + object.resource().jsonName() + ":" + number, label(), type(), object, at());
    }

    private ConflictSet conflict(int index) {
        int parties = 2 + random.nextInt(2);
        List<List<Endpoint>> members = list(parties, _ -> new ArrayList<>());
        endpoints.stream().filter(_ -> chance(2)).forEach(member -> one(members).add(member));
        return new ConflictSet(
                index,
                "set" + index,
                chance(3) ? ConflictSet.Mode.CONCURRENT : ConflictSet.Mode.HISTORIC,
                list(parties, party -> new ConflictSet.Party(party, "p" + party, members.get(party), at())),
                "",
                at());
    }

    private Guard guard(Domain domain) {
        long sets = (1L << conflicts.size()) - 1;
        return new Guard(domain, label(), label(), "looks */ at it", Optional.empty(), random.nextLong() & sets, at());
    }

    private Flow flow(int index) {
        Endpoint from = one(endpoints);
        List<Endpoint> others = endpoints.stream().filter(end -> end != from).toList();
        return new Flow(
                index,
                "flow." + index,
                from,
                one(others),
                KINDS[random.nextInt(KINDS.length)],
                0,
                0,
                0,
                Flow.Limits.NONE,
                chance(3) ? Optional.of(new BackChannel(8, at())) : Optional.empty(),
                Optional.empty(),
                chance(8) ? Optional.of(new Forbid("site", "not here", at())) : Optional.empty(),
                "",
                at());
    }

    private PolicyParts.Claims claims() {
        return new PolicyParts.Claims(
                list(random.nextInt(5), this::assertion),
                list(random.nextInt(3), this::risk),
                chance(3) ? Optional.of(schedule()) : Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    private Assertion assertion(int index) {
        Assertion.Claim claim = Assertion.Claim.values()[random.nextInt(3)];
        boolean via = claim == Assertion.Claim.UNLESS_VIA;
        return new Assertion(
                index,
                chance(2) ? "" : "claim",
                claim,
                some(endpoints),
                some(endpoints),
                via ? some(endpoints) : List.of(),
                claim != Assertion.Claim.MUST && chance(2),
                "",
                at());
    }

    private ResidualRisk risk(int index) {
        return new ResidualRisk(
                index,
                List.copyOf(some(domains)),
                List.copyOf(some(domains)),
                Set.copyOf(some(List.of(ResidualRisk.Share.values()))),
                "owner",
                "small",
                Optional.empty(),
                0,
                at());
    }

    private Schedule schedule() {
        Supplier<Schedule.MinorFrame> minor = () -> new Schedule.MinorFrame(
                chance(4) ? Optional.empty() : Optional.of(one(domains)), 1_000_000L * (1 + random.nextInt(3)), at());
        return new Schedule(
                list(
                        1 + random.nextInt(2),
                        major -> new Schedule.MajorFrame(
                                "major" + major,
                                list(
                                        1 + random.nextInt(2),
                                        cpu -> new Schedule.CpuPlan(
                                                cpu, list(1 + random.nextInt(3), _ -> minor.get()), at())),
                                at())),
                at());
    }
}
