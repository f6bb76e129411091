package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Capacity;
import dev.cloister.policy.model.ConflictSet;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Rate;
import java.util.BitSet;
import java.util.List;

/** Whether the host and each domain's directory can hold what the policy asks for. */
final class AdmissionAnalysis implements Analysis {
    /** The most channels of one domain: its directory page has that many entries. */
    static final int MAX_CHANNELS = 31;

    /** Bytes of guest-physical address space for the windows of one domain's channels. */
    static final long WINDOW_SPACE = 0xE000_0000L - 0xD020_0000L;

    @Override
    public String id() {
        return "admission";
    }

    @Override
    public String title() {
        return "resources and limits";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().domains().size();
    }

    @Override
    public void run(AnalysisContext context, Findings out) {
        Policy policy = context.policy();
        long cpus = 0;
        for (Domain domain : policy.domains()) {
            cpus += domain.cpus().count();
            channels(policy, domain, out);
            controlGroup(domain, out);
        }
        long memory = mostMemory(policy);
        out.note(
                FindingId.RESOURCES,
                policy.position(),
                Words.count(policy.domains().size(), "domain") + " with "
                        + Words.bytes(total(policy.domains())) + " of memory and " + Words.count(cpus, "virtual CPU")
                        + " in all");
        if (policy.capacity().isPresent()) {
            Capacity capacity = policy.capacity().get();
            memory(policy, capacity, memory, out);
            cpus(policy, capacity, cpus, out);
            rates(policy, capacity, out);
        }
        PinConflicts.report(policy, out);
    }

    private static void channels(Policy policy, Domain domain, Findings out) {
        List<Flow> flows = policy.flowsOf(domain);
        long windows = flows.stream().mapToLong(Flow::windowBytes).sum();
        if (flows.size() > MAX_CHANNELS) {
            out.error(
                    FindingId.TOO_MANY_CHANNELS,
                    domain.position(),
                    "domain \"" + domain.name() + "\" has " + flows.size() + " channels; its directory holds "
                            + MAX_CHANNELS,
                    "split the domain or merge flows");
        }
        if (windows > WINDOW_SPACE) {
            out.error(
                    FindingId.WINDOWS_TOO_LARGE,
                    domain.position(),
                    "the channel windows of domain \"" + domain.name() + "\" need " + Words.bytes(windows)
                            + "; there are " + Words.bytes(WINDOW_SPACE),
                    "make records or rings smaller");
        }
    }

    private static void controlGroup(Domain domain, Findings out) {
        domain.cgroup()
                .filter(cgroup -> cgroup.memoryMax() > 0
                        && cgroup.memoryMax() < domain.memory().bytes())
                .ifPresent(cgroup -> out.warning(
                        FindingId.MEMORY_SHORT,
                        cgroup.position(),
                        "the control group of domain \"" + domain.name() + "\" may use "
                                + Words.bytes(cgroup.memoryMax()) + ", less than the guest's own "
                                + Words.bytes(domain.memory().bytes()) + ": it is killed when it has touched them",
                        "make \"memoryMax\" larger than \"memory\": the VMM process needs some as well"));
    }

    private static long total(List<Domain> domains) {
        return domains.stream().mapToLong(domain -> domain.memory().bytes()).sum();
    }

    /**
     * The most memory at any one time: of a concurrent conflict set only one party runs. Sets that share a domain don't save it
     * twice.
     */
    private static long mostMemory(Policy policy) {
        long most = total(policy.domains());
        BitSet counted = new BitSet();
        for (ConflictSet set : policy.conflicts()) {
            BitSet members = new BitSet();
            set.parties().forEach(party -> party.members().forEach(member -> members.set(member.index())));
            if (set.mode() == ConflictSet.Mode.CONCURRENT && !members.intersects(counted)) {
                counted.or(members);
                most -= saved(policy, set);
            }
        }
        return most;
    }

    private static long saved(Policy policy, ConflictSet set) {
        long all = 0;
        long largest = 0;
        for (ConflictSet.Party party : set.parties()) {
            long bytes = party.members().stream()
                    .filter(member -> !PartyReach.passedOver(policy, set, member.index()))
                    .mapToLong(member ->
                            member instanceof Domain domain ? domain.memory().bytes() : 0)
                    .sum();
            all += bytes;
            largest = Math.max(largest, bytes);
        }
        return all - largest;
    }

    private static void memory(Policy policy, Capacity capacity, long most, Findings out) {
        if (capacity.memoryBytes() > 0 && most > capacity.memoryBytes()) {
            Domain largest = policy.domains().stream()
                    .reduce((a, b) -> b.memory().bytes() > a.memory().bytes() ? b : a)
                    .orElseThrow();
            out.error(
                    FindingId.MEMORY_SHORT,
                    capacity.position(),
                    "domains that may run at once need " + Words.bytes(most) + " of memory; the host has "
                            + Words.bytes(capacity.memoryBytes()) + " for them. The largest is \"" + largest.name()
                            + "\" with " + Words.bytes(largest.memory().bytes()) + " (" + largest.position() + ")",
                    "give domains less memory, state a larger \"capacity\" if the host has it, or put domains that need"
                            + " not run together into a concurrent conflict set");
        }
    }

    private static void cpus(Policy policy, Capacity capacity, long cpus, Findings out) {
        if (capacity.cpus() == 0) {
            return;
        }
        if (cpus > capacity.cpus() && policy.schedule().isEmpty()) {
            out.warning(
                    FindingId.CPUS_SHORT,
                    capacity.position(),
                    "the domains have " + cpus + " virtual CPUs; the host has " + capacity.cpus()
                            + " for them, so they take turns",
                    "give domains fewer CPUs, or declare a \"schedule\" that says who runs when");
        }
        for (Domain domain : policy.domains()) {
            domain.cpus().pin().stream()
                    .filter(pin -> pin >= capacity.cpus())
                    .findFirst()
                    .ifPresent(pin -> out.error(
                            FindingId.CPUS_SHORT,
                            domain.position(),
                            "domain \"" + domain.name() + "\" is pinned to CPU " + pin + "; the host has CPUs 0 to "
                                    + (capacity.cpus() - 1),
                            "pin it to a CPU that there is, or state the host's real \"capacity\""));
        }
    }

    private static void rates(Policy policy, Capacity capacity, Findings out) {
        long sum = policy.flows().stream()
                .flatMap(flow -> flow.rate().stream())
                .mapToLong(Rate::perSecond)
                .sum();
        if (capacity.ratePerSecond() > 0 && sum > capacity.ratePerSecond()) {
            Flow fastest = policy.flows().stream()
                    .filter(flow -> flow.rate().isPresent())
                    .reduce((a, b) -> perSecond(b) > perSecond(a) ? b : a)
                    .orElseThrow();
            out.warning(
                    FindingId.RATE_SHORT,
                    capacity.position(),
                    "the rates of all flows add up to " + sum + " per second; the host manages "
                            + capacity.ratePerSecond() + ". The largest is that of \"" + fastest.name() + "\", "
                            + perSecond(fastest) + " (" + fastest.position() + ")",
                    "lower rates, or state what the host really manages");
        }
    }

    private static long perSecond(Flow flow) {
        return flow.rate().map(Rate::perSecond).orElse(0L);
    }
}
