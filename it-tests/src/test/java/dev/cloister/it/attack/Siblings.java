package dev.cloister.it.attack;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How the honest VMMs did, from the lines that their receiver says ({@link Sibling}). */
final class Siblings {
    /** Their own flows; others' are the attacker's. */
    static final List<String> FLOWS = List.of("work", "bell", "bytes");

    /**
     * A report.
     *
     * @param at when, monotonic nanoseconds, which all processes share
     * @param units units so far by flow
     * @param waits the longest wait for something since the last report in ms, by flow
     */
    record Report(long at, Map<String, Long> units, Map<String, Long> waits) {
        static Report parse(String line) {
            String[] words = line.split(" ");
            Map<String, Long> units = new HashMap<>();
            Map<String, Long> waits = new HashMap<>();
            for (int i = 2; i + 2 < words.length; i += 3) {
                units.put(words[i], Long.parseLong(words[i + 1]));
                waits.put(words[i], Long.parseLong(words[i + 2]));
            }
            return new Report(Long.parseLong(words[1]), units, waits);
        }
    }

    private final List<Report> reports = new ArrayList<>();

    /** Those between two times, and the one that follows. */
    Siblings(Lines lines, long from, long to) {
        for (String line : lines.all()) {
            if (line.matches("at [0-9]+( [a-z-]+ [0-9]+ [0-9]+)*")) {
                Report report = Report.parse(line);
                boolean last = !reports.isEmpty() && reports.getLast().at() >= to;
                if (report.at() >= from && !last) {
                    reports.add(report);
                }
            }
        }
    }

    /** Whether there is anything to tell. */
    boolean tell() {
        return !reports.isEmpty();
    }

    /** How long the time was. */
    double seconds() {
        return (reports.getLast().at() - reports.getFirst().at()) / 1e9;
    }

    /** Units a second of a flow. */
    double rate(String flow) {
        Report first = reports.getFirst();
        Report last = reports.getLast();
        if (last == first) {
            return 0;
        }
        return (last.units().getOrDefault(flow, 0L) - first.units().getOrDefault(flow, 0L))
                * 1e9
                / (last.at() - first.at());
    }

    /** The longest wait for anything of their own flows, in ms. */
    long longestWait() {
        return reports.stream()
                .skip(1)
                .flatMap(r -> FLOWS.stream().map(flow -> r.waits().getOrDefault(flow, Long.MAX_VALUE)))
                .mapToLong(Long::longValue)
                .max()
                .orElse(Long.MAX_VALUE);
    }

    /** Units that a flow has carried so far, by the last report. */
    long units(String flow) {
        return reports.getLast().units().getOrDefault(flow, 0L);
    }
}
