package dev.cloister.cli.policy;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Policy;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Selectors on the command line: what a policy's selectors are, with commas for an array. */
final class Selection {
    /** What to write as the description of such a parameter. */
    static final String WORDS = "names, #tags, @resources or *, with commas between";

    private static final int SHOWN = 12;

    private Selection() {}

    /** Returns the endpoints that a selector names, each once, in declared order; what names nothing is a failure. */
    static List<Endpoint> of(Policy policy, String selector) throws CommandFailure {
        Map<Integer, Endpoint> all = new TreeMap<>();
        for (String item : selector.split(",", -1)) {
            List<? extends Endpoint> found = one(policy, item.strip());
            if (found.isEmpty()) {
                throw new CommandFailure(ExitCodes.BAD_INPUT, "'" + item + "' names nothing; " + known(policy));
            }
            found.forEach(endpoint -> all.put(endpoint.index(), endpoint));
        }
        return List.copyOf(all.values());
    }

    private static List<? extends Endpoint> one(Policy policy, String item) {
        if (item.equals("*")) {
            return policy.domains();
        }
        if (item.startsWith("#")) {
            return policy.domains().stream()
                    .filter(domain -> domain.tags().contains(item.substring(1)))
                    .toList();
        }
        return policy.endpoint(item).stream().toList();
    }

    private static String known(Policy policy) {
        String names =
                policy.endpoints().stream().limit(SHOWN).map(Endpoint::name).collect(Collectors.joining(", "));
        String tags = policy.domains().stream()
                .map(Domain::tags)
                .flatMap(Set::stream)
                .distinct()
                .sorted()
                .limit(SHOWN)
                .map(tag -> ", #" + tag)
                .collect(Collectors.joining());
        String more = policy.endpoints().size() > SHOWN ? " and more" : "";
        return "the policy has " + names + more + tags;
    }
}
