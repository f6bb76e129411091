package dev.cloister.policy.fuzz;

import dev.cloister.policy.text.RandomJson;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Turns a fuzzer's bytes into a document that a loader reads further than its first character: a seed document with some of its
 * values replaced, removed, doubled, renamed, or exchanged for others of the seeds.
 */
final class StructuredInput {
    private static final int MOST_EDITS = 6;
    private static final int MOST_SLOTS = 20_000;
    /** Values that are out of place, at a bound, or beyond it. */
    static final List<Object> STRANGE = List.of(
            0L,
            -1L,
            1L,
            63L,
            64L,
            65L,
            65_536L,
            Integer.MAX_VALUE + 1L,
            9007199254740991L,
            Long.MAX_VALUE,
            Long.MIN_VALUE,
            new java.math.BigDecimal("1.5"),
            new java.math.BigDecimal("1e300"),
            true,
            false,
            "",
            " ",
            "*",
            "#",
            "#tag",
            "@",
            "@console",
            "@audit",
            "@disk:x",
            "@tap:x",
            "@log:x",
            "@disk:",
            "a",
            "ä",
            "😀",
            "\u0000",
            "x".repeat(300),
            "16M",
            "0M",
            "1K",
            "64G",
            "9999999999G",
            "1h",
            "0s",
            "10ms",
            "99999999999h",
            "24:00",
            "08:60",
            "2026-02-30",
            "2026-01-01",
            "9999-12-31",
            "Europe/Berlin",
            "Mars/X",
            "mon",
            "../x",
            "/etc/passwd",
            "fragments/a.json",
            "memory",
            "stream",
            "event",
            "console",
            "disk",
            "wire",
            "datagram",
            "log",
            "direct",
            "auto");

    private final List<Object> seeds;
    private final List<String> names;

    /**
     * Takes the seeds.
     *
     * @param texts JSON5 documents
     * @param moreNames names that members may get besides those of the seeds
     */
    StructuredInput(List<String> texts, Set<String> moreNames) {
        seeds = new ArrayList<>();
        Set<String> all = new LinkedHashSet<>(moreNames);
        for (String text : texts) {
            try {
                Object seed = Trees.read(text);
                seeds.add(seed);
                collectNames(seed, all);
            } catch (IOException e) {
                throw new IllegalStateException("a seed that isn't JSON5: " + text, e);
            }
        }
        names = List.copyOf(all);
    }

    private static void collectNames(@Nullable Object value, Set<String> into) {
        if (value instanceof Map<?, ?> map) {
            map.forEach((name, inner) -> {
                into.add((String) name);
                collectNames(inner, into);
            });
        } else if (value instanceof List<?> list) {
            list.forEach(inner -> collectNames(inner, into));
        }
    }

    /** Returns the text of an edited seed. */
    String text(byte[] data, int from) {
        Choices choices = new Choices(data, from);
        Object tree = tree(choices);
        return new RandomJson(choices.below(4096)).text(tree);
    }

    /** Returns an edited seed. */
    @Nullable
    Object tree(Choices choices) {
        List<@Nullable Object> holder = new ArrayList<>();
        holder.add(Trees.copy(choices.of(seeds)));
        int edits = 1 + choices.below(2) * choices.below(MOST_EDITS);
        for (int i = 0; i < edits && !choices.isEmpty(); i++) {
            edit(holder, choices);
        }
        return holder.getFirst();
    }

    private void edit(List<@Nullable Object> root, Choices choices) {
        List<Slot> slots = new ArrayList<>();
        collect(root, slots);
        Slot slot = choices.of(slots.subList(0, Math.min(slots.size(), MOST_SLOTS)));
        switch (choices.below(12)) {
            case 0, 1 -> slot.set(choices.of(STRANGE));
            case 2 -> slot.remove();
            case 3 -> slot.insert(name(choices), Trees.copy(choices.of(slots).get()));
            case 4 -> slot.insert(name(choices), choices.of(STRANGE));
            case 5 -> slot.set(foreign(choices));
            case 6 -> slot.rename(name(choices));
            case 7 -> slot.set(new ArrayList<>(List.of(slot.get() == null ? "null" : slot.get())));
            default -> slot.set(kindred(slot, slots, choices));
        }
    }

    /** Returns what a member of the same name has elsewhere in the document: likely of the right form, less likely right. */
    private static @Nullable Object kindred(Slot slot, List<Slot> slots, Choices choices) {
        List<Slot> same =
                slots.stream().filter(other -> other.name().equals(slot.name())).toList();
        return Trees.copy(choices.of(same).get());
    }

    private String name(Choices choices) {
        return choices.of(names);
    }

    private @Nullable Object foreign(Choices choices) {
        List<Slot> slots = new ArrayList<>();
        collect(new ArrayList<>(List.of(choices.of(seeds))), slots);
        return Trees.copy(choices.of(slots).get());
    }

    private static void collect(Object container, List<Slot> into) {
        if (container instanceof Map<?, ?> map) {
            @SuppressWarnings("unchecked") // Trees makes no others.
            Map<String, @Nullable Object> members = (Map<String, @Nullable Object>) map;
            for (String name : List.copyOf(members.keySet())) {
                into.add(new Slot(members, null, name, 0));
                collectInner(members.get(name), into);
            }
        } else if (container instanceof List<?> list) {
            @SuppressWarnings("unchecked") // Trees makes no others.
            List<@Nullable Object> elements = (List<@Nullable Object>) list;
            for (int i = 0; i < elements.size(); i++) {
                into.add(new Slot(null, elements, "", i));
                collectInner(elements.get(i), into);
            }
        }
    }

    private static void collectInner(@Nullable Object inner, List<Slot> into) {
        if (inner != null) {
            collect(inner, into);
        }
    }

    /** A place in a document that holds a value. */
    private record Slot(
            @Nullable Map<String, @Nullable Object> map,
            @Nullable List<@Nullable Object> list,
            String name,
            int index) {
        @Nullable
        Object get() {
            return map != null ? map.get(name) : list == null ? null : list.get(index);
        }

        void set(@Nullable Object value) {
            if (map != null) {
                map.put(name, value);
            } else if (list != null) {
                list.set(index, value);
            }
        }

        void remove() {
            if (map != null) {
                map.remove(name);
            } else if (list != null && list.size() > 1) {
                list.remove(index);
            }
        }

        void insert(String newName, @Nullable Object value) {
            if (map != null) {
                map.put(newName, value);
            } else if (list != null && list.size() < 200) {
                list.add(value);
            }
        }

        void rename(String newName) {
            if (map != null) {
                map.put(newName, map.remove(name));
            }
        }
    }
}
