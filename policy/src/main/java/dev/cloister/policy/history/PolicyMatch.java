package dev.cloister.policy.history;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Policy;
import java.util.Arrays;
import java.util.Optional;

/**
 * Which domain, host endpoint or flow of one policy is which of the policy that follows it. A domain is known by its identity, a host
 * endpoint by its name; a flow by its name, kind and both ends. What differs in anything else is still the same. Immutable.
 */
public final class PolicyMatch {
    /** The index of what the other policy doesn't have. */
    public static final int NONE = -1;

    private final Policy before;
    private final Policy after;
    private final int[] newEndpoint;
    private final int[] oldEndpoint;
    private final int[] newFlow;
    private final int[] oldFlow;

    private PolicyMatch(Policy before, Policy after) {
        this.before = before;
        this.after = after;
        newEndpoint = none(before.endpoints().size());
        oldEndpoint = none(after.endpoints().size());
        newFlow = none(before.flows().size());
        oldFlow = none(after.flows().size());
        for (Endpoint old : before.endpoints()) {
            find(old).ifPresent(now -> {
                newEndpoint[old.index()] = now.index();
                oldEndpoint[now.index()] = old.index();
            });
        }
        for (Flow old : before.flows()) {
            after.flow(old.name()).filter(now -> same(old, now)).ifPresent(now -> {
                newFlow[old.index()] = now.index();
                oldFlow[now.index()] = old.index();
            });
        }
    }

    private static int[] none(int size) {
        int[] all = new int[size];
        Arrays.fill(all, NONE);
        return all;
    }

    /**
     * Compares two policies.
     *
     * @param before the policy that is replaced
     * @param after the policy that replaces it
     * @return which is which
     */
    public static PolicyMatch of(Policy before, Policy after) {
        return new PolicyMatch(before, after);
    }

    private Optional<? extends Endpoint> find(Endpoint old) {
        return old instanceof Domain domain
                ? after.domain(domain.id())
                : after.endpoint(old.name()).filter(now -> !(now instanceof Domain));
    }

    private boolean same(Flow old, Flow now) {
        return old.kind() == now.kind()
                && newEndpoint[old.from().index()] == now.from().index()
                && newEndpoint[old.to().index()] == now.to().index();
    }

    /** Returns the policy that is replaced. */
    public Policy before() {
        return before;
    }

    /** Returns the policy that replaces it. */
    public Policy after() {
        return after;
    }

    /** Returns the new index of an endpoint, or {@link #NONE}. */
    public int newEndpoint(int old) {
        return newEndpoint[old];
    }

    /** Returns the old index of an endpoint, or {@link #NONE}. */
    public int oldEndpoint(int now) {
        return oldEndpoint[now];
    }

    /** Returns the new index of a flow, or {@link #NONE}. */
    public int newFlow(int old) {
        return newFlow[old];
    }

    /** Returns the old index of a flow, or {@link #NONE}. */
    public int oldFlow(int now) {
        return oldFlow[now];
    }
}
