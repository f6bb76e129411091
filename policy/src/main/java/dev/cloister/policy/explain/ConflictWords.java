package dev.cloister.policy.explain;

import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.history.History;
import dev.cloister.policy.model.ConflictSet;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Policy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** What the conflict gate has to say, with set, parties and the ways by which information came. */
final class ConflictWords {
    private final Policy policy;
    private final History history;
    private final Endpoint from;
    private final Endpoint to;

    ConflictWords(Decision decision, Endpoint from, Endpoint to) {
        this.policy = decision.policy();
        this.history = decision.history();
        this.from = from;
        this.to = to;
    }

    /** The sets that have a say and nothing against it. */
    Words none(boolean start) {
        List<ConflictSet> sets = policy.conflicts().stream()
                .filter(start ? this::concernsStart : this::concernsOpen)
                .toList();
        String names = sets.stream().map(ConflictWords::name).collect(Collectors.joining(", "));
        String text = start ? "no domain of another party runs (" : "no information of two parties would meet (";
        return new Words(
                text + names + ")",
                sets.stream().findFirst().map(ConflictSet::position).orElseGet(policy::position));
    }

    private boolean concernsStart(ConflictSet set) {
        return set.mode() == ConflictSet.Mode.CONCURRENT && history.party(set.index(), from.index()) >= 0;
    }

    private boolean concernsOpen(ConflictSet set) {
        return set.mode() == ConflictSet.Mode.HISTORIC && history.concerns(set.index(), from.index(), to.index());
    }

    /** The domain of another party that runs. */
    Words runs() {
        for (ConflictSet set : policy.conflicts()) {
            int own = history.party(set.index(), from.index());
            Optional<Domain> other = concernsStart(set) ? otherRuns(set, own) : Optional.empty();
            if (other.isPresent()) {
                int party = history.party(set.index(), other.get().index());
                return new Words(
                        "domain " + other.get().name() + " of party " + party(set, party) + " runs, and conflict set "
                                + name(set) + " keeps party " + party(set, own) + " from running beside it",
                        set.position());
            }
        }
        return new Words("a domain of another party ran", policy.position());
    }

    private Optional<Domain> otherRuns(ConflictSet set, int own) {
        return policy.domains().stream()
                .filter(domain -> history.runs(domain.index()))
                .filter(domain -> history.party(set.index(), domain.index()) >= 0
                        && history.party(set.index(), domain.index()) != own)
                .findFirst();
    }

    /** Where information of two parties would meet, and how each came there. */
    Words meets() {
        for (ConflictSet set : policy.conflicts()) {
            if (concernsOpen(set) && history.meets(set.index(), from.index(), to.index())) {
                return new Words(meets(set), set.position());
            }
        }
        return new Words("information of two parties would have met", policy.position());
    }

    private String meets(ConflictSet set) {
        int own = history.party(set.index(), from.index());
        String holds = "conflict set " + name(set) + ": " + from.name() + " holds information of " + came(set, from);
        if (own == History.SEVERAL) {
            return holds + ", which may go nowhere";
        }
        List<Flow> onward = onward(set, own);
        Endpoint end = onward.isEmpty() ? to : onward.getLast().to();
        String way = onward.isEmpty()
                ? ", and " + to.name()
                : ", which open channels would carry on, " + path(to, onward) + ", and " + end.name();
        return holds + way + " holds information of " + came(set, end);
    }

    /** The shortest way over open channels from the receiver to what holds another party's information. */
    private List<Flow> onward(ConflictSet set, int own) {
        Predicate<Endpoint> other = endpoint -> {
            int party = history.party(set.index(), endpoint.index());
            return party != ConflictSet.NO_PARTY && party != own;
        };
        Deque<List<Flow>> ways = new ArrayDeque<>(List.of(List.of()));
        Set<Endpoint> seen = new HashSet<>(Set.of(to));
        while (!ways.isEmpty()) {
            List<Flow> way = ways.remove();
            Endpoint at = way.isEmpty() ? to : way.getLast().to();
            if (other.test(at)) {
                return way;
            }
            for (Flow flow : policy.flowsOf(at)) {
                boolean next = flow.from() == at
                        && history.isOpen(flow.index())
                        && history.party(set.index(), flow.to().index()) != History.EXEMPT;
                if (next && seen.add(flow.to())) {
                    List<Flow> longer = new ArrayList<>(way);
                    longer.add(flow);
                    ways.add(longer);
                }
            }
        }
        return List.of();
    }

    /** The party whose information an endpoint holds, and how it came there. */
    private String came(ConflictSet set, Endpoint endpoint) {
        int party = history.party(set.index(), endpoint.index());
        if (party == History.SEVERAL) {
            return "several parties";
        }
        List<Flow> way = new ArrayList<>();
        Endpoint at = endpoint;
        int flow = history.contactFlow(set.index(), at.index());
        while (flow != Policy.NO_FLOW) {
            way.addFirst(policy.flow(flow));
            at = policy.flow(flow).from();
            flow = history.contactFlow(set.index(), at.index());
        }
        String source = policy.party(set.index(), at.index()) == party ? "a member" : "known from the journal";
        return "party " + party(set, party) + " (" + (way.isEmpty() ? "" : path(at, way) + "; ")
                + (way.isEmpty() ? source : at.name() + " is " + source) + ")";
    }

    private static String path(Endpoint begin, List<Flow> flows) {
        StringBuilder text = new StringBuilder(begin.name());
        flows.forEach(flow -> text.append(" -[")
                .append(flow.name())
                .append("]-> ")
                .append(flow.to().name()));
        return text.toString();
    }

    private static String name(ConflictSet set) {
        return '"' + set.name() + '"';
    }

    private static String party(ConflictSet set, int party) {
        return '"' + set.parties().get(party).name() + '"';
    }
}
