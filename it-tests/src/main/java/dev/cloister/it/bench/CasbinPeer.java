package dev.cloister.it.bench;

import dev.cloister.policy.model.Flow;
import java.util.ArrayList;
import java.util.List;
import org.casbin.jcasbin.main.Enforcer;
import org.casbin.jcasbin.model.Model;

/** jCasbin with one policy line for each declared flow and its usual exact matcher. */
final class CasbinPeer {
    private static final String MODEL = """
        [request_definition]
        r = sub, obj, act

        [policy_definition]
        p = sub, obj, act

        [policy_effect]
        e = some(where (p.eft == allow))

        [matchers]
        m = r.sub == p.sub && r.obj == p.obj && r.act == p.act
        """;

    private final Enforcer enforcer;

    CasbinPeer(PolicyRequests requests) {
        Model model = new Model();
        model.loadModelFromText(MODEL);
        enforcer = new Enforcer(model);
        enforcer.enableLog(false);
        List<List<String>> lines = new ArrayList<>();
        for (Flow flow : requests.policy().flows()) {
            lines.add(List.of(flow.from().name(), flow.to().name(), flow.kind().jsonName()));
        }
        enforcer.addPolicies(lines.stream().distinct().toList());
    }

    /** Decides on the first {@code count} questions; returns nanoseconds per decision. */
    double decide(PolicyRequests requests, int count) {
        long start = System.nanoTime();
        for (PolicyRequests.Question question : requests.questions().subList(0, count)) {
            boolean allowed = enforcer.enforce(
                    question.from().name(),
                    question.to().name(),
                    question.kind().jsonName());
            if (allowed != question.declared()) {
                throw new IllegalStateException("jCasbin answers " + allowed + " to " + question);
            }
        }
        return (System.nanoTime() - start) / (double) count;
    }
}
