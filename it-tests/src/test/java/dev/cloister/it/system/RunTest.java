package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.Json;
import dev.cloister.it.harness.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code cloister run}: one guest, its serial port on stdio, its end as the exit code. */
class RunTest {
    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    @Test
    void stdinReachesTheSerialPortAndTheGuestsOutputIsAloneOnStdout() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path image = Guests.assemble(cloister.folder(), "echo");
        try (Running run = cloister.start("run", "--kernel", image.toString(), "--memory", "16M")) {
            run.awaitOut("ready\n");
            run.type("ab");
            run.awaitOut("[a][b]");
            run.type("q");
            Finished end = run.await().expect(0);
            assertThat(end.out().replace("\r", "")).isEqualTo("ready\n[a][b][q]\nbye\n");
            assertThat(end.err()).isEmpty();
        }
    }

    /** seccomp mode 2 is a filter (proc(5), /proc/pid/status). */
    @Test
    void guestRunsInASandboxUnlessTheUserSaysOtherwise() throws Exception {
        Cloister cloister = Cloister.fresh();
        String image = Guests.assemble(cloister.folder(), "echo").toString();
        try (Running run = cloister.start("run", "--kernel", image, "--memory", "16M")) {
            run.awaitOut("ready\n");
            assertThat(status(run)).contains("Seccomp:\t2", "NoNewPrivs:\t1");
            run.type("q");
            run.await().expect(0);
        }
        try (Running run = cloister.start("run", "--no-sandbox", "--kernel", image, "--memory", "16M")) {
            run.awaitOut("ready\n");
            assertThat(status(run)).contains("Seccomp:\t0", "NoNewPrivs:\t0");
            run.type("q");
            run.await().expect(0);
        }
    }

    private static String status(Running run) throws IOException {
        return Files.readString(Path.of("/proc", Long.toString(run.handle().pid()), "status"));
    }

    /** Standard output is a file that grows, which a sandbox must not forbid. */
    @Test
    void outputAndReportMayBeFiles() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path image = Guests.long64(cloister.folder(), "text", "main:\nprint `text\\n`\nret\n");
        Path out = cloister.folder().resolve("out.txt");
        Path report = cloister.folder().resolve("report.json");
        List<String> command = Cloister.commandLine(
                "run", "--kernel", image.toString(), "--memory", "16M", "--report", report.toString());
        Process process = cloister.builder(command)
                .redirectOutput(out.toFile())
                .redirectErrorStream(true)
                .start();
        assertThat(process.waitFor(240, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        assertThat(Files.readString(out).strip()).isEqualTo("text");
        assertThat(Json.read(report).text("outcome")).isEqualTo("powered-off");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 127, 255})
    void debugExitIsTheExitCode(int value) throws Exception {
        Cloister cloister = Cloister.fresh();
        Path image = Guests.real(cloister.folder(), "exit", "mov al, " + value + "\nout 0xf4, al\nhlt\n");
        cloister.run("run", "--kernel", image.toString(), "--memory", "4M", "--debug-exit")
                .expect((value << 1 | 1) & 0xff);
    }

    @Test
    void withoutDebugExitThePortDoesNothing() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path image = Guests.long64(cloister.folder(), "exit", "main:\nmov al, 5\nout 0xf4, al\nprint `on`\nret\n");
        Finished end = cloister.run("run", "--kernel", image.toString(), "--memory", "16M")
                .expect(0);
        assertThat(end.out()).isEqualTo("on");
    }

    @Test
    void timeoutEndsAGuestThatSpinsAndTheReportSaysSo() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path image = Guests.real(cloister.folder(), "spin", "spin: jmp spin\n");
        Path report = cloister.folder().resolve("report.json");
        cloister.run(
                        "run",
                        "--kernel",
                        image.toString(),
                        "--memory",
                        "4M",
                        "--timeout",
                        "500ms",
                        "--report",
                        report.toString())
                .expect(124);
        Json json = Json.read(report);
        assertThat(json.text("outcome")).isEqualTo("timeout");
        assertThat(json.number("exitCode")).isEqualTo(124);
        // The time counts from the start; the guest may have had its first turn a little later.
        assertThat(json.get("nanos").number("guest")).isPositive();
    }

    @Test
    void reportHoldsEngineTimesExitsAndMemory() throws Exception {
        Cloister cloister = Cloister.fresh();
        // popcnt: what a KVM that interprets hands back to the emulator; elsewhere the processor runs it.
        Path image = Guests.long64(
                cloister.folder(), "work", "main:\nmov eax, 0xff\npopcnt eax, eax\nadd al, '0'\ncall put_char\nret\n");
        Path report = cloister.folder().resolve("report.json");
        Finished end = cloister.run(
                        "run", "--kernel", image.toString(), "--memory", "16M", "--report", report.toString())
                .expect(0);
        assertThat(end.out()).isEqualTo("8");
        Json json = Json.read(report);
        assertThat(json.text("engine")).isEqualTo("direct");
        assertThat(json.text("outcome")).isEqualTo("powered-off");
        assertThat(json.number("exitCode")).isZero();
        assertThat(json.get("exits").number("io-out")).isPositive();
        Json nanos = json.get("nanos");
        assertThat(nanos.number("processToFirstInstruction")).isPositive();
        assertThat(nanos.number("total")).isGreaterThanOrEqualTo(nanos.number("guest"));
        assertThat(json.get("memoryBytes").number("guest")).isPositive();
        assertThat(json.get("memoryBytes").number("beyondGuest")).isPositive();
        assertThat(json.get("emulated").number("instructions"))
                .isEqualTo(json.get("emulated").get("byMnemonic").sum());
    }

    @Test
    void sigtermStopsTheGuestInOrderAndWritesTheReport() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path image = Guests.assemble(cloister.folder(), "ticker");
        Path report = cloister.folder().resolve("report.json");
        try (Running run =
                cloister.start("run", "--kernel", image.toString(), "--memory", "16M", "--report", report.toString())) {
            run.awaitOut("tick 3");
            run.terminate();
            run.await();
            assertThat(Json.read(report).text("outcome")).isEqualTo("stopped");
        }
    }

    @Test
    void usageErrorsAre64AndMissingFilesAre65() throws Exception {
        Cloister cloister = Cloister.fresh();
        assertThat(cloister.run("run").expect(64).err()).contains("--kernel");
        assertThat(cloister.run("run", "--kernel", "none.elf", "--memory", "lots")
                        .expect(64)
                        .err())
                .contains("lots");
        assertThat(cloister.run("run", "--kernel", "none.elf").expect(65).err()).contains("none.elf");
        Path empty = Files.createFile(cloister.folder().resolve("empty"));
        assertThat(cloister.run("run", "--kernel", empty.toString()).expect(65).err())
                .isNotBlank();
    }
}
