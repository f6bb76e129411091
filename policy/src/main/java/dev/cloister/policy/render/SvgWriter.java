package dev.cloister.policy.render;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import java.util.List;
import java.util.Locale;

/** The graph as SVG, drawn by us: bands of labels, boxes of endpoints, curves of flows. */
final class SvgWriter {
    private static final int FULL_SIZE_NAME = 17;
    private static final double NAME_PX = 13;
    private static final double LEAST_NAME_PX = 8;
    private static final double HEX = 14;
    private static final double BADGE_W = 48;
    private static final double BADGE_H = 15;

    private final Policy policy;
    private final Layout layout;
    private final List<GraphEdge> edges;
    private final StringBuilder out = new StringBuilder(1 << 14);

    SvgWriter(GraphModel model) {
        this.policy = model.policy();
        this.layout = new Layout(model);
        this.edges = model.edges();
    }

    /**
     * Returns the picture.
     *
     * @param style the style sheet that it brings along, may be empty
     */
    String write(String style) {
        out.append(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"graph\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\""
                        + " height=\"%.0f\" role=\"group\" aria-label=\"Flows of policy %s\">\n",
                layout.width(),
                layout.height(),
                layout.width(),
                layout.height(),
                Escape.markup(policy.name())));
        out.append("<title>Flows of policy ")
                .append(Escape.markup(policy.name()))
                .append("</title>\n");
        if (!style.isEmpty()) {
            out.append("<style>").append(style).append("</style>\n");
            out.append("<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n");
        }
        markers();
        bands();
        out.append("<g class=\"edges\">\n");
        edges();
        out.append("</g>\n");
        captions();
        out.append("<g class=\"nodes\">\n");
        policy.endpoints().forEach(this::node);
        return out.append("</g>\n</svg>\n").toString();
    }

    private void markers() {
        out.append("<defs>\n");
        for (FlowKind kind : FlowKind.values()) {
            marker("k-" + kind.jsonName());
        }
        marker("s-refused");
        marker("s-budgeted");
        marker("s-leak");
        out.append("</defs>\n");
    }

    private void marker(String name) {
        out.append("<marker id=\"m-").append(name).append("\" class=\"tip ").append(name);
        out.append("\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"9\" markerHeight=\"9\"");
        out.append(" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 1L10 5L0 9z\"/></marker>\n");
    }

    private void bands() {
        layout.bands().forEach(band -> rect("band", band, 18));
        if (layout.hostPanel().w() > 0) {
            rect("host-panel", layout.hostPanel(), 18);
        }
        layout.groups().forEach(group -> rect("label-group", group.box(), 12));
    }

    /** Over the edges, so that they stay readable. */
    private void captions() {
        if (layout.hostPanel().w() > 0) {
            text(
                    "caption host-caption",
                    layout.hostPanel().cx(),
                    layout.hostPanel().y() + 22,
                    "HOST");
        }
        for (Layout.Placed group : layout.groups()) {
            text(
                    "caption",
                    group.box().x() + 16,
                    group.box().y() + 24,
                    policy.lattice().format(group.label()));
        }
    }

    private void edges() {
        List<GraphEdge> drawn =
                edges.stream().filter(edge -> edge.sort().drawn()).toList();
        EdgeRoutes routes = new EdgeRoutes(layout, drawn);
        for (int i = 0; i < drawn.size(); i++) {
            GraphEdge edge = drawn.get(i);
            EdgeRoutes.Route route = routes.route(i);
            String kind = "k-" + edge.kind().jsonName();
            String sort = "s-" + edge.sort().css();
            String tip = edge.sort() == GraphEdge.Sort.GRANTED || edge.sort() == GraphEdge.Sort.MEDIATED ? kind : sort;
            out.append("<g class=\"edge ").append(kind).append(' ').append(sort);
            out.append("\" data-f=\"").append(edge.from().index());
            out.append("\" data-t=\"").append(edge.to().index()).append("\"><title>");
            out.append(Escape.markup(edge.words())).append("</title>");
            if (edge.sort() == GraphEdge.Sort.MEDIATED) {
                out.append("<path class=\"halo\" d=\"").append(route.path()).append("\"/>");
            }
            out.append("<path class=\"hit\" d=\"").append(route.path()).append("\"/>");
            out.append("<path class=\"line\" d=\"").append(route.path()).append("\" marker-end=\"url(#m-");
            out.append(tip).append(")\"/>");
            if (edge.sort().reverse()) {
                text(
                        "budget",
                        route.midX(),
                        route.midY(),
                        edge.budget() > 0 ? "≤ " + edge.budget() + " bit/s" : "no budget");
            }
            out.append("</g>\n");
        }
    }

    private void node(Endpoint endpoint) {
        boolean guard = policy.isGuard(endpoint.index());
        Box box = layout.box(endpoint);
        String label = policy.lattice().format(endpoint.label());
        out.append("<g class=\"node ").append(guard ? "guard" : endpoint instanceof Domain ? "domain" : "host");
        out.append("\" data-i=\"").append(endpoint.index()).append("\" tabindex=\"0\" role=\"button\" aria-label=\"");
        out.append(Escape.markup(endpoint.name() + (guard ? ", guard" : "") + ", label " + label));
        out.append("\"><title>").append(Escape.markup(endpoint.name() + " · " + label));
        out.append(guard ? " · guard" : "").append("</title>");
        if (guard) {
            hexagon(box);
        } else {
            rect("shape", box, endpoint instanceof Domain ? 10 : box.h() / 2);
        }
        double size = Math.max(
                LEAST_NAME_PX,
                Math.min(NAME_PX, NAME_PX * FULL_SIZE_NAME / endpoint.name().length()));
        out.append(String.format(
                Locale.ROOT,
                "<text class=\"name\" x=\"%.1f\" y=\"%.1f\" style=\"font-size:%.1fpx\">%s</text>",
                box.cx(),
                box.cy() - 2,
                size,
                Escape.markup(endpoint.name())));
        text("sub", box.cx(), box.cy() + 14, sub(endpoint, label));
        if (guard) {
            Box badge = new Box(box.x() + HEX / 2, box.y() - BADGE_H / 2 - 1, BADGE_W, BADGE_H);
            out.append("<g class=\"badge\">");
            rect("badge-shape", badge, BADGE_H / 2);
            text("badge-text", badge.cx(), badge.cy() + 3.5, "GUARD");
            out.append("</g>");
        }
        out.append("</g>\n");
    }

    private static String sub(Endpoint endpoint, String label) {
        return switch (endpoint) {
            case Domain domain ->
                memory(domain.memory().bytes()) + " · " + domain.cpus().count() + " CPU"
                        + (domain.cpus().count() == 1 ? "" : "s");
            default -> label.length() > 22 ? label.substring(0, 21) + "…" : label;
        };
    }

    private static String memory(long bytes) {
        long mib = bytes >> 20;
        return mib >= 1024 && mib % 1024 == 0 ? (mib >> 10) + " GiB" : mib + " MiB";
    }

    private void hexagon(Box b) {
        out.append(String.format(
                Locale.ROOT,
                "<path class=\"shape\" d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1fL%.1f %.1fL%.1f %.1fL%.1f %.1fz\"/>",
                b.x() + HEX,
                b.y(),
                b.right() - HEX,
                b.y(),
                b.right(),
                b.cy(),
                b.right() - HEX,
                b.bottom(),
                b.x() + HEX,
                b.bottom(),
                b.x(),
                b.cy()));
    }

    private void rect(String css, Box b, double radius) {
        out.append(String.format(
                Locale.ROOT,
                "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.1f\"/>\n",
                css,
                b.x(),
                b.y(),
                b.w(),
                b.h(),
                radius));
    }

    private void text(String css, double x, double y, String text) {
        out.append(String.format(
                Locale.ROOT, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", css, x, y, Escape.markup(text)));
    }
}
