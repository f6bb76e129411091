package dev.cloister.policy.alloy;

import dev.cloister.policy.model.Policy;
import edu.mit.csail.sdg.translator.A4Solution;
import edu.mit.csail.sdg.translator.A4Tuple;
import edu.mit.csail.sdg.translator.A4TupleSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What Alloy says of a policy: relations of its one instance, in the policy's own names. */
final class AlloyVerdicts {
    private final AlloyModule module;
    private final A4Solution instance;
    private final Map<String, String> plain = new HashMap<>();

    AlloyVerdicts(Policy policy) {
        ModelNames names = new ModelNames(policy);
        policy.endpoints().forEach(endpoint -> plain.put(names.of(endpoint), endpoint.name()));
        policy.flows().forEach(flow -> plain.put(names.of(flow), flow.name()));
        policy.conflicts().forEach(set -> plain.put(names.of(set), set.name()));
        policy.assertions().forEach(claim -> plain.put(names.of(claim), "" + claim.index()));
        module = AlloyModule.parse(PolicyModel.of(policy).text());
        instance = module.run(module.command(PolicyModel.INSTANCE));
        if (!instance.satisfiable()) {
            throw new AssertionError("the module of policy " + policy.name() + " contradicts itself");
        }
    }

    AlloyModule module() {
        return module;
    }

    /** Returns whether there is a second instance, in which some verdict might be another. */
    boolean ambiguous() {
        return instance.next().satisfiable();
    }

    /** Returns a relation's tuples, such as {@code red>black}. */
    Set<String> relation(String expression) {
        Set<String> tuples = new TreeSet<>();
        for (A4Tuple tuple : (A4TupleSet) module.eval(instance, expression)) {
            tuples.add(IntStream.range(0, tuple.arity())
                    .mapToObj(column -> plain(tuple.atom(column)))
                    .collect(Collectors.joining(">")));
        }
        return tuples;
    }

    private String plain(String atom) {
        String name = atom.substring(0, atom.lastIndexOf('$'));
        return plain.getOrDefault(name, name);
    }
}
