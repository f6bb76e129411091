package dev.cloister.policy.history;

import dev.cloister.policy.model.ConflictSet;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Guard;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostResource;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Quota;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What happened before under one policy: what meters have counted, which domains run, which channels are open, and which
 * endpoints information of which party has reached. The decision core reads it; whoever carries decisions out feeds it. Not
 * thread-safe: one thread decides. Times are nanoseconds of the requests' monotonic clock; indexes are the policy's.
 *
 * <p>Contacts, in a historic set: members of a party hold its information from the beginning. While a channel is open, whatever
 * its sender holds reaches its receiver, also what it comes to hold later; a contact stays when channels and domains end. Exempt,
 * that is neither held up nor carrying anything on, are {@code @console}, {@code @audit} and guards that sanitize the set.
 * Only the declared direction carries: what a stream's sender sees of its receiver is for the analyses.
 */
public final class History {
    /** Party of an endpoint that information of several parties has reached; only a journal of another policy can say so. */
    public static final int SEVERAL = -2;

    /** Party of an endpoint that is exempt from a set. */
    public static final int EXEMPT = -3;

    private static final int NONE = ConflictSet.NO_PARTY;

    private final Policy policy;
    private final long loaded;
    private final Meters meters;
    private final int flows;
    private final boolean[] runs;
    private final boolean[] open;
    private final int[] firstFrom;
    private final int[] nextFrom;
    private final int[][] held;
    private final int[][] via;
    private final int[][] running;
    private final int[] queue;
    private final int[] seen;
    private int epoch;

    /** What was used of quotas that the policy doesn't state any more, by whose they were; for policies that state them again. */
    private final Map<String, Meters.Spent> former;

    /** Starts with full buckets, unused quotas, nothing running and no contacts; no request is earlier than the load. */
    public History(Policy policy, long loadedNanos) {
        this(policy, loadedNanos, new HashMap<>());
    }

    private History(Policy policy, long loadedNanos, Map<String, Meters.Spent> former) {
        this.policy = policy;
        this.former = former;
        loaded = loadedNanos;
        flows = policy.flows().size();
        int endpoints = policy.endpoints().size();
        int sets = policy.conflicts().size();
        meters = new Meters(flows + endpoints, flows + endpoints, loadedNanos);
        runs = new boolean[policy.domains().size()];
        open = new boolean[flows];
        firstFrom = new int[endpoints];
        nextFrom = new int[flows];
        held = new int[sets][endpoints];
        via = new int[sets][endpoints];
        running = new int[sets][];
        queue = new int[2 * endpoints + 1];
        seen = new int[endpoints];
        Arrays.fill(firstFrom, Policy.NO_FLOW);
        policy.flows().reversed().forEach(this::link);
        policy.conflicts().forEach(this::begin);
    }

    /**
     * Begins the history of a policy that replaces another, from what happened under that one: what was used of quotas and buckets
     * counts on, also where a policy in between stated none; domains that ran run; contacts stay, those of members with their parties
     * included. No channel is open: each has to be decided anew, and {@link #opened}.
     *
     * @param before what happened under the policy before; not used any more
     * @param match which is which
     * @param nanos now, on the clock of the requests
     * @return the history under {@link PolicyMatch#after}
     */
    public static History carried(History before, PolicyMatch match, long nanos) {
        History next = new History(match.after(), before.loaded, new HashMap<>(before.former));
        for (Flow old : match.before().flows()) {
            next.carryFlow(before, old, match.newFlow(old.index()), nanos);
        }
        for (Domain old : match.before().domains()) {
            next.carryDomain(before, old, match.newEndpoint(old.index()), nanos);
        }
        next.restoreFormer(nanos);
        for (ConflictSet old : match.before().conflicts()) {
            for (ConflictSet now : match.after().conflicts()) {
                if (old.name().equals(now.name())) {
                    next.carryContacts(before, old, now, match);
                }
            }
        }
        return next;
    }

    /**
     * A party whose information an endpoint holds.
     *
     * @param set index of the conflict set
     * @param endpoint index of the endpoint
     * @param party index of the party
     */
    public record Held(int set, int endpoint, int party) {}

    /**
     * Returns what members of parties hold from the beginning that they won't under the policy that follows: nothing but this history
     * knows of it then.
     *
     * @param match which is which
     * @return in the order of sets and endpoints
     */
    public List<Held> inherited(PolicyMatch match) {
        List<Held> all = new ArrayList<>();
        for (ConflictSet set : policy.conflicts()) {
            for (Endpoint endpoint : policy.endpoints()) {
                int party = policy.party(set.index(), endpoint.index());
                boolean holds = set.mode() == ConflictSet.Mode.HISTORIC
                        && party != NONE
                        && held[set.index()][endpoint.index()] != EXEMPT;
                if (holds && !member(match, set, party, match.newEndpoint(endpoint.index()))) {
                    all.add(new Held(set.index(), endpoint.index(), party));
                }
            }
        }
        return all;
    }

    private static boolean member(PolicyMatch match, ConflictSet old, int party, int endpoint) {
        for (ConflictSet now : match.after().conflicts()) {
            if (endpoint != PolicyMatch.NONE && now.name().equals(old.name())) {
                int is = match.after().party(now.index(), endpoint);
                return is != NONE
                        && now.parties()
                                .get(is)
                                .name()
                                .equals(old.parties().get(party).name());
            }
        }
        return false;
    }

    private void carryFlow(History before, Flow old, int now, long nanos) {
        if (now != PolicyMatch.NONE && old.rate().isPresent()) {
            Flow flow = policy.flow(now);
            flow.rate()
                    .ifPresent(rate -> meters.carry(
                            now, rate, before.meters, old.index(), old.rate().get(), nanos));
        }
        old.limits().quota().ifPresent(quota -> former.put(key(old), before.meters.spent(old.index(), quota, nanos)));
    }

    private void carryDomain(History before, Domain old, int now, long nanos) {
        int at = before.flows + old.index();
        if (before.policy.isGuard(old.index())) {
            before.policy
                    .guard(old.index())
                    .quota()
                    .ifPresent(quota -> former.put(key(old), before.meters.spent(at, quota, nanos)));
        }
        if (now != PolicyMatch.NONE) {
            meters.carry(flows + now, policy.requestRate(), before.meters, at, before.policy.requestRate(), nanos);
            run(now, before.runs[old.index()]);
        }
    }

    private void restoreFormer(long nanos) {
        for (Flow flow : policy.flows()) {
            flow.limits().quota().ifPresent(quota -> restoreFormer(key(flow), flow.index(), quota, nanos));
        }
        for (Guard guard : policy.guards()) {
            Domain domain = guard.domain();
            guard.quota().ifPresent(quota -> restoreFormer(key(domain), flows + domain.index(), quota, nanos));
        }
        former.values().removeIf(spent -> !spent.counts(nanos));
    }

    private void restoreFormer(String key, int meter, Quota quota, long nanos) {
        Meters.Spent spent = former.remove(key);
        if (spent != null) {
            meters.carry(meter, quota, spent, nanos);
        }
    }

    private static String key(Flow flow) {
        return flow.kind().jsonName() + ' ' + key(flow.from()) + ' ' + key(flow.to()) + ' ' + flow.name();
    }

    private static String key(Endpoint endpoint) {
        return endpoint instanceof Domain domain ? domain.id().toString() : endpoint.name();
    }

    private void carryContacts(History before, ConflictSet old, ConflictSet now, PolicyMatch match) {
        for (Endpoint endpoint : policy.endpoints()) {
            int was = match.oldEndpoint(endpoint.index());
            int party = was == PolicyMatch.NONE ? NONE : before.held[old.index()][was];
            if (party == SEVERAL) {
                spoil(now, endpoint.index());
            } else if (party >= 0) {
                String name = old.parties().get(party).name();
                for (ConflictSet.Party same : now.parties()) {
                    if (same.name().equals(name)) {
                        restore(now.index(), endpoint.index(), same.index());
                    }
                }
            }
        }
    }

    private void spoil(ConflictSet set, int endpoint) {
        if (set.mode() == ConflictSet.Mode.HISTORIC && held[set.index()][endpoint] != EXEMPT) {
            held[set.index()][endpoint] = SEVERAL;
        }
    }

    private void link(Flow flow) {
        nextFrom[flow.index()] = firstFrom[flow.from().index()];
        firstFrom[flow.from().index()] = flow.index();
    }

    private void begin(ConflictSet set) {
        int index = set.index();
        running[index] = new int[set.parties().size()];
        Arrays.fill(via[index], Policy.NO_FLOW);
        for (Endpoint endpoint : policy.endpoints()) {
            int at = endpoint.index();
            held[index][at] = exempt(index, endpoint) ? EXEMPT : policy.party(index, at);
        }
    }

    private boolean exempt(int set, Endpoint endpoint) {
        return switch (endpoint) {
            case HostEndpoint host -> host.resource() == HostResource.CONSOLE || host.resource() == HostResource.AUDIT;
            default ->
                policy.isGuard(endpoint.index())
                        && (policy.guard(endpoint.index()).sanitizes() >>> set & 1) != 0;
        };
    }

    /** Returns when the policy was loaded, from which periods of quotas are counted. */
    public long loadedNanos() {
        return loaded;
    }

    /** Returns the party whose information an endpoint holds, or NO_PARTY, {@link #SEVERAL}, {@link #EXEMPT}. */
    public int party(int set, int endpoint) {
        return held[set][endpoint];
    }

    /** Returns the flow by which information of a party came, or {@link Policy#NO_FLOW}: a member, or from a journal. */
    public int contactFlow(int set, int endpoint) {
        return via[set][endpoint];
    }

    /** Returns whether a domain of another party of the set runs. */
    public boolean othersRun(int set, int party) {
        int all = 0;
        for (int count : running[set]) {
            all += count;
        }
        return all > running[set][party];
    }

    /** Returns whether a domain runs. */
    public boolean runs(int domain) {
        return runs[domain];
    }

    /** Returns whether a flow's channel is open. */
    public boolean isOpen(int flow) {
        return open[flow];
    }

    /** Returns whether a historic set has a say on a channel: neither end is exempt, and one holds some party's information. */
    public boolean concerns(int set, int from, int to) {
        boolean exempt = held[set][from] == EXEMPT || held[set][to] == EXEMPT;
        return !exempt && (held[set][from] != NONE || held[set][to] != NONE);
    }

    /**
     * Returns whether information of a party that one endpoint holds would meet that of another party if it reached another
     * endpoint: there, or where open channels carry it on to.
     */
    public boolean meets(int set, int from, int to) {
        int party = held[set][from];
        if (party == NONE || party == SEVERAL) {
            return party == SEVERAL;
        }
        // Where the receiver holds that party's already, all that follows was settled when it came to.
        int[] holds = held[set];
        epoch++;
        int size = holds[to] == party ? 0 : enqueue(to, 0);
        for (int i = 0; i < size; i++) {
            int at = queue[i];
            if (holds[at] != NONE && holds[at] != party) {
                return true;
            }
            size = onward(holds, at, size);
        }
        return false;
    }

    /** Queues what open channels lead to from an endpoint. */
    private int onward(int[] holds, int from, int queued) {
        int size = queued;
        for (int flow = firstFrom[from]; flow != Policy.NO_FLOW; flow = nextFrom[flow]) {
            int next = policy.flow(flow).to().index();
            if (open[flow] && seen[next] != epoch && holds[next] != EXEMPT) {
                size = enqueue(next, size);
            }
        }
        return size;
    }

    private int enqueue(int endpoint, int size) {
        seen[endpoint] = epoch;
        queue[size] = endpoint;
        return size + 1;
    }

    /** A domain was granted its start: call it before it runs. */
    public void started(int domain) {
        run(domain, true);
    }

    /** A domain has ended. */
    public void stopped(int domain) {
        run(domain, false);
    }

    private void run(int domain, boolean now) {
        if (runs[domain] != now) {
            runs[domain] = now;
            for (int set = 0; set < held.length; set++) {
                int party = policy.party(set, domain);
                if (party != NONE && held[set][domain] != EXEMPT) {
                    running[set][party] += now ? 1 : -1;
                }
            }
        }
    }

    /** A channel was granted: call it, and record the contacts that {@code made} is given, before the channel exists. */
    public void opened(int flow, Contacts made) {
        open[flow] = true;
        for (int set = 0; set < held.length; set++) {
            if (policy.conflicts().get(set).mode() == ConflictSet.Mode.HISTORIC) {
                spread(set, flow, made);
            }
        }
    }

    /** A channel has ended. */
    public void closed(int flow) {
        open[flow] = false;
    }

    /** Restores a contact from a journal, before any channel is open; a set that is concurrent now has none. */
    public void restore(int set, int endpoint, int party) {
        int now = held[set][endpoint];
        boolean historic = policy.conflicts().get(set).mode() == ConflictSet.Mode.HISTORIC;
        if (historic && now != EXEMPT && now != party) {
            held[set][endpoint] = now == NONE ? party : SEVERAL;
        }
    }

    private void spread(int set, int first, Contacts made) {
        int size = carry(set, first, 0, made);
        for (int i = 0; i < size; i++) {
            for (int flow = firstFrom[queue[i]]; flow != Policy.NO_FLOW; flow = nextFrom[flow]) {
                size = open[flow] ? carry(set, flow, size, made) : size;
            }
        }
    }

    private int carry(int set, int flow, int size, Contacts made) {
        int to = policy.flow(flow).to().index();
        int sends = held[set][policy.flow(flow).from().index()];
        int holds = held[set][to];
        if (sends == NONE || sends == EXEMPT || holds == EXEMPT || holds == SEVERAL || holds == sends) {
            return size;
        }
        held[set][to] = holds == NONE ? sends : SEVERAL;
        via[set][to] = flow;
        made.made(set, to, sends);
        queue[size] = to;
        return size + 1;
    }

    /** Returns whether a flow's bucket, if it has one, holds so many tokens. */
    public boolean hasTokens(Flow flow, long tokens, long nanos) {
        return flow.rate().isEmpty() || meters.has(flow.index(), flow.rate().get(), tokens, nanos);
    }

    /** Returns whether a domain may ask for another channel. */
    public boolean mayAsk(int domain, long nanos) {
        return meters.has(flows + domain, policy.requestRate(), 1, nanos);
    }

    /** Returns how much of a flow's quota was used in the period of that time. */
    public long used(Flow flow, Quota quota, long nanos) {
        return meters.used(flow.index(), quota, nanos);
    }

    /** Returns how much of a guard's quota was used in the period of that time. */
    public long usedByGuard(int guard, Quota quota, long nanos) {
        return meters.used(flows + guard, quota, nanos);
    }

    /** A domain has asked for a channel, whatever the answer. */
    public void asked(int domain, long nanos) {
        meters.take(flows + domain, policy.requestRate(), 1, nanos);
    }

    /** So many tokens of a flow's bucket, and so many units of its quota and of the guard that releases them, are used. */
    public void passed(Flow flow, long tokens, long units, long nanos) {
        if (flow.rate().isPresent()) {
            meters.take(flow.index(), flow.rate().get(), tokens, nanos);
        }
        if (flow.limits().quota().isPresent()) {
            meters.use(flow.index(), flow.limits().quota().get(), units, nanos);
        }
        var guard = policy.releaseQuota(flow);
        if (guard.isPresent()) {
            meters.use(flows + flow.from().index(), guard.get(), units, nanos);
        }
    }
}
