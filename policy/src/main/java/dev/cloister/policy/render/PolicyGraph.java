package dev.cloister.policy.render;

import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Problem;
import java.util.List;

/** Pictures of a policy. Deterministic: the same policy gives the same text. Stateless. */
public final class PolicyGraph {
    /** The most endpoints that are drawn; larger policies have only {@link #dot}. */
    public static final int MAX_DRAWN = 1000;

    private PolicyGraph() {}

    /** Returns the graph in the language of Graphviz. */
    public static String dot(Policy policy) {
        return new DotWriter(new GraphModel(policy)).write();
    }

    /**
     * Returns the graph as an SVG document with its own style, for light and dark.
     *
     * @throws IllegalArgumentException with more than {@link #MAX_DRAWN} endpoints
     */
    public static String svg(Policy policy) {
        bounded(policy);
        return new SvgWriter(new GraphModel(policy)).write(Resources.text("colors.css") + Resources.text("svg.css"));
    }

    /**
     * Returns one self-contained page: the graph, who reaches whom and why not, and the findings. For at most 60 endpoints it holds
     * every pair's verdicts, above that only paths.
     *
     * @param policy the policy
     * @param findings what the analyses found
     * @throws IllegalArgumentException with more than {@link #MAX_DRAWN} endpoints
     */
    public static String html(Policy policy, List<Problem> findings) {
        bounded(policy);
        return new HtmlPage(new GraphModel(policy), findings).write();
    }

    private static void bounded(Policy policy) {
        if (policy.endpoints().size() > MAX_DRAWN) {
            throw new IllegalArgumentException(
                    policy.endpoints().size() + " endpoints; at most " + MAX_DRAWN + " are drawn");
        }
    }
}
