package dev.cloister.policy.analysis;

import dev.cloister.policy.analysis.graph.FlowEdge;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.analysis.graph.SharedResources;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.ResidualRisk;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Pairs of domains that share a resource although their labels differ, so that at least one way between them is forbidden. */
final class SharingPairs {
    private final FlowGraph graph;
    private final SharedResources resource;

    SharingPairs(FlowGraph graph, SharedResources resource) {
        this.graph = graph;
        this.resource = resource;
    }

    /** Returns how many unordered pairs share it without a risk in force that names it. */
    long undeclared() {
        long pairs = 0;
        for (int one = 0; one < resource.groups(); one++) {
            for (int two = one; two < resource.groups(); two++) {
                if (!resource.accepted(one, two) && resource.shares(one, two)) {
                    pairs += differing(one, two);
                }
            }
        }
        return pairs;
    }

    private long differing(int one, int two) {
        Map<Label, Long> first = labels(one);
        if (one == two) {
            long size = resource.members(one).size();
            return (size * size - first.values().stream().mapToLong(n -> n * n).sum()) / 2;
        }
        Map<Label, Long> second = labels(two);
        long alike = 0;
        for (Map.Entry<Label, Long> entry : first.entrySet()) {
            alike += entry.getValue() * second.getOrDefault(entry.getKey(), 0L);
        }
        return (long) resource.members(one).size() * resource.members(two).size() - alike;
    }

    private Map<Label, Long> labels(int group) {
        Map<Label, Long> labels = new HashMap<>();
        resource.members(group).forEach(domain -> labels.merge(domain.label(), 1L, Long::sum));
        return labels;
    }

    /** Returns an edge that the labels forbid, of the first pair that shares it without a risk in force that names it. */
    Optional<FlowEdge> firstUndeclared() {
        for (int one = 0; one < resource.groups(); one++) {
            for (int two = one; two < resource.groups(); two++) {
                if (!resource.accepted(one, two) && resource.shares(one, two) && differing(one, two) > 0) {
                    return first(resource.members(one), resource.members(two));
                }
            }
        }
        return Optional.empty();
    }

    /** Returns an edge that the labels forbid, of the first pair for which a risk accepts it, whether it is in force or not. */
    Optional<FlowEdge> first(ResidualRisk risk) {
        // One domain of each group and label stands for all that are like it.
        List<Domain> one = representatives(risk.one());
        for (Domain other : representatives(risk.two())) {
            for (Domain domain : one) {
                int a = resource.groupOf(domain.index());
                int b = resource.groupOf(other.index());
                if (!domain.label().equals(other.label()) && resource.shares(a, b)) {
                    return first(List.of(domain), List.of(other));
                }
            }
        }
        return Optional.empty();
    }

    private record Alike(int group, Label label) {}

    private List<Domain> representatives(List<Endpoint> endpoints) {
        Set<Alike> seen = new LinkedHashSet<>();
        return endpoints.stream()
                .filter(Domain.class::isInstance)
                .map(Domain.class::cast)
                .filter(domain -> resource.groupOf(domain.index()) >= 0)
                .filter(domain -> seen.add(new Alike(resource.groupOf(domain.index()), domain.label())))
                .toList();
    }

    private Optional<FlowEdge> first(List<Domain> ones, List<Domain> twos) {
        for (Domain one : ones) {
            for (Domain two : twos) {
                if (!two.label().dominates(one.label())) {
                    return Optional.of(graph.sharedEdge(one.index(), two.index(), resource));
                }
                if (!one.label().dominates(two.label())) {
                    return Optional.of(graph.sharedEdge(two.index(), one.index(), resource));
                }
            }
        }
        return Optional.empty();
    }
}
