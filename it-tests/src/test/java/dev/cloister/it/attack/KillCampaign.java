package dev.cloister.it.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.audit.AuditReader;
import dev.cloister.policy.audit.AuditRecord;
import dev.cloister.policy.audit.AuditVerification;
import dev.cloister.policy.audit.AuditVerifier;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/**
 * Kills in one installation. A round: an operator gives orders; at a moment that the seed chooses, by a delay or by what has been
 * written to the audit log, the daemon or a VMM or both are killed, sometimes once more while that is being mended; then everything
 * must be live again, hold what it held, and remember what it acknowledged.
 */
final class KillCampaign {
    private static final int LONGEST_DELAY_MILLIS = 500;
    private static final int LONGEST_MENDING_MILLIS = 1500;
    private static final long SLOW_NANOS = 10_000_000_000L;
    private static final int MOST_RECORDS_AHEAD = 12;
    private static final Duration LONGEST_WAIT_FOR_RECORDS = Duration.ofSeconds(2);

    private final String word;
    private final long seed;
    private final Random random;
    private final Tally tally;
    private final Deque<Long> daemonKills = new ArrayDeque<>();
    private final Map<String, Map<String, Integer>> descriptors = new HashMap<>();
    private final List<String> story = new ArrayList<>();
    private final Set<String> differences = new LinkedHashSet<>();
    private final Map<Boolean, Holding> baseline = new HashMap<>();

    /** What the installation holds when all is live, by whether the channel with the quota is. */
    private record Holding(Map<String, Integer> processes, Map<String, Integer> keeper, long memories) {
        static Holding of(Installation installation) throws IOException {
            return new Holding(
                    Census.processes(), Census.descriptors(installation.keeper().pid()), Census.memories());
        }
    }

    KillCampaign(String word, long seed, Tally tally) {
        this.word = word;
        this.seed = seed;
        this.random = new Random(seed);
        this.tally = tally;
    }

    /** Kills so often, at least. */
    void run(int kills) throws Exception {
        int enough = tally.kills() + kills;
        within(installation -> {
            while (tally.kills() < enough) {
                round(installation, true);
            }
        });
    }

    /** Kills nothing for so long; what the processes need of memory is sampled after each round. */
    void soak(Duration time, Residence residence) throws Exception {
        long until = System.nanoTime() + time.toNanos();
        within(installation -> {
            while (System.nanoTime() < until) {
                residence.sample(installation, round(installation, false));
            }
        });
    }

    /** What is done with a live installation. */
    private interface Rounds {
        void run(Installation installation) throws Exception;
    }

    private void within(Rounds rounds) throws Exception {
        Set<Path> stale = Census.staleCgroups(Installation.DOMAINS);
        Path log;
        try (Installation installation = Installation.start(word)) {
            log = installation.auditLog();
            live(installation);
            for (boolean talks : new boolean[] {true, false}) {
                installation.until(
                        s -> Installation.live(s) && Installation.talks(s) == talks, "the flow with the quota");
                baseline.put(talks, Holding.of(installation));
            }
            try {
                rounds.run(installation);
            } catch (AssertionError | IOException e) {
                throw new AssertionError(
                        "seed " + seed + ", onDaemonLoss " + word + ", kill " + tally.kills() + ": " + story + "\n"
                                + e.getMessage() + "\n" + installation.said(),
                        e);
            }
            tally.passed(installation.received(), installation.allowed());
            installation.shutdown();
            Census.reap(installation.keeper());
            assertThat(Census.processes()).as("left behind, seed " + seed).isEmpty();
        }
        assertThat(stale).as("control groups").containsAll(Census.staleCgroups(Installation.DOMAINS));
        assertThat(AuditVerifier.verify(log, Optional.empty()).whole()).isTrue();
    }

    private Snapshot round(Installation installation, boolean kills) throws Exception {
        story.clear();
        differences.clear();
        PolicyDaemonClient client = installation.connect();
        long before = client.auditHead().records();
        Operator operator = new Operator(client, random.nextLong());
        Thread thread = Thread.ofPlatform().name("operator").start(operator);
        moment(installation, thread, before);
        boolean spared = !kills || kill();
        operator.end();
        if (kills && random.nextInt(4) == 0) {
            thread.join(Duration.ofMillis(random.nextInt(LONGEST_MENDING_MILLIS)));
            spared &= kill();
        }
        long killed = System.nanoTime();
        thread.join();
        story.add("the operator ended " + (System.nanoTime() - killed) / 1_000_000 + " ms later");
        remembered(installation, operator, spared);
        mend(installation);
        Snapshot state = live(installation);
        long records = logged(installation, operator, before);
        if (System.nanoTime() - killed > SLOW_NANOS) {
            System.out.println("slow, onDaemonLoss " + word + ": " + story + differences);
        }
        tally.recovered(
                (System.nanoTime() - killed) / 1_000_000,
                operator.acknowledged().size(),
                records);
        assertThat(installation.received())
                .as("bytes of a flow with a quota, %s", state.flows())
                .isLessThanOrEqualTo(installation.allowed());
        return state;
    }

    /** Waits for the moment. */
    private void moment(Installation installation, Thread operator, long before) throws Exception {
        if (random.nextBoolean()) {
            int millis = random.nextInt(LONGEST_DELAY_MILLIS);
            story.add("after " + millis + " ms");
            operator.join(Duration.ofMillis(millis));
            return;
        }
        int ahead = 1 + random.nextInt(MOST_RECORDS_AHEAD);
        story.add("after " + ahead + " records");
        try (AuditReader reader = AuditReader.open(installation.auditLog(), before + 1)) {
            int seen = 0;
            long until = System.nanoTime() + LONGEST_WAIT_FOR_RECORDS.toNanos();
            while (seen < ahead && System.nanoTime() < until) {
                if (reader.next().isPresent()) {
                    seen++;
                } else {
                    reader.await(Duration.ofNanos(Math.max(1, until - System.nanoTime())));
                }
            }
        }
    }

    /** Kills what the seed chooses; returns whether all VMMs were spared. */
    private boolean kill() {
        boolean mayDaemon = daemonMayDie();
        int choice = random.nextInt(10);
        boolean daemon = mayDaemon && choice < 6;
        boolean vmm = !daemon || choice == 0;
        boolean daemonFirst = random.nextBoolean();
        if (daemon && daemonFirst) {
            kill("daemon");
        }
        if (vmm) {
            kill("vmm");
        }
        if (daemon && !daemonFirst) {
            kill("daemon");
        }
        return !vmm;
    }

    private void kill(String role) {
        List<Long> all = Census.processes(role);
        if (all.isEmpty()) {
            story.add("no " + role);
            return;
        }
        long pid = all.get(random.nextInt(all.size()));
        story.add("kill " + role + " " + pid);
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        if (role.equals("daemon")) {
            daemonKills.addLast(System.nanoTime());
        }
        tally.killed(role.equals("daemon"));
    }

    /** The keeper starts a daemon three times within ten seconds. */
    private boolean daemonMayDie() {
        long now = System.nanoTime();
        daemonKills.removeIf(then -> now - then > Installation.KEEPER_SPAN_NANOS);
        return daemonKills.size() < 3;
    }

    /** What was acknowledged holds, whoever was killed: before anybody asks for anything else. */
    private void remembered(Installation installation, Operator operator, boolean vmmsSpared) throws Exception {
        Snapshot s = installation.until(_ -> true, "a daemon");
        operator.last("aux").ifPresent(order -> {
            String state = flow(s, "aux").state();
            boolean revoked = state.equals("revoked");
            assertThat(revoked)
                    .as("aux is %s after the acknowledged %s", state, order)
                    .isEqualTo(order == Operator.Order.REVOKE);
        });
        operator.last("far").ifPresent(order -> {
            String state = domain(s, "far").state();
            if (order == Operator.Order.STOP) {
                assertThat(state).as("far after an acknowledged stop").isIn("exited", "idle");
            }
        });
        operator.last("sink").ifPresent(order -> {
            String state = domain(s, "sink").state();
            if (order == Operator.Order.PAUSE && vmmsSpared) {
                assertThat(state).as("sink after an acknowledged pause").isEqualTo("paused");
            }
        });
    }

    private static Snapshot.FlowView flow(Snapshot s, String name) {
        return s.flows().stream().filter(f -> f.name().equals(name)).findFirst().orElseThrow();
    }

    private static Snapshot.DomainView domain(Snapshot s, String name) {
        return s.domains().stream()
                .filter(d -> d.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** Gives back what the operator has taken away. */
    private static void mend(Installation installation) throws Exception {
        Snapshot s = installation.until(
                now -> now.domains().stream()
                        .noneMatch(d -> List.of("starting", "ready").contains(d.state())),
                "domains that have settled");
        try (PolicyDaemonClient client = installation.connect()) {
            for (Snapshot.DomainView domain : s.domains()) {
                if (domain.state().equals("refused")) {
                    // Killed while it was set up, and no restart left: so the operator starts it.
                    System.out.println("campaign: " + domain.name() + " was refused: " + domain.note());
                }
                if (List.of("exited", "idle", "refused").contains(domain.state())) {
                    tolerated(() -> client.start(domain.name()));
                }
            }
            if (domain(s, "sink").state().equals("paused")) {
                tolerated(() -> client.resume("sink"));
            }
            // Also where it is not yet said to be revoked: the next daemon may still be closing it.
            tolerated(() -> client.open("aux"));
        }
    }

    private interface Order {
        void give() throws IOException;
    }

    private static void tolerated(Order order) throws IOException {
        try {
            order.give();
        } catch (PolicyDaemonClient.RefusedException e) {
            // What matters is whether all is live in the end.
            assertThat(e.code()).isNotEqualTo("bad-request");
        }
    }

    /** Awaits that all is live, passes something, and holds no more than at first. */
    private Snapshot live(Installation installation) throws Exception {
        Snapshot first = installation.until(Installation::live, "domains and channels that live");
        Map<String, Long> then = Installation.units(first);
        String[] more = {""};
        try {
            return installation.until(
                    s -> {
                        more[0] = difference(installation, s, then);
                        differences.add(more[0]);
                        return more[0].isEmpty();
                    },
                    "nothing but what there was at first");
        } catch (AssertionError e) {
            throw new AssertionError(more[0] + "\n" + e.getMessage(), e);
        }
    }

    private String difference(Installation installation, Snapshot s, Map<String, Long> then) {
        Census.reap(installation.keeper());
        if (!Installation.live(s)) {
            return "not live";
        }
        Map<String, Long> now = Installation.units(s);
        for (String flow : List.of("data", "aux", "alarm")) {
            if (now.get(flow) <= then.get(flow)) {
                return "nothing passes " + flow;
            }
        }
        Holding known = baseline.get(Installation.talks(s));
        if (known == null) {
            return "";
        }
        try {
            Holding holds = Holding.of(installation);
            return holds.equals(known) ? daemonDescriptors(s) : "it holds " + holds + ", at first " + known;
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /** A daemon that started the same domains itself, and took over the others, holds the same. */
    private String daemonDescriptors(Snapshot s) throws IOException {
        TreeSet<String> own = new TreeSet<>();
        own.add(Installation.talks(s) ? "talking" : "silent");
        s.domains().stream().filter(d -> d.startNanos() > 0).forEach(d -> own.add(d.name()));
        Map<String, Integer> now = Census.descriptors(s.pid());
        Map<String, Integer> known = descriptors.get(own.toString());
        if (known == null || now.entrySet().stream().allMatch(e -> e.getValue() <= known.getOrDefault(e.getKey(), 0))) {
            // Fewer than ever: a client was not quite gone the other time.
            descriptors.put(own.toString(), now);
            return "";
        }
        return known.equals(now)
                ? ""
                : "the daemon's descriptors " + now + ", another time " + known + "; started by it " + own;
    }

    /** The log is whole and has all that was acknowledged; returns its length. */
    private static long logged(Installation installation, Operator operator, long before) throws Exception {
        AuditVerification found = verified(installation.auditLog(), operator.head());
        assertThat(found.fault()).as("the audit log").isEmpty();
        assertThat(found.head().seq()).isGreaterThanOrEqualTo(operator.records());
        List<AuditRecord> records = new ArrayList<>();
        try (AuditReader reader = AuditReader.open(installation.auditLog(), before + 1)) {
            for (Optional<AuditRecord> r = reader.next(); r.isPresent(); r = reader.next()) {
                records.add(r.get());
            }
        }
        for (Operator.Acknowledged one : operator.acknowledged()) {
            long at = one.seq();
            for (String event : one.order().events()) {
                at = next(records, at, event, one.order().object());
                assertThat(at).as("%s of the acknowledged %s", event, one).isPositive();
            }
        }
        return found.head().seq();
    }

    private static AuditVerification verified(Path log, String head) throws IOException {
        AuditVerification found = AuditVerifier.verify(log, Optional.of(head).filter(h -> !h.isEmpty()));
        for (int i = 0; i < 100 && found.repairable(); i++) {
            // Its writer is at work on the last line.
            found = AuditVerifier.verify(log, Optional.of(head).filter(h -> !h.isEmpty()));
        }
        return found;
    }

    private static long next(List<AuditRecord> records, long after, String event, String object) {
        if (after < 0) {
            return after;
        }
        for (AuditRecord r : records) {
            boolean about = r.event().flow().equals(object)
                    || r.event().domain().equals(object)
                    || r.event().details().containsValue(object);
            if (r.seq() > after && about && r.event().kind().jsonName().equals(event)) {
                return r.seq();
            }
        }
        return -1;
    }
}
