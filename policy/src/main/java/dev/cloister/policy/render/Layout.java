package dev.cloister.policy.render;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Label;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Places of everything: a layer for each rank of labels, the highest on top; in a layer a group for each label; in a group its
 * domains, ordered by the barycentre of their neighbours to have few crossings; host endpoints in a column of their own, beside
 * the layer of their label. Deterministic: ties are broken by the policy's order.
 */
final class Layout {
    static final double NODE_W = 148;
    static final double NODE_H = 46;
    private static final double GAP_X = 30;
    private static final double GAP_Y = 44;
    private static final double PAD = 20;
    private static final double CAPTION = 26;
    private static final double CAPTION_PX = 7.6;
    private static final double GROUP_GAP = 28;
    private static final double LAYER_GAP = 92;
    private static final double LAYER_PAD = 14;
    private static final double MARGIN = 24;
    private static final double WRAP = 1500;
    private static final double HOST_GAP = 64;
    private static final double HOST_STEP = NODE_H + 22;
    private static final int ONE_ROW = 7;
    private static final int SWEEPS = 12;
    private static final int COUNTED_EDGES = 1500;

    /**
     * The domains of one label.
     *
     * @param label the label
     * @param captionWidth room that its name needs
     * @param members their endpoints' indexes, in the order of drawing
     */
    record Group(Label label, double captionWidth, List<Integer> members) {
        int columns() {
            int n = members.size();
            return n <= ONE_ROW ? Math.max(1, n) : (int) Math.ceil(Math.sqrt(n * 3.0));
        }

        double width() {
            return Math.max(captionWidth, boxesWidth()) + 2 * PAD;
        }

        double boxesWidth() {
            return Math.min(columns(), Math.max(1, members.size())) * (NODE_W + GAP_X) - GAP_X;
        }

        double height() {
            int rows = Math.max(1, (members.size() + columns() - 1) / columns());
            return rows * (NODE_H + GAP_Y) - GAP_Y + PAD + CAPTION + PAD;
        }
    }

    /**
     * Where one group is.
     *
     * @param label its label
     * @param box its outline
     */
    record Placed(Label label, Box box) {}

    private final GraphModel model;
    private final List<List<Group>> layers = new ArrayList<>();
    private final List<List<Integer>> hosts = new ArrayList<>();
    private final Box[] boxes;
    private final List<List<Integer>> neighbours = new ArrayList<>();
    private final List<Placed> groups = new ArrayList<>();
    private final List<Box> bands = new ArrayList<>();
    private Box hostPanel = new Box(0, 0, 0, 0);
    private double width;
    private double height;

    Layout(GraphModel model) {
        this.model = model;
        this.boxes = new Box[model.policy().endpoints().size()];
        Arrays.setAll(boxes, _ -> new Box(0, 0, 0, 0));
        collect();
        order();
        place();
    }

    /** Returns where an endpoint is. */
    Box box(Endpoint endpoint) {
        return boxes[endpoint.index()];
    }

    List<Placed> groups() {
        return Collections.unmodifiableList(groups);
    }

    /** Returns the layers' backgrounds, highest first. */
    List<Box> bands() {
        return Collections.unmodifiableList(bands);
    }

    /** Returns the outline of the host's column; of no width where there are no host endpoints. */
    Box hostPanel() {
        return hostPanel;
    }

    double width() {
        return width;
    }

    double height() {
        return height;
    }

    private void collect() {
        Map<Integer, Map<Label, List<Integer>>> domains = new TreeMap<>(Comparator.reverseOrder());
        Map<Integer, List<Integer>> hostOf = new TreeMap<>();
        for (Endpoint endpoint : model.policy().endpoints()) {
            int rank = model.rank(endpoint);
            var layer = domains.computeIfAbsent(rank, _ -> new java.util.LinkedHashMap<>());
            if (endpoint instanceof Domain) {
                layer.computeIfAbsent(endpoint.label(), _ -> new ArrayList<>()).add(endpoint.index());
            } else {
                hostOf.computeIfAbsent(rank, _ -> new ArrayList<>()).add(endpoint.index());
            }
            neighbours.add(new ArrayList<>());
        }
        domains.forEach((rank, layer) -> {
            layers.add(layer.entrySet().stream()
                    .map(group -> new Group(group.getKey(), captionWidth(group.getKey()), group.getValue()))
                    .collect(Collectors.toCollection(ArrayList::new)));
            hosts.add(hostOf.getOrDefault(rank, List.of()));
        });
        for (GraphEdge edge : model.edges()) {
            if (edge.from() instanceof Domain && edge.to() instanceof Domain) {
                neighbours.get(edge.from().index()).add(edge.to().index());
                neighbours.get(edge.to().index()).add(edge.from().index());
            }
        }
    }

    private double captionWidth(Label label) {
        return model.policy().lattice().format(label).length() * CAPTION_PX;
    }

    /** Sorts by barycentre in sweeps, and keeps the order with the fewest crossings. */
    private void order() {
        place();
        List<List<Group>> best = copy();
        long fewest = crossings();
        for (int sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
            for (int i = 0; i < layers.size(); i++) {
                sort(layers.get(sweep % 2 == 0 ? i : layers.size() - 1 - i));
                place();
            }
            long now = crossings();
            if (now < fewest) {
                fewest = now;
                best = copy();
            }
        }
        layers.clear();
        layers.addAll(best);
    }

    private List<List<Group>> copy() {
        return layers.stream()
                .map(layer -> (List<Group>) layer.stream()
                        .map(group -> new Group(group.label(), group.captionWidth(), new ArrayList<>(group.members())))
                        .collect(Collectors.toCollection(ArrayList::new)))
                .collect(Collectors.toCollection(ArrayList::new));
    }

    private void sort(List<Group> layer) {
        layer.forEach(group -> group.members().sort(Comparator.comparingDouble(this::centre)));
        layer.sort(Comparator.comparingDouble(group ->
                group.members().stream().mapToDouble(this::centre).average().orElse(0)));
    }

    private double centre(int node) {
        return neighbours.get(node).stream()
                .mapToDouble(other -> boxes[other].cx())
                .average()
                .orElse(boxes[node].cx());
    }

    /** Counts the crossings of straight lines between boxes; of many edges only their length is summed up. */
    private long crossings() {
        List<GraphEdge> drawn = model.edges().stream()
                .filter(edge -> edge.from() instanceof Domain && edge.to() instanceof Domain)
                .toList();
        if (drawn.size() > COUNTED_EDGES) {
            return Math.round(drawn.stream()
                    .mapToDouble(edge ->
                            Math.abs(box(edge.from()).cx() - box(edge.to()).cx()))
                    .sum());
        }
        long count = 0;
        for (int i = 0; i < drawn.size(); i++) {
            for (int j = i + 1; j < drawn.size(); j++) {
                count += cross(drawn.get(i), drawn.get(j)) ? 1 : 0;
            }
        }
        return count;
    }

    private boolean cross(GraphEdge one, GraphEdge two) {
        Box a = box(one.from());
        Box b = box(one.to());
        Box c = box(two.from());
        Box d = box(two.to());
        return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
    }

    private static double side(Box a, Box b, Box p) {
        return (b.cx() - a.cx()) * (p.cy() - a.cy()) - (b.cy() - a.cy()) * (p.cx() - a.cx());
    }

    private void place() {
        groups.clear();
        bands.clear();
        double inner = layers.stream().mapToDouble(Layout::widest).max().orElse(0);
        double y = MARGIN;
        boolean anyHost = hosts.stream().anyMatch(list -> !list.isEmpty());
        double hostX = MARGIN + inner + 2 * LAYER_PAD + HOST_GAP;
        for (int i = 0; i < layers.size(); i++) {
            double tall = Math.max(layer(layers.get(i), inner, y + LAYER_PAD), stack(hosts.get(i)));
            bands.add(new Box(MARGIN, y, inner + 2 * LAYER_PAD, tall + 2 * LAYER_PAD));
            host(hosts.get(i), hostX + PAD, y + LAYER_PAD + tall / 2);
            y += tall + 2 * LAYER_PAD + LAYER_GAP;
        }
        height = y - LAYER_GAP + MARGIN;
        width = (anyHost ? hostX + NODE_W + 2 * PAD : MARGIN + inner + 2 * LAYER_PAD) + MARGIN;
        hostPanel =
                anyHost ? new Box(hostX, MARGIN, NODE_W + 2 * PAD, height - 2 * MARGIN) : new Box(hostX, MARGIN, 0, 0);
    }

    private static double stack(List<Integer> list) {
        return list.isEmpty() ? 0 : list.size() * HOST_STEP + CAPTION;
    }

    private void host(List<Integer> list, double x, double middle) {
        double y = middle - list.size() * HOST_STEP / 2 + (HOST_STEP - NODE_H) / 2;
        for (int node : list) {
            boxes[node] = new Box(x, y, NODE_W, NODE_H);
            y += HOST_STEP;
        }
    }

    /** Breaks a layer's groups into lines that aren't too wide. */
    private static List<List<Group>> lines(List<Group> layer) {
        List<List<Group>> lines = new ArrayList<>();
        double x = WRAP;
        for (Group group : layer) {
            if (lines.isEmpty() || x + GROUP_GAP + group.width() > WRAP) {
                lines.add(new ArrayList<>());
                x = -GROUP_GAP;
            }
            lines.getLast().add(group);
            x += GROUP_GAP + group.width();
        }
        return lines;
    }

    private static double width(List<Group> line) {
        return line.stream().mapToDouble(group -> group.width() + GROUP_GAP).sum() - GROUP_GAP;
    }

    private static double widest(List<Group> layer) {
        return lines(layer).stream().mapToDouble(Layout::width).max().orElse(0);
    }

    /** Places a layer's groups, each line in the middle; returns how tall they are. */
    private double layer(List<Group> layer, double inner, double top) {
        double y = top;
        for (List<Group> line : lines(layer)) {
            double x = MARGIN + LAYER_PAD + (inner - width(line)) / 2;
            double tall = line.stream().mapToDouble(Group::height).max().orElse(0);
            for (Group group : line) {
                groups.add(new Placed(group.label(), new Box(x, y, group.width(), tall)));
                members(group, x, y);
                x += group.width() + GROUP_GAP;
            }
            y += tall + GROUP_GAP;
        }
        return Math.max(0, y - top - GROUP_GAP);
    }

    private void members(Group group, double x, double y) {
        int columns = group.columns();
        double left = x + (group.width() - group.boxesWidth()) / 2;
        for (int i = 0; i < group.members().size(); i++) {
            boxes[group.members().get(i)] = new Box(
                    left + i % columns * (NODE_W + GAP_X),
                    y + PAD + CAPTION - 6 + i / columns * (NODE_H + GAP_Y),
                    NODE_W,
                    NODE_H);
        }
    }
}
