package dev.cloister.it.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Writes large policies for benchmarks: the same seed gives the same text. Each is valid, so {@code policy check} passes: every flow
 * is dominated or guarded, every stream whose reverse the labels forbid has a budget, no domain has more than 31 channels.
 */
public final class BigPolicy {
    private static final int LEVELS = 4;
    private static final int COMPARTMENTS = 4;
    private static final int TYPES = 6;
    private static final int GROUPS = 50;
    private static final int MAX_CHANNELS = 30;
    private static final int GUARD_EVERY = 100;
    private static final int WINDOWS = 4;
    private static final int CONFLICTS = 4;
    private static final int NEAR = 400;
    private static final int TRIES = 4_000;

    private final Random random;
    private final int domains;
    private final int flows;
    private final int[] level;
    private final int[] compartments;
    private final int[] channels;
    private final Set<Long> pairs = new HashSet<>();
    private final StringBuilder out = new StringBuilder();

    private BigPolicy(long seed, int domains, int flows) {
        this.random = new Random(seed);
        this.domains = domains;
        this.flows = flows;
        this.level = new int[domains];
        this.compartments = new int[domains];
        this.channels = new int[domains];
    }

    /**
     * Writes the policy that the benchmark is about to a file: 10,000 domains, 100,000 flows.
     *
     * @param args the file, and optionally a seed, the number of domains and the number of flows
     * @throws java.io.IOException if the file can't be written
     */
    public static void main(String[] args) throws java.io.IOException {
        long seed = args.length > 1 ? Long.parseLong(args[1]) : 1;
        int domains = args.length > 2 ? Integer.parseInt(args[2]) : 10_000;
        int flows = args.length > 3 ? Integer.parseInt(args[3]) : 100_000;
        Files.writeString(Path.of(args[0]), text(seed, domains, flows));
    }

    /**
     * Returns the text of a policy.
     *
     * @param seed the seed
     * @param domains number of domains, 100 to 10,000
     * @param flows number of flows, at most 12 for each domain
     * @throws IllegalArgumentException if the numbers are out of range
     */
    public static String text(long seed, int domains, int flows) {
        if (domains < 100 || domains > 10_000 || flows < 0 || flows > 12L * domains) {
            throw new IllegalArgumentException(
                    domains + " domains, " + flows + " flows: expected 100 to 10,000 and at most 12 flows for each");
        }
        return new BigPolicy(seed, domains, flows).write();
    }

    private String write() {
        out.append("{\n  \"version\": 1,\n  \"name\": \"big\",\n  \"description\": \"")
                .append(domains)
                .append(" domains and ")
                .append(flows)
                .append(" flows.\",\n");
        out.append("  \"lattice\": {\"levels\": ").append(names("level", LEVELS));
        out.append(", \"compartments\": ").append(names("part", COMPARTMENTS)).append("},\n");
        out.append("  \"types\": ").append(names("type", TYPES)).append(",\n");
        typeRules();
        windows();
        list("domains", domains, this::domain);
        out.append("  \"host\": {\"audit\": {\"label\": ")
                .append(label(LEVELS - 1, (1 << COMPARTMENTS) - 1))
                .append(", \"type\": \"type0\"}, \"console\": {\"label\": ")
                .append(label(LEVELS - 1, (1 << COMPARTMENTS) - 1))
                .append(", \"type\": \"type0\"}},\n");
        list("conflicts", CONFLICTS, this::conflict);
        list("guards", domains / GUARD_EVERY, this::guard);
        list("flows", flows, this::flow);
        out.append("  \"onDaemonLoss\": \"sever\"\n}\n");
        return out.toString();
    }

    /** Writes one item of a list. */
    private interface Item {
        void write(int index);
    }

    private void list(String name, int count, Item item) {
        out.append("  \"").append(name).append("\": [\n");
        for (int i = 0; i < count; i++) {
            out.append("    ");
            item.write(i);
            out.append(i + 1 < count ? ",\n" : "\n");
        }
        out.append("  ],\n");
    }

    private static String names(String prefix, int count) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            names.add("\"" + prefix + i + "\"");
        }
        return "[" + String.join(", ", names) + "]";
    }

    private void typeRules() {
        list(
                "typeRules",
                TYPES,
                from -> out.append("{\"from\": \"type")
                        .append(from)
                        .append("\", \"to\": \"*\", \"kinds\": [\"memory\", \"event\", \"stream\", \"console\"]}"));
    }

    private void windows() {
        list(
                "windows",
                WINDOWS,
                i -> out.append("{\"name\": \"window")
                        .append(i)
                        .append("\", \"zone\": \"Europe/Berlin\", \"from\": \"0")
                        .append(i + 1)
                        .append(":00\", \"to\": \"2")
                        .append(i)
                        .append(":00\"}"));
    }

    private boolean isGuard(int domain) {
        return domain % GUARD_EVERY == 0;
    }

    private void domain(int i) {
        level[i] = isGuard(i) ? LEVELS - 1 : random.nextInt(LEVELS);
        compartments[i] = isGuard(i) ? (1 << COMPARTMENTS) - 1 : random.nextInt(1 << COMPARTMENTS);
        out.append(String.format("{\"id\": \"00000000-0000-4000-8000-%012x\", \"name\": \"d%d\", ", i + 1, i));
        out.append("\"label\": ").append(label(level[i], compartments[i]));
        out.append(", \"type\": \"type").append(i % TYPES);
        out.append("\", \"tags\": [\"group").append(i % GROUPS).append("\"], ");
        out.append("\"image\": {\"kernel\": {\"path\": \"images/k")
                .append(i % GROUPS)
                .append(".elf\", \"sha256\": \"")
                .append(String.format("%064x", i % GROUPS + 1))
                .append("\"}}, \"memory\": \"16M\"");
        if (random.nextInt(20) == 0) {
            out.append(", \"when\": \"window").append(random.nextInt(WINDOWS)).append('"');
        }
        out.append('}');
    }

    private static String label(int level, int compartments) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < COMPARTMENTS; i++) {
            if ((compartments >>> i & 1) != 0) {
                names.add("\"part" + i + "\"");
            }
        }
        return "{\"level\": \"level" + level + "\", \"compartments\": [" + String.join(", ", names) + "]}";
    }

    private void conflict(int i) {
        out.append("{\"name\": \"conflict")
                .append(i)
                .append("\", \"mode\": \"")
                .append(i % 2 == 0 ? "historic" : "concurrent")
                .append("\", \"members\": [\"#group")
                .append(2 * i + 1)
                .append("\", \"#group")
                .append(2 * i + 2)
                .append("\"]}");
    }

    private void guard(int i) {
        out.append("{\"domain\": \"d")
                .append(i * GUARD_EVERY)
                .append("\", \"from\": ")
                .append(label(LEVELS - 1, (1 << COMPARTMENTS) - 1))
                .append(", \"to\": ")
                .append(label(0, 0))
                .append(", \"obligation\": \"releases what was reviewed\"")
                .append(i % 3 == 0 ? ", \"quota\": {\"bytes\": \"1M\", \"per\": \"1h\"}" : "")
                .append('}');
    }

    private void flow(int i) {
        int[] ends = ends();
        out.append("{\"name\": \"f").append(i).append("\", \"from\": \"d").append(ends[0]);
        out.append("\", \"to\": \"d").append(ends[1]).append("\", \"kind\": ");
        boolean released = !dominates(ends[1], ends[0]);
        // Guards have quotas, which can be kept only where somebody sees the bytes pass.
        if (released) {
            stream(ends);
        } else {
            kind(ends);
        }
        out.append('}');
    }

    private void stream(int[] ends) {
        out.append("\"stream\", \"capacity\": \"4K\"")
                .append(dominates(ends[0], ends[1]) ? "" : ", \"backChannel\": {\"bitsPerSecond\": 8}");
    }

    private void kind(int[] ends) {
        switch (random.nextInt(10)) {
            case 0, 1 -> stream(ends);
            case 2, 3, 4 -> out.append("\"event\", \"rate\": {\"perSecond\": 1000, \"burst\": 100}");
            case 5 -> out.append("\"event\", \"quota\": {\"units\": 1000, \"per\": \"1m\"}");
            case 6 ->
                out.append("\"memory\", \"recordBytes\": 64, \"records\": 64, \"when\": \"window")
                        .append(random.nextInt(WINDOWS))
                        .append('"');
            default -> out.append("\"memory\", \"recordBytes\": 64, \"records\": 64");
        }
    }

    /** Finds two ends that information may move between; most are near each other, as in real systems. */
    private int[] ends() {
        for (int tries = 0; tries < TRIES; tries++) {
            int from = random.nextInt(domains);
            int step = 1 + random.nextInt(tries < TRIES / 2 ? Math.min(NEAR, domains - 1) : domains - 1);
            int to = (from + step) % domains;
            boolean free = channels[from] < MAX_CHANNELS && channels[to] < MAX_CHANNELS;
            if (free && allowed(from, to) && pairs.add((long) from << 32 | to)) {
                channels[from]++;
                channels[to]++;
                return new int[] {from, to};
            }
        }
        throw new IllegalStateException("no room for " + flows + " flows between " + domains + " domains");
    }

    private boolean allowed(int from, int to) {
        if (conflict(from, to)) {
            return false;
        }
        return dominates(to, from) || isGuard(from) && !isGuard(to);
    }

    /** Domains of the groups that are in conflict keep to themselves, so that no information of two parties meets. */
    private static boolean conflict(int from, int to) {
        int one = from % GROUPS;
        int two = to % GROUPS;
        boolean either = one >= 1 && one <= 2 * CONFLICTS || two >= 1 && two <= 2 * CONFLICTS;
        return either && one != two;
    }

    private boolean dominates(int one, int two) {
        return level[one] >= level[two] && (compartments[two] & ~compartments[one]) == 0;
    }
}
