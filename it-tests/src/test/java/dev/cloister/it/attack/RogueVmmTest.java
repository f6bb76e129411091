package dev.cloister.it.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.audit.AuditVerifier;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * One VMM process is the attacker's, in the sandbox of every VMM; two others exchange records, signals and bytes meanwhile. Whatever
 * the attacker does fails, is recorded, ends at its own domain and leaves the others and the daemon's clients alone. Prints how the
 * others' rates compare with those before, and their longest wait.
 */
@Timeout(600)
class RogueVmmTest {
    /** Nobody waits for the attacker: what a daemon or a sibling that did would take is bounded by nothing, or by 30 s. */
    private static final long LONGEST_WAIT_MILLIS = 15_000;

    private static final long SLOWEST_ANSWER_MILLIS = 15_000;
    private static final long PATIENCE_MILLIS = 120_000;
    private static final int QUESTIONS = 5;
    private static final long SPAN_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    @TempDir
    static Path directory;

    private static Scene scene;
    private static Lines reader;
    private static Siblings before;
    private Lines rogue;

    @BeforeAll
    static void begin() throws Exception {
        scene = Scene.open(directory);
        reader = Lines.of(scene.socket(), "reader");
        long now = System.nanoTime();
        before = siblings(now, now + 2 * SPAN_NANOS);
    }

    @AfterAll
    static void end() throws Exception {
        if (scene == null) {
            return;
        }
        reader.close();
        scene.close();
        assertThat(scene.processes()).as("processes left behind").isZero();
        assertThat(AuditVerifier.verify(scene.auditLog(), Optional.empty()).fault())
                .isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Attack.class)
    void attackEndsAtItsOwnDomain(Attack attack) throws Exception {
        String only = System.getProperty("attack.only", ".*");
        Assumptions.assumeTrue(attack.name().matches(only), () -> attack + " is not among -Dattack.only=" + only);
        long revived = System.nanoTime();
        revive();
        Snapshot then = scene.client().ps();
        long records = then.auditRecords();
        long began = System.nanoTime();
        rogue.type(typed(attack, then));
        provoke(attack);
        outcome(attack, records);
        long slowest = slowestAnswer();
        long ended = Math.max(System.nanoTime(), began + SPAN_NANOS);
        Siblings during = siblings(began, ended);
        System.out.printf(
                "attack %s: siblings at %.2f of their rates, longest wait %d ms, slowest answer %d ms, %d ms in all%n",
                attack, ratio(during), during.longestWait(), slowest, (System.nanoTime() - revived) / 1_000_000);
        rateHolds(during);
        assertThat(slowest).as("slowest answer in ms").isLessThan(SLOWEST_ANSWER_MILLIS);
        assertThat(during.longestWait())
                .as("longest wait of the siblings in ms")
                .isLessThan(LONGEST_WAIT_MILLIS);
        Snapshot now = scene.client().ps();
        for (String name : List.of("writer", "reader")) {
            assertThat(Scene.domain(now, name)).isEqualTo(unchanged(Scene.domain(then, name), Scene.domain(now, name)));
        }
        rogue.close();
    }

    /** The same but for what changes with time. */
    private static Snapshot.DomainView unchanged(Snapshot.DomainView then, Snapshot.DomainView now) {
        return new Snapshot.DomainView(
                then.name(),
                then.id(),
                then.label(),
                then.state(),
                then.pid(),
                then.engine(),
                now.exits(),
                now.exitsPerSecond(),
                now.exitsByKind(),
                now.emulatedInstructions(),
                now.uptimeMillis(),
                then.startNanos(),
                then.refusals(),
                then.violations(),
                then.restarts(),
                then.exitCode(),
                then.note(),
                then.verdicts(),
                then.cid(),
                then.consoles());
    }

    /** A rogue that is ready for anything. */
    private void revive() throws Exception {
        scene.await(s ->
                !List.of("starting", "ready").contains(Scene.domain(s, "rogue").state()));
        if (Scene.domain(scene.client().ps(), "rogue").state().equals("exited")) {
            scene.client().start("rogue");
        }
        for (String flow : Scene.ROGUE_FLOWS) {
            scene.client().open(flow);
        }
        rogue = Lines.of(scene.socket(), "rogue");
        String mark = "mark " + System.nanoTime();
        rogue.type("say " + mark);
        assertThat(rogue.begin(mark, PATIENCE_MILLIS)).as("the rogue listens").isTrue();
    }

    private static String typed(Attack attack, Snapshot now) {
        return attack.line()
                .replace("{sibling}", Long.toString(Scene.domain(now, "writer").pid()));
    }

    /** What the attack waits for. */
    private void provoke(Attack attack) throws Exception {
        switch (attack) {
            case KEEP_REVOKED -> {
                moded();
                for (String flow : Scene.ROGUE_FLOWS) {
                    scene.client().revoke(flow);
                }
                useKept();
            }
            case IGNORE_REVOKE, LATER_EPOCH -> {
                moded();
                tolerated(() -> scene.client().revoke("tap"));
            }
            case OLD_EPOCH -> {
                scene.client().revoke("r-bell");
                scene.client().open("r-bell");
                moded();
                tolerated(() -> scene.client().revoke("r-bell"));
            }
            case CLOSE_CONTROL -> {
                moded();
                tolerated(() -> scene.client().pause("rogue"));
            }
            case IGNORE_STOP -> {
                moded();
                tolerated(() -> scene.client().stop("rogue"));
            }
            case STOP_ITSELF -> {
                moded();
                tolerated(() -> scene.client().stop("rogue"));
            }
            default -> {
                // The attacker begins by itself.
            }
        }
    }

    /** Everything is cut by now, as the daemon has acknowledged: nothing that was kept may still do anything. */
    private void useKept() throws Exception {
        long now = System.nanoTime();
        Siblings cut = siblings(now, now);
        rogue.type("do use-kept");
        assertThat(rogue.await("did use-kept"::equals, PATIENCE_MILLIS)).isPresent();
        assertThat(rogue.all()).anyMatch(l -> l.matches("kept tap .*memory gone"));
        assertThat(rogue.all()).anyMatch(l -> l.matches("kept r-memory .*memory gone"));
        assertThat(rogue.all()).noneMatch(l -> l.contains("STILL"));
        now = System.nanoTime();
        Siblings later = siblings(now, now + SPAN_NANOS);
        for (String flow : Scene.ROGUE_FLOWS) {
            assertThat(later.units(flow)).as("units of %s after its cut", flow).isEqualTo(cut.units(flow));
        }
    }

    /** A rate holds whatever its sender does. */
    private static void rateHolds(Siblings during) {
        assertThat(during.rate("r-bell") * during.seconds())
                .as("signals in %s s", during.seconds())
                .isLessThanOrEqualTo(Scene.BELL_RATE * (during.seconds() + 1));
    }

    private void moded() throws InterruptedException {
        assertThat(rogue.await(l -> l.startsWith("in "), PATIENCE_MILLIS)).isPresent();
    }

    private interface Command {
        void run() throws IOException;
    }

    private static void tolerated(Command command) throws IOException {
        try {
            command.run();
        } catch (PolicyDaemonClient.RefusedException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    private void outcome(Attack attack, long records) throws Exception {
        String typed = attack.line();
        switch (attack.outcome()) {
            case Attack.Outcome.Refused _ -> {
                gone();
                recorded(records, "violation", Attack.call(typed).pattern());
                recorded(
                        records,
                        "domainKilled",
                        Attack.call(typed).pattern().substring("system call refused: ".length()));
            }
            case Attack.Outcome.Seized seized -> {
                gone();
                recorded(records, "domainKilled", "signal " + seized.signal());
            }
            case Attack.Outcome.Broke broke -> {
                gone();
                recorded(records, "protocolError", broke.detail());
                recorded(records, "domainKilled", "broke the protocol|exit");
            }
            case Attack.Outcome.Told told -> {
                assertThat(rogue.await(l -> l.matches("(?s).*" + told.text() + ".*"), PATIENCE_MILLIS))
                        .as("%s; it said %s", told, tail())
                        .isPresent();
                assertThat(rogue.all())
                        .as("what was tried")
                        .noneMatch(l -> l.matches(".*(DONE|STILL|UNBOUNDED).*") && !l.startsWith("kept "));
            }
            case Attack.Outcome.Contained contained -> {
                Optional<String> said =
                        rogue.await(l -> l.matches(contained.text()) || l.endsWith("UNBOUNDED"), PATIENCE_MILLIS);
                if (said.isEmpty()) {
                    gone();
                    recorded(records, "domainKilled", ".*");
                }
                System.out.println(attack + ": " + said.orElse("killed"));
                boolean bounded = said.filter(l -> l.endsWith("UNBOUNDED")).isEmpty();
                boolean groups = !Census.cgroups(List.of("rogue", "writer")).isEmpty();
                Assumptions.assumeTrue(
                        bounded || groups, "no control groups here: nothing bounds a VMM's memory and threads");
                assertThat(bounded)
                        .as("control groups bound memory and threads")
                        .isTrue();
            }
            case Attack.Outcome.Recorded event -> {
                if (event.ends()) {
                    gone();
                }
                recorded(records, event.event(), ".*");
                if (!event.ends()
                        && rogue.await(l -> l.startsWith("did "), PATIENCE_MILLIS)
                                .isEmpty()) {
                    // Whoever asks without taking the answers is ended for that.
                    gone();
                    recorded(records, "domainKilled", "queue|socket");
                }
            }
        }
    }

    private List<String> tail() {
        List<String> all = rogue.all();
        return all.subList(Math.max(0, all.size() - 10), all.size());
    }

    private static void gone() throws IOException {
        scene.await(s -> Scene.domain(s, "rogue").state().equals("exited"));
    }

    /** Waits for a record about the rogue. */
    private void recorded(long records, String event, String detail) throws Exception {
        Pattern wanted = Pattern.compile("\"event\":\"(" + event + ")\".*\"domain\":\"rogue\".*(" + detail + ")");
        boolean[] found = {false};
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
        scene.await(_ -> {
            try {
                found[0] = scene.audit(records).stream()
                        .anyMatch(l -> wanted.matcher(l).find());
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
            return found[0] || System.nanoTime() > until;
        });
        assertThat(found[0])
                .as("no record like %s in %s; it said %s", wanted, scene.audit(records), tail())
                .isTrue();
    }

    private static long slowestAnswer() throws IOException {
        long slowest = 0;
        for (int i = 0; i < QUESTIONS; i++) {
            long asked = System.nanoTime();
            scene.client().ps();
            slowest = Math.max(slowest, (System.nanoTime() - asked) / 1_000_000);
        }
        return slowest;
    }

    /** How the siblings do between two times; waits for their report after the second. */
    private static Siblings siblings(long from, long to) throws InterruptedException {
        assertThat(reader.await(
                        l -> l.matches("at [0-9]+ .*")
                                && Siblings.Report.parse(l).at() >= to,
                        PATIENCE_MILLIS))
                .as("reports of the siblings")
                .isPresent();
        Siblings siblings = new Siblings(reader, from, to);
        assertThat(siblings.tell()).as("reports of the siblings").isTrue();
        return siblings;
    }

    private static double ratio(Siblings during) {
        return Siblings.FLOWS.stream()
                .mapToDouble(flow -> during.rate(flow) / before.rate(flow))
                .min()
                .orElseThrow();
    }
}
