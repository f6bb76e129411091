package dev.cloister.policy.reference;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Delta debugging: makes what fails small. A result still fails, and no single item, member or event can be taken out of it so
 * that it still does. The predicate must be deterministic, and must say no to what can't be loaded.
 */
public final class Shrinker {
    private Shrinker() {}

    /** Returns a minimal failing scenario that is a part of this failing one. */
    public static Scenario scenario(Scenario failing, Predicate<Scenario> fails) {
        Scenario now = failing;
        while (true) {
            Scenario before = now;
            Scenario base = now;
            now = base.with(list(base.events(), events -> fails.test(base.with(events))));
            Scenario few = now;
            Object policy = document(few.policy(), doc -> fails.test(policy(few, Doc.object(doc))));
            now = policy(few, Doc.object(policy));
            for (String path : List.copyOf(now.fragments().keySet())) {
                Scenario held = now;
                Object fragment =
                        document(Doc.get(held.fragments(), path), doc -> fails.test(fragment(held, path, doc)));
                now = fragment(held, path, fragment);
            }
            if (now.toString().equals(before.toString())) {
                return now;
            }
        }
    }

    /** Includes nothing that isn't there, and drops fragments that nothing includes. */
    private static Scenario policy(Scenario scenario, Map<String, Object> policy) {
        Map<String, Object> fragments = new HashMap<>(scenario.fragments());
        fragments.keySet().retainAll(Doc.strings(policy, "include"));
        return new Scenario(policy, fragments, scenario.loaded(), scenario.events());
    }

    private static Scenario fragment(Scenario scenario, String path, Object fragment) {
        Map<String, Object> fragments = new HashMap<>(scenario.fragments());
        fragments.put(path, fragment);
        return new Scenario(scenario.policy(), fragments, scenario.loaded(), scenario.events());
    }

    /** Returns a minimal failing part of a failing list, by removing ever smaller runs. */
    public static <T> List<T> list(List<T> failing, Predicate<List<T>> fails) {
        List<T> now = new ArrayList<>(failing);
        for (int run = Math.max(1, now.size() / 2); run > 0; run = run == 1 ? 0 : run / 2) {
            int at = 0;
            while (at < now.size()) {
                List<T> less = new ArrayList<>(now);
                less.subList(at, Math.min(at + run, less.size())).clear();
                if (fails.test(less)) {
                    now = less;
                } else {
                    at += run;
                }
            }
        }
        return now;
    }

    /** Returns a minimal failing part of a failing document: items of arrays and members of objects are taken out. */
    public static Object document(Object failing, Predicate<Object> fails) {
        Object now = Doc.copy(failing);
        boolean changed = true;
        while (changed) {
            changed = false;
            List<List<Object>> paths = paths(now, List.of());
            int at = 0;
            while (at < paths.size()) {
                Object less = Doc.copy(now);
                remove(less, paths.get(at));
                if (fails.test(less)) {
                    now = less;
                    paths = paths(now, List.of());
                    changed = true;
                } else {
                    at++;
                }
            }
        }
        return now;
    }

    /** Paths of everything that can be taken out, last items first: so their indexes stay right, and users go before what they use. */
    private static List<List<Object>> paths(Object value, List<Object> here) {
        List<List<Object>> paths = new ArrayList<>();
        if (value instanceof Map<?, ?> map) {
            List<Object> names = new ArrayList<Object>(map.keySet()).reversed();
            names.forEach(name -> into(paths, Doc.get(map, name), here, name));
        } else if (value instanceof List<?> list) {
            for (int i = list.size() - 1; i >= 0; i--) {
                into(paths, list.get(i), here, i);
            }
        }
        return paths;
    }

    private static void into(List<List<Object>> paths, Object value, List<Object> here, Object step) {
        List<Object> path = new ArrayList<>(here);
        path.add(step);
        paths.add(path);
        paths.addAll(paths(value, path));
    }

    private static void remove(Object root, List<Object> path) {
        Object at = root;
        for (Object step : path.subList(0, path.size() - 1)) {
            at = at instanceof List<?> list ? list.get((Integer) step) : Doc.get(Doc.object(at), step);
        }
        Object last = path.getLast();
        if (at instanceof List<?> list) {
            list.remove(((Integer) last).intValue());
        } else {
            Doc.object(at).remove(last);
        }
    }
}
