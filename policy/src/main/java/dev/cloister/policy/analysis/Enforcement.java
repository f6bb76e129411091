package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Guard;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Problem;
import dev.cloister.policy.model.Restart;
import dev.cloister.policy.model.SourcePosition;
import dev.cloister.policy.model.UnexpectedExit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Lists what a policy asks for that this release neither makes nor enforces. {@code policy check} notes it; the daemon refuses
 * to run such a policy, because a limit that nobody keeps is worse than none. Stateless.
 */
public final class Enforcement {
    private Enforcement() {}

    /**
     * One such wish.
     *
     * @param asker who asks, such as {@code domain "red"}
     * @param words what it asks for
     * @param position where the policy says so
     */
    public record Unmet(String asker, String words, SourcePosition position) {
        /** Returns the sentence that people read. */
        public String message() {
            return asker + " asks for " + words + ", which this release neither makes nor enforces";
        }
    }

    /** Returns everything unmet, in the order flows, domains, guards, schedule; empty: the policy can be run as it is. */
    public static List<Unmet> unmet(Policy policy) {
        List<Unmet> list = new ArrayList<>();
        policy.flows().forEach(flow -> flow(flow, list));
        policy.domains().forEach(domain -> {
            resources(domain, list);
            lifecycle(domain, list);
        });
        for (Guard guard : policy.guards()) {
            guard.quota()
                    .ifPresent(quota -> add(
                            list, Feature.QUOTAS, "guard \"" + guard.domain().name() + "\"", quota.position()));
        }
        policy.conflicts()
                .forEach(set -> add(list, Feature.CONFLICTS, "conflict set \"" + set.name() + "\"", set.position()));
        policy.schedule().ifPresent(schedule -> add(list, Feature.SCHEDULE, "the policy", schedule.position()));
        return List.copyOf(list);
    }

    /** Returns the same as errors that keep a policy from being run. */
    public static List<Problem> problems(Policy policy) {
        return unmet(policy).stream()
                .map(unmet -> new Problem(
                        FindingId.NOT_ENFORCED,
                        Problem.Severity.ERROR,
                        unmet.position().file(),
                        unmet.position().line(),
                        unmet.position().column(),
                        unmet.message(),
                        "",
                        "",
                        "remove it, or run the policy without it by --accept-unenforced"))
                .toList();
    }

    private static void flow(Flow flow, List<Unmet> list) {
        String asker = "flow \"" + flow.name() + "\"";
        flow.limits().quota().ifPresent(quota -> add(list, Feature.QUOTAS, asker, quota.position()));
        if (flow.limits().when().restricted()) {
            add(list, Feature.WINDOWS, asker, flow.position());
        }
    }

    private static void resources(Domain domain, List<Unmet> list) {
        String asker = "domain \"" + domain.name() + "\"";
        SourcePosition at = domain.position();
        if (!domain.cpus().pin().isEmpty()) {
            add(list, domain.cpus().exclusive() ? Feature.EXCLUSIVE_CPUS : Feature.PINNED_CPUS, asker, at);
        }
        if (domain.memory().hugePageBytes() != 0) {
            add(list, Feature.HUGE_PAGES, asker, at);
        }
        if (domain.memory().prefault()) {
            add(list, Feature.PREFAULT, asker, at);
        }
        domain.cgroup().ifPresent(cgroup -> add(list, Feature.CGROUP, asker, cgroup.position()));
        domain.cpuid().ifPresent(_ -> add(list, Feature.CPUID, asker, at));
        Optional.of(domain.image())
                .filter(image -> image.firmware().isPresent())
                .ifPresent(image -> {
                    add(list, Feature.FIRMWARE, asker, image.position());
                    if (image.kernel().isPresent()) {
                        add(list, Feature.FIRMWARE_WITH_KERNEL, asker, image.position());
                    }
                });
        if (domain.engine() == Engine.SHADOW) {
            add(list, Feature.SHADOW_ENGINE, asker, at);
        }
    }

    private static void lifecycle(Domain domain, List<Unmet> list) {
        String asker = "domain \"" + domain.name() + "\"";
        if (domain.lifecycle().when().restricted()) {
            add(list, Feature.WINDOWS, asker, domain.position());
        }
        if (domain.lifecycle().restart().rule() != Restart.Rule.NEVER) {
            add(list, Feature.RESTART, asker, domain.position());
        }
        if (domain.lifecycle().onUnexpectedExit() == UnexpectedExit.HALT) {
            add(list, Feature.HALT_ON_EXIT, asker, domain.position());
        }
    }

    private static void add(List<Unmet> list, Feature feature, String asker, SourcePosition position) {
        if (!feature.made()) {
            list.add(new Unmet(asker, feature.words(), position));
        }
    }
}
