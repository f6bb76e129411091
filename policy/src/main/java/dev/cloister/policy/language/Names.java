package dev.cloister.policy.language;

import dev.cloister.policy.model.FindingId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Declared names of one sort, each with its number in declared order. */
final class Names {
    private final String sort;
    private final Map<String, Integer> numbers = new LinkedHashMap<>();

    /** Starts without names; {@code sort} names one of them in messages, such as "level". */
    Names(String sort) {
        this.sort = sort;
    }

    /** Declares a name; an empty one stands for one that was no name and is passed over. */
    void add(String name, Json at, Problems problems) {
        if (!name.isEmpty() && numbers.putIfAbsent(name, numbers.size()) != null) {
            problems.error(
                    FindingId.DUPLICATE,
                    at,
                    "the " + sort + " is declared twice",
                    "each name once",
                    "rename or remove one");
        }
    }

    /** Returns a name's number; 0 for one that is not declared, which is reported. */
    int number(String name, Json at, Problems problems) {
        Integer number = numbers.get(name);
        if (number == null && !name.isEmpty()) {
            problems.error(
                    FindingId.DANGLING,
                    at,
                    "no such " + sort,
                    "a declared " + sort,
                    problems.nearest(name, numbers.keySet()));
        }
        return number == null ? 0 : number;
    }

    Set<String> all() {
        return numbers.keySet();
    }
}
