package dev.cloister.policy.reference;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Whose information has reached what, for one historic set: told from the beginning each time it is asked. Members hold their
 * party's; while a channel is open its receiver holds whatever its sender holds; nothing is ever let go of.
 */
final class ReferenceContacts {
    private sealed interface Change {
        record Opened(String flow, String from, String to) implements Change {}

        record Closed(String flow) implements Change {}

        record Restored(String endpoint, String party) implements Change {}
    }

    private final ReferencePolicy policy;
    private final Map<String, Object> set;
    private final List<Change> changes = new ArrayList<>();

    ReferenceContacts(ReferencePolicy policy, Map<String, Object> set) {
        this.policy = policy;
        this.set = set;
    }

    void opened(Map<String, Object> flow) {
        changes.add(new Change.Opened(Doc.string(flow, "name"), Doc.string(flow, "from"), Doc.string(flow, "to")));
    }

    void closed(String flow) {
        changes.add(new Change.Closed(flow));
    }

    void restored(String endpoint, String party) {
        changes.add(new Change.Restored(endpoint, party));
    }

    /** The parties whose information each endpoint holds. */
    Map<String, Set<String>> holds() {
        Map<String, Set<String>> holds = new HashMap<>();
        policy.endpoints().keySet().forEach(endpoint -> holds.put(endpoint, new HashSet<>()));
        policy.parties(set).forEach((party, members) -> members.forEach(member -> hold(holds, member, party)));
        Map<String, Change.Opened> open = new HashMap<>();
        for (Change change : changes) {
            switch (change) {
                case Change.Opened opened -> open.put(opened.flow(), opened);
                case Change.Closed closed -> open.remove(closed.flow());
                case Change.Restored restored -> hold(holds, restored.endpoint(), restored.party());
            }
            saturate(holds, open);
        }
        return holds;
    }

    private void hold(Map<String, Set<String>> holds, String endpoint, String party) {
        if (!policy.exempt(set, endpoint)) {
            Doc.get(holds, endpoint).add(party);
        }
    }

    private void saturate(Map<String, Set<String>> holds, Map<String, Change.Opened> open) {
        boolean changed = true;
        while (changed) {
            changed = false;
            for (Change.Opened channel : open.values()) {
                if (!policy.exempt(set, channel.to())) {
                    changed |= Doc.get(holds, channel.to()).addAll(Doc.get(holds, channel.from()));
                }
            }
        }
    }

    /** Whether the set has a say between two endpoints. */
    boolean concerns(String from, String to) {
        boolean exempt = policy.exempt(set, from) || policy.exempt(set, to);
        Map<String, Set<String>> holds = holds();
        return !exempt && !(Doc.get(holds, from).isEmpty() && Doc.get(holds, to).isEmpty());
    }

    /**
     * Whether a channel between two endpoints would let information of a party reach what that of another party has reached, at
     * once: at the receiver, or where open channels lead from there.
     */
    boolean forbids(String from, String to) {
        Map<String, Set<String>> holds = holds();
        Set<String> reached = new HashSet<>();
        reach(to, reached);
        for (String party : Doc.get(holds, from)) {
            for (String endpoint : reached) {
                Set<String> all = new HashSet<>(Doc.get(holds, endpoint));
                all.addAll(Doc.get(holds, from));
                all.remove(party);
                if (!all.isEmpty()) {
                    return true;
                }
            }
        }
        return false;
    }

    private void reach(String endpoint, Set<String> reached) {
        if (policy.exempt(set, endpoint) || !reached.add(endpoint)) {
            return;
        }
        Map<String, Change.Opened> open = new HashMap<>();
        for (Change change : changes) {
            if (change instanceof Change.Opened opened) {
                open.put(opened.flow(), opened);
            } else if (change instanceof Change.Closed closed) {
                open.remove(closed.flow());
            }
        }
        open.values().stream()
                .filter(channel -> channel.from().equals(endpoint))
                .forEach(channel -> reach(channel.to(), reached));
    }
}
