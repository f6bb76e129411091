package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.Json;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Running;
import dev.cloister.it.harness.Up;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The commands that look at and steer a running policy. */
class DomainsTest {
    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    private static long tickOf(String out) {
        int at = out.lastIndexOf("| tick ");
        return at < 0
                ? 0
                : Long.parseLong(
                        out.substring(at + 7).lines().findFirst().orElseThrow().strip());
    }

    @Test
    void psPauseResumeStopAndConsoleDoWhatTheySay() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = PolicyFile.in(cloister.folder(), "pair")
                .domain("clock", Guests.assemble(cloister.folder(), "ticker"))
                .domain("echo", Guests.assemble(cloister.folder(), "echo"))
                .input("echo")
                .write();
        try (Up up = Up.start(cloister, policy)) {
            up.command().awaitOut("| tick 3");
            up.until(s -> Up.domain(s, "clock").exits() > 0, "exits of clock");
            ps(cloister, up);
            pauseAndResume(cloister, up);
            console(cloister);
            another(cloister, policy);
            stop(cloister, up);
        }
    }

    private static void ps(Cloister cloister, Up up) throws Exception {
        assertThat(cloister.run("ps").expect(0).out()).contains("clock", "echo", "running", "policy pair");
        Json json = cloister.run("ps", "--json").expect(0).json().get("snapshot");
        assertThat(json.number("pid")).isEqualTo(up.now().pid());
        Json clock = json.get("domains").named("clock");
        assertThat(clock.text("state")).isEqualTo("running");
        assertThat(ProcessHandle.of(clock.number("pid"))).isPresent();
        assertThat(clock.number("exits")).isPositive();
    }

    private static void pauseAndResume(Cloister cloister, Up up) throws Exception {
        try (Running tail = cloister.start("audit", "tail", "--follow", "--json", "-n", "1")) {
            tail.awaitOut("\"seq\":");
            cloister.run("pause", "clock").expect(0);
            tail.awaitOut("\"event\":\"operator\"");
        }
        assertThat(up.domain("clock").state()).isEqualTo("paused");
        assertThat(up.domain("echo").state()).isEqualTo("running");
        // What was on its way when the domain stood still has arrived once another command's answer has.
        cloister.run("ps").expect(0);
        long stands = tickOf(up.command().out());
        long exits = up.domain("clock").exits();
        cloister.run("ps").expect(0);
        assertThat(tickOf(up.command().out())).isEqualTo(stands);
        cloister.run("resume", "clock").expect(0);
        up.command().awaitOut(out -> tickOf(out) > stands, "tick after the pause");
        up.until(s -> Up.domain(s, "clock").exits() > exits, "exits after the pause");
    }

    private static void console(Cloister cloister) throws Exception {
        try (Running console = cloister.start("console", "echo")) {
            console.awaitOut("ready");
            console.type("xy");
            console.awaitOut("[x][y]");
        }
        try (Running console = cloister.start("console", "clock")) {
            console.awaitErr("output only");
            console.awaitOut("tick");
        }
        assertThat(cloister.run("console", "nobody").expect(65).err()).contains("clock, echo");
    }

    /** One state folder has one daemon, and the second leaves the first alone. */
    private static void another(Cloister cloister, Path policy) throws Exception {
        assertThat(cloister.run("up", policy.toString()).expect(69).err()).contains("in use by another daemon");
        assertThat(cloister.run("ps").expect(0).out()).contains("policy pair");
    }

    private static void stop(Cloister cloister, Up up) throws Exception {
        ProcessHandle clock = up.vmm("clock");
        assertThat(cloister.run("resume", "clock").expect(65).err()).contains("clock is running: expected paused");
        // A domain that stands still can be stopped as well.
        cloister.run("pause", "clock").expect(0);
        cloister.run("stop", "clock").expect(0);
        assertThat(clock.onExit().get(240, TimeUnit.SECONDS).isAlive()).isFalse();
        assertThat(up.domain("clock").state()).isEqualTo("exited");
        assertThat(up.domain("echo").state()).isEqualTo("running");
        cloister.run("stop", "echo").expect(0);
        Finished end = up.command().await().expect(0);
        assertThat(end.out()).contains("audit log: " + cloister.auditLog("pair"));
        assertThat(cloister.run("stop", "echo").expect(69).err()).contains("no policy daemon is running");
        assertThat(cloister.run("ps").expect(0).out()).contains("no policy is running");
        audit(cloister);
    }

    private static void audit(Cloister cloister) throws Exception {
        List<Json> records = cloister.run("audit", "tail", "-n", "100", "--json")
                .expect(0)
                .out()
                .lines()
                .map(Json::parse)
                .toList();
        assertThat(records.getFirst().text("event")).isEqualTo("daemonStart");
        assertThat(records.getLast().text("event")).isEqualTo("logClosed");
        assertThat(records)
                .filteredOn(r -> r.text("event").equals("operator"))
                .extracting(r -> r.text("domain"))
                .containsExactly("clock", "clock", "clock", "clock", "echo");
        for (int i = 0; i < records.size(); i++) {
            assertThat(records.get(i).number("seq")).isEqualTo(i + 1);
        }
        Json verified = cloister.run("audit", "verify", "--json").expect(0).json();
        assertThat(verified.flag("whole")).isTrue();
        assertThat(verified.number("records")).isEqualTo(records.size());
        cloister.run("audit", "verify", "--expect-head", verified.text("head")).expect(0);
        cloister.run("audit", "verify", "--expect-head", "1".repeat(64)).expect(1);
    }

    @Test
    void recordsCrossAMemoryChannelInOrderAndWithoutLoss() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = PolicyFile.in(cloister.folder(), "stream")
                .domain("writer", Guests.assemble(cloister.folder(), "writer", "LIMIT equ 1000000"))
                .domain("reader", Guests.assemble(cloister.folder(), "reader", "LIMIT equ 100"))
                .memory("data", "writer", "reader")
                .write();
        try (Up up = Up.start(cloister, policy)) {
            Finished end = up.command().await().expect(0);
            // The reader's end is the end of the channel, and the writer is told.
            assertThat(end.out()).contains("reader: 100 records", "reader: has all", "writer: severed");
        }
    }

    @Test
    void timeoutOfUpStopsEveryDomain() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = PolicyFile.in(cloister.folder(), "endless")
                .domain("clock", Guests.assemble(cloister.folder(), "ticker"))
                .write();
        Finished end = cloister.run("up", policy.toString(), "--timeout", "3s").expect(124);
        assertThat(end.out()).contains("clock");
        cloister.run("audit", "verify").expect(0);
    }

    @Test
    void sigtermOfUpEndsTheDaemonAndEveryDomainInOrder() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = PolicyFile.in(cloister.folder(), "term")
                .domain("clock", Guests.assemble(cloister.folder(), "ticker"))
                .write();
        try (Up up = Up.start(cloister, policy)) {
            ProcessHandle daemon = up.daemon();
            ProcessHandle clock = up.vmm("clock");
            up.command().terminate();
            up.command().await();
            daemon.onExit().get(240, TimeUnit.SECONDS);
            clock.onExit().get(240, TimeUnit.SECONDS);
        }
        List<String> log = Files.readAllLines(cloister.auditLog("term"));
        assertThat(log.getLast()).contains("\"event\":\"logClosed\"");
        assertThat(log).anyMatch(line -> line.contains("\"event\":\"domainStopped\""));
    }
}
