package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code cloister run} with {@code --trace}, {@code --break} and {@code --gdb}: the whole program, in its sandbox. */
class DebugTest {
    private static final String GUEST = "main:\nmov esi, 0x5ca1ab1e\nmov dword [0x9000], 5\nprint `done\\n`\nret\n";

    private static void needs(String engine) {
        if (engine.equals("direct")) {
            Host.needsKvm();
        }
    }

    private static String gdb(Path folder, String... commands) throws IOException, InterruptedException {
        Path script = Files.write(folder.resolve("script.gdb"), java.util.List.of(commands));
        Path out = folder.resolve("gdb.out");
        Process process;
        try {
            process = new ProcessBuilder("gdb", "-nx", "-batch", "-x", script.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(out.toFile())
                    .start();
        } catch (IOException e) {
            String reason = "skipped, no gdb on PATH: " + e.getMessage();
            System.out.println(reason);
            return Assumptions.abort(reason);
        }
        try {
            assertThat(process.waitFor(240, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        return Files.readString(out);
    }

    @ParameterizedTest
    @ValueSource(strings = {"direct", "emulated"})
    void gdbLooksAtAGuestInItsSandbox(String engine) throws Exception {
        needs(engine);
        Cloister cloister = Cloister.fresh();
        Path image = Guests.long64(cloister.folder(), "guest", GUEST);
        Path socket = cloister.folder().resolve("gdb");
        try (Running run = cloister.start(
                "run",
                "--engine",
                engine,
                "--kernel",
                image.toString(),
                "--memory",
                "16M",
                "--gdb",
                socket.toString())) {
            run.awaitErr("the guest stands still");
            assertThat(Files.readString(
                            Path.of("/proc", Long.toString(run.handle().pid()), "status")))
                    .contains("Seccomp:\t2");
            String first = gdb(
                    cloister.folder(),
                    "set remotetimeout 60",
                    "target remote " + socket,
                    "find /b 0x100000, 0x110000, 0xbe, 0x1e, 0xab, 0xa1, 0x5c",
                    "hbreak *$_",
                    "continue",
                    "watch *(int*)0x9000",
                    "continue",
                    "info registers rip cr3",
                    "disconnect");
            assertThat(first).contains("Breakpoint 1, ", "New value = 5");
            // Another connection, in the same sandbox, to the guest as the first one left it.
            String second = gdb(
                    cloister.folder(),
                    "set remotetimeout 60",
                    "target remote " + socket,
                    "print *(int*)0x9000",
                    "continue");
            assertThat(second).contains("$1 = 5", "exited normally");
            assertThat(run.await().expect(0).out().replace("\r", "")).isEqualTo("done\n");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"direct", "emulated"})
    void aBreakpointEndsTheRunWithItsOwnCode(String engine) throws Exception {
        needs(engine);
        Cloister cloister = Cloister.fresh();
        Path image = Guests.long64(cloister.folder(), "guest", GUEST);
        Path trace = cloister.folder().resolve("trace.txt");
        Finished end = cloister.run(
                        "run",
                        "--engine",
                        engine,
                        "--kernel",
                        image.toString(),
                        "--memory",
                        "16M",
                        "--break",
                        "gva:0x100000",
                        "--trace",
                        trace.toString())
                .expect(133);
        assertThat(end.out()).isEmpty();
        assertThat(end.err()).contains("stopped on vCPU 0 at gva:0x100000", "code from rip on:");
        assertThat(Files.readString(trace)).startsWith("# cloister trace").endsWith("nothing is missing\n");
    }

    @Test
    void whatCannotBeLookedAtIsRefusedBeforeTheGuestStarts() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path image = Guests.long64(cloister.folder(), "guest", GUEST);
        String kernel = image.toString();
        assertThat(cloister.run("run", "--engine", "emulated", "--kernel", kernel, "--break", "0x1000")
                        .expect(64)
                        .err())
                .contains("expected gpa:ADDRESS or gva:ADDRESS");
        assertThat(cloister.run("run", "--engine", "emulated", "--kernel", kernel, "--gdb", "70000")
                        .expect(64)
                        .err())
                .contains("expected 0 to 65535");
        Path taken = Files.writeString(cloister.folder().resolve("taken"), "a file");
        assertThat(cloister.run("run", "--engine", "emulated", "--kernel", kernel, "--gdb", taken.toString())
                        .expect(69)
                        .err())
                .contains("EADDRINUSE");
        assertThat(taken).hasContent("a file");
        assertThat(cloister.run("run", "--engine", "emulated", "--kernel", kernel, "--trace", "/nowhere/trace")
                        .expect(65)
                        .err())
                .contains("can't write the trace");
    }
}
