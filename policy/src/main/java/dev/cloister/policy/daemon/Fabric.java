package dev.cloister.policy.daemon;

import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.history.PolicyMatch;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Policy;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The domains of the policy and the channels between them, by every key that is needed; and, after the policy has changed, those that
 * it doesn't have any more, until they are gone. Loop's thread only.
 */
final class Fabric {
    private final EventLoop loop;
    private Policy policy;
    private List<DomainRuntime> domains;
    private List<Channel> channels;
    private List<DomainRuntime> leavingDomains = List.of();
    private List<Channel> leavingChannels = List.of();
    /** The leaving domains by their models, of which there is one for each. */
    private final Map<Domain, DomainRuntime> leavers = new IdentityHashMap<>();

    Fabric(Policy policy, EventLoop loop) {
        this.policy = policy;
        this.loop = loop;
        this.domains = policy.domains().stream().map(this::runtime).toList();
        this.channels = policy.flows().stream().map(Channel::new).toList();
    }

    private DomainRuntime runtime(Domain domain) {
        return new DomainRuntime(domain, policy.lattice().format(domain.label()), loop);
    }

    Policy policy() {
        return policy;
    }

    /** The domains of the policy, in its order. */
    List<DomainRuntime> domains() {
        return domains;
    }

    /** The channels of the policy, in its order. */
    List<Channel> channels() {
        return channels;
    }

    /** The domains of the policy and those that leave. */
    List<DomainRuntime> allDomains() {
        return joined(domains, leavingDomains);
    }

    /** The channels of the policy and those that leave. */
    List<Channel> allChannels() {
        return joined(channels, leavingChannels);
    }

    /** The domains that the policy has no more, but that have not ended yet. */
    List<DomainRuntime> leavingDomains() {
        return leavingDomains;
    }

    private static <T> List<T> joined(List<T> some, List<T> more) {
        return more.isEmpty()
                ? some
                : Stream.concat(some.stream(), more.stream()).toList();
    }

    Optional<DomainRuntime> domain(String name) {
        return policy.domain(name).map(d -> domains.get(d.index()));
    }

    /** The domain behind an endpoint, if it is one. */
    Optional<DomainRuntime> runtime(Endpoint endpoint) {
        return endpoint instanceof Domain domain ? Optional.of(runtimeOf(domain)) : Optional.empty();
    }

    private DomainRuntime runtimeOf(Domain domain) {
        int index = domain.index();
        if (index < domains.size() && domains.get(index).domain() == domain) {
            return domains.get(index);
        }
        DomainRuntime left = leavers.get(domain);
        if (left == null) {
            throw new IllegalStateException("domain " + domain.name() + " of a policy that is gone");
        }
        return left;
    }

    Channel channel(Flow flow) {
        return channels.get(flow.index());
    }

    /** The channels of a domain in the policy's order, then those that leave. */
    List<Channel> channelsOf(DomainRuntime domain) {
        Domain end = domain.domain();
        Stream<Channel> leaving = leavingChannels.stream()
                .filter(c -> c.flow().from() == end || c.flow().to() == end);
        boolean declared = end.index() < domains.size() && domains.get(end.index()) == domain;
        return declared
                ? Stream.concat(policy.flowsOf(end).stream().map(this::channel), leaving)
                        .toList()
                : leaving.toList();
    }

    /** Whether the policy has a channel. */
    boolean has(Channel channel) {
        int index = channel.flow().index();
        return index != PolicyMatch.NONE && index < channels.size() && channels.get(index) == channel;
    }

    boolean anyAlive() {
        return allDomains().stream().anyMatch(DomainRuntime::alive);
    }

    /**
     * Puts another policy in place of this one. Domains and channels that it has too get their new models; others leave: domains as
     * they were, channels with their ends as those are now and no place in the policy.
     */
    void change(PolicyMatch match) {
        List<DomainRuntime> oldDomains = domains;
        List<Channel> oldChannels = channels;
        List<DomainRuntime> leaving = new ArrayList<>(leavingDomains);
        List<Channel> closing = new ArrayList<>(leavingChannels);
        policy = match.after();
        domains = policy.domains().stream()
                .map(domain -> successor(oldDomains, match.oldEndpoint(domain.index()), domain))
                .toList();
        channels = policy.flows().stream()
                .map(flow -> successor(oldChannels, match.oldFlow(flow.index()), flow))
                .toList();
        for (int i = 0; i < oldDomains.size(); i++) {
            if (match.newEndpoint(i) == PolicyMatch.NONE) {
                leaving.add(oldDomains.get(i));
            }
        }
        for (int i = 0; i < oldChannels.size(); i++) {
            if (match.newFlow(i) == PolicyMatch.NONE) {
                closing.add(oldChannels.get(i));
            }
        }
        for (Channel channel : closing) {
            channel.flow(placeless(channel.flow(), match));
        }
        leaving.forEach(domain -> leavers.put(domain.domain(), domain));
        leavingDomains = List.copyOf(leaving);
        leavingChannels = List.copyOf(closing);
    }

    private DomainRuntime successor(List<DomainRuntime> old, int at, Domain domain) {
        if (at == PolicyMatch.NONE) {
            return runtime(domain);
        }
        old.get(at).domain(domain, policy.lattice().format(domain.label()));
        return old.get(at);
    }

    private static Channel successor(List<Channel> old, int at, Flow flow) {
        if (at == PolicyMatch.NONE) {
            return new Channel(flow);
        }
        old.get(at).flow(flow);
        return old.get(at);
    }

    private static Flow placeless(Flow flow, PolicyMatch match) {
        return flow.between(PolicyMatch.NONE, end(flow.from(), match), end(flow.to(), match));
    }

    private static Endpoint end(Endpoint old, PolicyMatch match) {
        boolean known = old.index() < match.before().endpoints().size()
                && match.before().endpoint(old.index()) == old;
        int now = known ? match.newEndpoint(old.index()) : PolicyMatch.NONE;
        return now == PolicyMatch.NONE ? old : match.after().endpoint(now);
    }

    /** Forgets those that have left. */
    void forget() {
        leavingDomains = leavingDomains.stream().filter(DomainRuntime::busy).toList();
        leavers.values().retainAll(leavingDomains);
        leavingChannels = leavingChannels.stream()
                .filter(channel -> !channel.is(Channel.Stage.CLOSED))
                .toList();
    }
}
