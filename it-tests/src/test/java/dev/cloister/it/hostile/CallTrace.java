package dev.cloister.it.hostile;

import dev.cloister.linux.BpfProgram.Condition;
import dev.cloister.vmm.sandbox.SystemCallList;
import dev.cloister.vmm.sandbox.SystemCallList.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What strace(1) saw of processes from the moment on when they entered the sandbox, compared with the list of system calls: which lines,
 * and which values within them, were used.
 */
final class CallTrace {
    /** {@code 1234 read(0x3, 0x7f…, 0x2000) = 0x10}, as {@code -f -e raw=all} prints it. */
    private static final Pattern LINE = Pattern.compile("^\\d+ +(\\w+)\\(([^<)]*)");

    private static final int ARGUMENTS = 6;
    private static final String FILTER = "seccomp";
    private static final long SET_FILTER = 1;
    /** Used once between the two filters, and then no more. */
    private static final Set<String> BETWEEN = Set.of(FILTER, "sendmsg");

    /** Stands in the list for the id of the process: strace's files don't name it. */
    private static final int ITSELF = 0x5e1f5e1f;

    private final SystemCallList list = SystemCallList.load(ITSELF);
    private final Map<Entry, Set<Integer>> values = new HashMap<>();
    private final Map<Entry, Integer> counts = new HashMap<>();
    private final Map<String, Integer> unlisted = new TreeMap<>();
    private int entered;

    /** The list that is compared with. */
    SystemCallList list() {
        return list;
    }

    /** Adds what one process did. */
    void add(Path trace) throws IOException {
        boolean confined = false;
        try (Stream<String> lines = Files.lines(trace)) {
            for (String line : (Iterable<String>) lines::iterator) {
                Matcher call = LINE.matcher(line);
                if (!call.find()) {
                    continue;
                }
                String name = call.group(1);
                long[] arguments = arguments(call.group(2));
                if (!confined) {
                    confined = name.equals(FILTER) && arguments[0] == SET_FILTER;
                    entered += confined ? 1 : 0;
                } else if (!BETWEEN.contains(name)) {
                    use(name, arguments);
                }
            }
        }
    }

    private static long[] arguments(String text) {
        long[] arguments = new long[ARGUMENTS];
        int i = 0;
        for (String each : text.split(",")) {
            String word = each.strip();
            if (!word.isEmpty() && i < ARGUMENTS) {
                arguments[i++] = word.startsWith("0x")
                        ? Long.parseUnsignedLong(word, 2, word.length(), 16)
                        : Long.parseLong(word);
            }
        }
        return arguments;
    }

    private void use(String name, long[] arguments) {
        boolean found = false;
        for (Entry entry : list.entries()) {
            if (entry.call().equals(name)
                    && entry.conditions().stream().allMatch(condition -> holds(condition, arguments))) {
                found = true;
                counts.merge(entry, 1, Integer::sum);
                entry.conditions()
                        .forEach(condition -> values.computeIfAbsent(entry, _ -> new HashSet<>())
                                .add(
                                        condition.values().contains(ITSELF)
                                                ? ITSELF
                                                : (int) arguments[condition.argument()] & condition.mask()));
            }
        }
        if (!found) {
            unlisted.merge(name, 1, Integer::sum);
        }
    }

    private static boolean holds(Condition condition, long[] arguments) {
        if (condition.values().contains(ITSELF)) {
            return true;
        }
        long value = arguments[condition.argument()];
        boolean fits = !condition.wide() || value >>> Integer.SIZE == 0;
        return fits && condition.values().contains((int) value & condition.mask());
    }

    /** How many processes entered the sandbox. */
    int entered() {
        return entered;
    }

    /** Calls that no line has, by name; such a process was ended. */
    Map<String, Integer> unlisted() {
        return unlisted;
    }

    /** How often a line was used. */
    int count(Entry entry) {
        return counts.getOrDefault(entry, 0);
    }

    /** Lines that nobody used, and values of lines that were, as they stand in the list. */
    Map<Entry, List<String>> unused() {
        Map<Entry, List<String>> unused = new HashMap<>();
        for (Entry entry : list.entries()) {
            List<String> missing = new ArrayList<>();
            if (count(entry) == 0) {
                missing.add("never");
            } else {
                entry.conditions()
                        .forEach(condition -> condition.values().stream()
                                .filter(value -> !values.get(entry).contains(value & condition.mask()))
                                .map(this::name)
                                .forEach(missing::add));
            }
            if (!missing.isEmpty()) {
                unused.put(entry, missing);
            }
        }
        return unused;
    }

    private String name(int value) {
        return list.constants().entrySet().stream()
                .filter(constant -> constant.getValue() == value)
                .map(Map.Entry::getKey)
                .sorted()
                .collect(Collectors.joining("/", "", " (0x" + Integer.toHexString(value) + ")"));
    }
}
