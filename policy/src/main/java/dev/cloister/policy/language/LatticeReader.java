package dev.cloister.policy.language;

import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.Lattice;
import dev.cloister.policy.model.SourcePosition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads the lattice, then the labels that are made of its names. */
final class LatticeReader {
    private static final Set<String> FIELDS = Set.of("levels", "compartments");
    private static final Set<String> LABEL_FIELDS = Set.of("level", "compartments");
    private static final Label NO_LABEL = new Label(0, 1, 0);

    private final Names levels = new Names("level");
    private final Names compartments = new Names("compartment");
    private Lattice lattice = Lattice.chain(List.of(), List.of(), new SourcePosition("", 0, 0));

    /** Reads the policy's lattice. */
    Lattice read(Fields policy) {
        policy.required("lattice").ifPresent(json -> lattice = lattice(policy.open(json, "the lattice", FIELDS)));
        return lattice;
    }

    private Lattice lattice(Fields fields) {
        Optional<Json> json = fields.required("levels");
        List<String> compartmentNames = names(fields, "compartments", compartments);
        if (json.isEmpty()) {
            return Lattice.chain(List.of(), compartmentNames, fields.position());
        }
        return switch (json.get()) {
            case Json.Obj order -> order(order, fields, compartmentNames);
            case Json.Arr chain -> {
                if (chain.items().isEmpty()) {
                    fields.none(chain, "levels");
                }
                yield Lattice.chain(names(fields, "levels", levels), compartmentNames, fields.position());
            }
            default -> {
                fields.wrongType(
                        json.get(),
                        "levels",
                        "an array, lowest first, or an object: each level with those just below it");
                yield Lattice.chain(List.of(), compartmentNames, fields.position());
            }
        };
    }

    private static List<String> names(Fields fields, String field, Names names) {
        List<String> list = new ArrayList<>();
        for (Json item : fields.items(field, false, Lattice.MAX_NAMES)) {
            String name = fields.text(item, field, TextForm.NAME);
            names.add(name, item, fields.problems());
            list.add(name);
        }
        return list;
    }

    /** A partial order: an object that gives each level those directly below it. */
    private Lattice order(Json.Obj object, Fields fields, List<String> compartmentNames) {
        int size = object.members().size();
        if (size == 0 || size > Lattice.MAX_NAMES) {
            fields.outOfRange("levels", "1 to " + Lattice.MAX_NAMES + " levels");
            return Lattice.chain(List.of(), compartmentNames, fields.position());
        }
        object.members()
                .forEach((name, member) ->
                        levels.add(levelName(name, member, fields), member.value(), fields.problems()));
        List<Json.Member> members = new ArrayList<>();
        List<Long> direct = new ArrayList<>();
        object.members().forEach((name, member) -> {
            members.add(member);
            direct.add(below(name, member.value(), fields));
        });
        List<Long> reach = closure(direct);
        cycle(object.members().names(), members, direct, reach, fields);
        List<Long> below = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            below.add(reach.get(i) | 1L << i);
        }
        return new Lattice(object.members().names(), below, compartmentNames, fields.position());
    }

    private static String levelName(String name, Json.Member member, Fields fields) {
        if (TextForm.NAME.matches(name)) {
            return name;
        }
        fields.problems()
                .errorAt(
                        FindingId.MALFORMED,
                        member.line(),
                        member.column(),
                        "bad name of a level: \"" + Problems.shorten(name) + "\"",
                        TextForm.NAME.words(),
                        "");
        return "";
    }

    private long below(String level, Json json, Fields fields) {
        long bits = 0;
        for (Json item : fields.items(json, level, Lattice.MAX_NAMES)) {
            bits |= 1L << levels.number(fields.text(item, level, TextForm.NAME), item, fields.problems());
        }
        return bits;
    }

    /** Returns for each level the bits of all that are below it by one or more steps. */
    private static List<Long> closure(List<Long> direct) {
        List<Long> reach = new ArrayList<>(direct);
        for (int via = 0; via < reach.size(); via++) {
            for (int i = 0; i < reach.size(); i++) {
                if ((reach.get(i) >>> via & 1) != 0) {
                    reach.set(i, reach.get(i) | reach.get(via));
                }
            }
        }
        return reach;
    }

    /** Reports the first cycle by its levels. */
    private static void cycle(
            List<String> names, List<Json.Member> members, List<Long> direct, List<Long> reach, Fields fields) {
        for (int start = 0; start < names.size(); start++) {
            if ((reach.get(start) >>> start & 1) != 0) {
                Json.Member at = members.get(start);
                fields.problems()
                        .errorAt(
                                FindingId.LATTICE_CYCLE,
                                at.line(),
                                at.column(),
                                "the levels form a cycle: " + path(start, names, direct),
                                "levels in a partial order: none below itself",
                                "remove one of these steps");
                return;
            }
        }
    }

    /** Returns a shortest way from a level back to itself. */
    private static String path(int start, List<String> names, List<Long> direct) {
        List<Integer> queue = new ArrayList<>(List.of(start));
        List<String> paths = new ArrayList<>(List.of(names.get(start)));
        long seen = 0;
        for (int head = 0; head < queue.size(); head++) {
            long steps = direct.get(queue.get(head)) & ~seen;
            seen |= steps;
            while (steps != 0) {
                int next = Long.numberOfTrailingZeros(steps);
                steps &= steps - 1;
                queue.add(next);
                paths.add(paths.get(head) + " > " + names.get(next));
                if (next == start) {
                    return paths.getLast();
                }
            }
        }
        throw new IllegalArgumentException("no cycle through " + names.get(start));
    }

    /** Reads a required member that is a label; {@code what} is whose. */
    Label label(Fields owner, String field, String what) {
        return owner.required(field).map(json -> label(owner, json, what)).orElse(NO_LABEL);
    }

    private Label label(Fields owner, Json json, String what) {
        Fields fields = owner.open(json, what, LABEL_FIELDS);
        int level = fields.required("level")
                .map(item -> levels.number(fields.text(item, "level", TextForm.NAME), item, fields.problems()))
                .orElse(0);
        long bits = 0;
        for (Json item : fields.items("compartments", false, Lattice.MAX_NAMES)) {
            String name = fields.text(item, "compartments", TextForm.NAME);
            long bit = 1L << compartments.number(name, item, fields.problems());
            if ((bits & bit) != 0) {
                fields.error(FindingId.DUPLICATE, item, "the compartment is named twice", "each name once", "");
            }
            bits |= bit;
        }
        return level < lattice.levels().size() ? lattice.label(level, bits) : NO_LABEL;
    }
}
