package dev.cloister.vmm.sandbox;

import dev.cloister.linux.BpfProgram;
import dev.cloister.linux.BpfProgram.Condition;
import dev.cloister.linux.SystemCalls;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The reviewed list of system calls, as read from its resource. Immutable. */
public final class SystemCallList {
    private static final String RESOURCE = "system-calls.list";
    private static final String DEBUGGING = "system-calls-debug.list";
    private static final String DISK = "system-calls-disk.list";
    private static final String PERSISTENT = "system-calls-pmem.list";
    private static final String TERMINAL = "system-calls-terminal.list";
    private static final String SOCKET = "system-calls-socket.list";
    private static final String TAP = "system-calls-net.list";
    private static final String GRANTED = "system-calls-granted.list";
    private static final String REASON = " -- ";
    private static final String IF = " if ";
    private static final String AND = " and ";

    /**
     * One way to use a system call.
     *
     * @param call its name
     * @param errno the error with which it fails, 0 where it is allowed
     * @param conditions what its arguments must be
     * @param reason who needs it and what for
     */
    public record Entry(String call, int errno, List<Condition> conditions, String reason) {
        /** Copies the list. */
        public Entry {
            conditions = List.copyOf(conditions);
        }
    }

    private final List<Entry> entries = new ArrayList<>();
    private final Map<String, Integer> constants = new HashMap<>();

    private SystemCallList(int self) {
        constants.put("SELF", self);
    }

    /**
     * Reads the list.
     *
     * @param self this process' id, which some lines compare with
     * @return the list
     */
    public static SystemCallList load(int self) {
        return parse(text(RESOURCE), self);
    }

    private static String text(String resource) {
        try (InputStream in = Objects.requireNonNull(SystemCallList.class.getResourceAsStream(resource), resource)) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + resource, e);
        }
    }

    /**
     * Reads the list with what a debugger needs besides.
     *
     * @param self this process' id, which some lines compare with
     * @param listener the descriptor on which connections may be accepted; a number that is none where there is none
     * @return the list
     */
    public static SystemCallList loadForDebugging(int self, int listener) {
        SystemCallList list = new SystemCallList(self);
        list.constants.put("LISTENER", listener);
        return parse(text(RESOURCE) + text(DEBUGGING), list);
    }

    /**
     * Adds what a guest's disks need.
     *
     * @param descriptors the numbers of their files
     * @return this
     */
    public SystemCallList withDisks(List<Integer> descriptors) {
        for (int descriptor : descriptors) {
            constants.put("DISK", descriptor);
            parse(text(DISK), this);
        }
        return this;
    }

    /**
     * Adds what a guest's persistent memory needs.
     *
     * @param descriptors the numbers of its files
     * @return this
     */
    public SystemCallList withPersistentMemory(List<Integer> descriptors) {
        for (int descriptor : descriptors) {
            constants.put("PERSISTENT", descriptor);
            parse(text(PERSISTENT), this);
        }
        return this;
    }

    /**
     * Adds what giving back a raw terminal needs, which is standard input.
     *
     * @return this
     */
    public SystemCallList withTerminal() {
        return parse(text(TERMINAL), this);
    }

    /**
     * Adds what sockets need at which a console's or a port's other end connects.
     *
     * @param listeners the descriptors that listen
     * @return this
     */
    public SystemCallList withListeners(List<Integer> listeners) {
        for (int listener : listeners) {
            constants.put("END", listener);
            parse(text(SOCKET), this);
        }
        return this;
    }

    /**
     * Adds what a guest's taps need.
     *
     * @param descriptors their numbers
     * @return this
     */
    public SystemCallList withTaps(List<Integer> descriptors) {
        for (int descriptor : descriptors) {
            constants.put("TAP", descriptor);
            parse(text(TAP), this);
        }
        return this;
    }

    /**
     * Adds what disks need that come as descriptors later.
     *
     * @return this
     */
    public SystemCallList withGrantedDisks() {
        return parse(text(GRANTED), this);
    }

    static SystemCallList parse(String text, int self) {
        return parse(text, new SystemCallList(self));
    }

    private static SystemCallList parse(String text, SystemCallList list) {
        int number = 0;
        for (String line : text.lines().toList()) {
            number++;
            try {
                list.line(line.strip());
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(RESOURCE + ":" + number + ": " + e.getMessage(), e);
            }
        }
        return list;
    }

    private void line(String line) {
        if (line.isEmpty() || line.startsWith("#")) {
            return;
        }
        if (line.startsWith("const ")) {
            String[] words = line.split(" ");
            constants.put(words[1], value(words[2]));
            return;
        }
        int reason = line.indexOf(REASON);
        if (reason < 0) {
            throw new IllegalArgumentException("\"" + line + "\": expected \"" + REASON + "\" and a reason");
        }
        entry(line.substring(0, reason), line.substring(reason + REASON.length()));
    }

    private void entry(String rule, String reason) {
        int where = rule.indexOf(IF);
        String[] words = (where < 0 ? rule : rule.substring(0, where)).split(" ");
        boolean denies = words[0].equals("deny");
        List<Condition> conditions = new ArrayList<>();
        if (where >= 0) {
            for (String condition : rule.substring(where + IF.length()).split(AND)) {
                conditions.add(condition(condition.split(" ")));
            }
        }
        entries.add(new Entry(denies ? words[1] : words[0], denies ? value(words[2]) : 0, conditions, reason));
    }

    private Condition condition(String[] words) {
        boolean wide = words[0].equals("wide");
        int at = wide ? 1 : 0;
        int argument = Integer.parseInt(words[at].substring("arg".length()));
        List<Integer> values = new ArrayList<>();
        for (int i = at + 2; i < words.length; i++) {
            values.add(value(words[i]));
        }
        return switch (words[at + 1]) {
            case "in" -> new Condition(argument, wide, -1, values);
            case "has" -> {
                int bits = values.stream().reduce(0, (a, b) -> a | b);
                yield new Condition(argument, wide, bits, List.of(bits));
            }
            default -> throw new IllegalArgumentException("\"" + words[at + 1] + "\": expected in or has");
        };
    }

    private int value(String word) {
        Integer known = constants.get(word);
        return known != null ? known : (int) (long) Long.decode(word);
    }

    /** Returns every line that is a rule, in order. */
    public List<Entry> entries() {
        return List.copyOf(entries);
    }

    /** Returns the constants by name. */
    public Map<String, Integer> constants() {
        return Map.copyOf(constants);
    }

    /**
     * Compiles a filter.
     *
     * @param defaultAction what happens to a call that no line allows
     * @param also calls that are allowed besides, without conditions
     * @return the filter
     */
    BpfProgram compile(int defaultAction, String... also) {
        Map<String, List<Entry>> byCall = new LinkedHashMap<>();
        entries.forEach(
                e -> byCall.computeIfAbsent(e.call(), _ -> new ArrayList<>()).add(e));
        BpfProgram program = new BpfProgram(defaultAction);
        byCall.forEach((call, ways) -> {
            int errno = ways.getFirst().errno();
            boolean always = ways.stream().anyMatch(way -> way.conditions().isEmpty());
            program.rule(
                    SystemCalls.number(call),
                    errno == 0 ? BpfProgram.ALLOW : BpfProgram.ERRNO | errno,
                    always ? List.of() : ways.stream().map(Entry::conditions).toList());
        });
        for (String call : also) {
            program.rule(SystemCalls.number(call), BpfProgram.ALLOW, List.of());
        }
        return program;
    }
}
