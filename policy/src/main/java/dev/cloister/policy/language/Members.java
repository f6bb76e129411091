package dev.cloister.policy.language;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The members of a JSON object in their order. Most objects have a handful of members, and a large policy has a quarter of a
 * million objects: two arrays and a linear search take less time and memory than a map each. Large objects get an index.
 */
final class Members {
    private static final int FIRST = 8;
    private static final int LINEAR = 16;

    private String[] names = new String[FIRST];
    private Json.Member[] members = new Json.Member[FIRST];
    private int size;
    private @Nullable Map<String, Integer> index;

    /** Adds a member unless its name is taken; returns the one that has the name already. */
    Optional<Json.Member> add(String name, Json.Member member) {
        int at = find(name);
        if (at >= 0) {
            return Optional.of(members[at]);
        }
        if (size == names.length) {
            names = Arrays.copyOf(names, 2 * size);
            members = Arrays.copyOf(members, 2 * size);
        }
        names[size] = name;
        members[size] = member;
        if (index != null) {
            index.put(name, size);
        }
        size++;
        return Optional.empty();
    }

    /** Returns the member of that name. */
    Optional<Json.Member> get(String name) {
        int at = find(name);
        return at < 0 ? Optional.empty() : Optional.of(members[at]);
    }

    int size() {
        return size;
    }

    /** Returns the names in their order. */
    List<String> names() {
        return new ArrayList<>(Arrays.asList(names).subList(0, size));
    }

    /** Visits every member in order. */
    void forEach(BiConsumer<String, Json.Member> visitor) {
        for (int i = 0; i < size; i++) {
            visitor.accept(names[i], members[i]);
        }
    }

    private int find(String name) {
        if (size > LINEAR) {
            return indexed().getOrDefault(name, -1);
        }
        for (int i = 0; i < size; i++) {
            if (names[i].equals(name)) {
                return i;
            }
        }
        return -1;
    }

    private Map<String, Integer> indexed() {
        Map<String, Integer> map = index;
        if (map == null) {
            map = new HashMap<>();
            for (int i = 0; i < size; i++) {
                map.put(names[i], i);
            }
            index = map;
        }
        return map;
    }
}
