package dev.cloister.policy.render;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The curves of edges. Each end leaves its box at a place of its own on the side that faces the other end, in the order of the other
 * ends, so that edges of one box don't lie on each other.
 */
final class EdgeRoutes {
    private static final double SPREAD = 0.76;
    private static final double LEAST_BOW = 34;
    private static final double BOW = 0.42;
    private static final double ARC = 30;
    private static final double MOST_ARC = 60;

    private enum Side {
        TOP(0, -1),
        BOTTOM(0, 1),
        LEFT(-1, 0),
        RIGHT(1, 0);

        private final int dx;
        private final int dy;

        Side(int dx, int dy) {
            this.dx = dx;
            this.dy = dy;
        }
    }

    /** One end of an edge on a side of a box, and what it is sorted by. */
    private record End(int edge, boolean start, double key) {}

    private record Port(Endpoint endpoint, Side side) {}

    private record Point(double x, double y, Side side) {}

    /**
     * A curve.
     *
     * @param path as SVG writes it
     * @param midX its middle
     * @param midY its middle
     */
    record Route(String path, double midX, double midY) {}

    private final Layout layout;
    private final List<GraphEdge> edges;
    private final Point[] starts;
    private final Point[] ends;

    EdgeRoutes(Layout layout, List<GraphEdge> edges) {
        this.layout = layout;
        this.edges = edges;
        this.starts = new Point[edges.size()];
        this.ends = new Point[edges.size()];
        ports();
    }

    /** Returns the curve of the edge with that place in the list. */
    Route route(int edge) {
        Point a = starts[edge];
        Point b = ends[edge];
        double bow = bow(a, b);
        double x1 = a.x() + a.side().dx * bow;
        double y1 = a.y() + a.side().dy * bow;
        double x2 = b.x() + b.side().dx * bow;
        double y2 = b.y() + b.side().dy * bow;
        String path = String.format(
                Locale.ROOT, "M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f", a.x(), a.y(), x1, y1, x2, y2, b.x(), b.y());
        return new Route(path, (a.x() + 3 * x1 + 3 * x2 + b.x()) / 8, (a.y() + 3 * y1 + 3 * y2 + b.y()) / 8);
    }

    private static double bow(Point a, Point b) {
        double distance = Math.hypot(b.x() - a.x(), b.y() - a.y());
        if (a.side() == b.side()) {
            return Math.min(MOST_ARC, ARC + distance * 0.06);
        }
        if (a.side().dy == 0) {
            return Math.min(distance / 2, Math.max(LEAST_BOW, distance * BOW));
        }
        return Math.max(LEAST_BOW, Math.abs(b.y() - a.y()) * BOW);
    }

    private void ports() {
        Map<Port, List<End>> ports = new LinkedHashMap<>();
        for (int i = 0; i < edges.size(); i++) {
            GraphEdge edge = edges.get(i);
            add(ports, edge.from(), side(edge.from(), edge.to(), edge.sort().reverse()), i, true, edge.to());
            add(ports, edge.to(), side(edge.to(), edge.from(), edge.sort().reverse()), i, false, edge.from());
        }
        ports.forEach((port, list) -> {
            list.sort(Comparator.comparingDouble(End::key).thenComparingInt(End::edge));
            for (int i = 0; i < list.size(); i++) {
                Point point = point(layout.box(port.endpoint()), port.side(), (i + 1.0) / (list.size() + 1));
                (list.get(i).start() ? starts : ends)[list.get(i).edge()] = point;
            }
        });
    }

    private void add(Map<Port, List<End>> ports, Endpoint at, Side side, int edge, boolean start, Endpoint other) {
        Box far = layout.box(other);
        double key = side.dx == 0 ? far.cx() : far.cy();
        ports.computeIfAbsent(new Port(at, side), _ -> new ArrayList<>()).add(new End(edge, start, key));
    }

    /** The side of a box that an edge uses. Reverse edges of neighbours in a row go below, others above. */
    private Side side(Endpoint at, Endpoint other, boolean reverse) {
        Box a = layout.box(at);
        Box b = layout.box(other);
        if (!(at instanceof Domain)) {
            return Side.LEFT;
        }
        if (!(other instanceof Domain)) {
            return Side.RIGHT;
        }
        if (Math.abs(a.cy() - b.cy()) < 1) {
            return row(a, b, reverse);
        }
        return b.cy() < a.cy() ? Side.TOP : Side.BOTTOM;
    }

    private static Side row(Box a, Box b, boolean reverse) {
        boolean adjacent = Math.abs(a.cx() - b.cx()) < Layout.NODE_W * 1.5;
        if (adjacent && !reverse) {
            return a.cx() < b.cx() ? Side.RIGHT : Side.LEFT;
        }
        return reverse ? Side.BOTTOM : Side.TOP;
    }

    private static Point point(Box box, Side side, double part) {
        double along = (1 - SPREAD) / 2 + SPREAD * part;
        return switch (side) {
            case TOP -> new Point(box.x() + box.w() * along, box.y(), side);
            case BOTTOM -> new Point(box.x() + box.w() * along, box.bottom(), side);
            case LEFT -> new Point(box.x(), box.y() + box.h() * along, side);
            case RIGHT -> new Point(box.right(), box.y() + box.h() * along, side);
        };
    }
}
