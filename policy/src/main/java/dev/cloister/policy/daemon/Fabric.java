package dev.cloister.policy.daemon;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Policy;
import java.util.List;
import java.util.Optional;

/** The domains of the policy and the channels between them, by every key that is needed. The lists never change. */
final class Fabric {
    private final Policy policy;
    private final List<DomainRuntime> domains;
    private final List<Channel> channels;

    Fabric(Policy policy, EventLoop loop) {
        this.policy = policy;
        this.domains = policy.domains().stream()
                .map(d -> new DomainRuntime(d, policy.lattice().format(d.label()), loop))
                .toList();
        this.channels = policy.flows().stream().map(Channel::new).toList();
    }

    Policy policy() {
        return policy;
    }

    List<DomainRuntime> domains() {
        return domains;
    }

    List<Channel> channels() {
        return channels;
    }

    Optional<DomainRuntime> domain(String name) {
        return policy.domain(name).map(d -> domains.get(d.index()));
    }

    /** The domain behind an endpoint, if it is one. */
    Optional<DomainRuntime> runtime(Endpoint endpoint) {
        return endpoint instanceof Domain domain ? Optional.of(domains.get(domain.index())) : Optional.empty();
    }

    Channel channel(Flow flow) {
        return channels.get(flow.index());
    }

    /** The channels of a domain in the order of its directory. */
    List<Channel> channelsOf(DomainRuntime domain) {
        return policy.flowsOf(domain.domain()).stream().map(this::channel).toList();
    }

    boolean anyAlive() {
        return domains.stream().anyMatch(DomainRuntime::alive);
    }
}
