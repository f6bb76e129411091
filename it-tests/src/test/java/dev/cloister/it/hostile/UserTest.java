package dev.cloister.it.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Up;
import dev.cloister.linux.HostUser;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A daemon that was started by root and goes on as somebody else. */
class UserTest {
    private static final String NOBODY = "nobody";

    @BeforeAll
    static void needs() {
        Host.needsKvm();
        need(HostUser.effective() == 0, "skipped, --user needs root to begin with");
        need(HostUser.named(NOBODY).isPresent(), "skipped, this host has no user " + NOBODY);
    }

    private static void need(boolean met, String missing) {
        if (!met) {
            System.out.println(missing);
        }
        assumeTrue(met, missing);
    }

    private static boolean reads(Path file) throws IOException, InterruptedException {
        Process test = new ProcessBuilder("setpriv", "--reuid", NOBODY, "--clear-groups", "test", "-r", file.toString())
                .start();
        return test.waitFor(240, TimeUnit.SECONDS) && test.exitValue() == 0;
    }

    @Test
    void daemonAndDomainsRunWithoutRoot() throws Exception {
        Cloister cloister = Cloister.fresh();
        Files.createDirectories(cloister.state());
        Path policy = PolicyFile.in(cloister.folder(), "user")
                .domain("writer", Guests.assemble(cloister.folder(), "writer", "LIMIT equ 1000000"))
                .domain("reader", Guests.assemble(cloister.folder(), "reader", "LIMIT equ 1000000"))
                .memory("data", "writer", "reader")
                .write();
        need(
                reads(Cloister.dist().resolve("lib/cli.jar")) && reads(policy),
                "skipped, user " + NOBODY + " can't read the program or the policy where they are");
        int uid = HostUser.named(NOBODY).orElseThrow().uid();
        try (Up up = Up.start(cloister, policy, "--user", NOBODY)) {
            up.command().awaitOut("reader: 20 records");
            for (ProcessHandle process : List.of(up.daemon(), up.vmm("writer"), up.vmm("reader"))) {
                assertThat(tasks(process)).isNotEmpty().allSatisfy(status -> {
                    assertThat(status).contains("\nUid:\t" + uid + "\t" + uid + "\t" + uid + "\t" + uid + "\n");
                    assertThat(status).contains("\nCapEff:\t0000000000000000\n", "\nCapPrm:\t0000000000000000\n");
                });
            }
            up.shutdown().expect(0);
        }
        assertThat(cloister.run("audit", "verify", "user").expect(0).out()).contains("whole");
    }

    @Test
    void aStateThatTheUserCannotReachIsRefused() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = PolicyFile.in(cloister.folder(), "shut")
                .domain("reader", Guests.assemble(cloister.folder(), "reader", "LIMIT equ 1"))
                .write();
        // Made by the command itself, for its user alone.
        assertThat(cloister.run("up", policy.toString(), "--user", NOBODY)
                        .expect(69)
                        .err())
                .contains("can't be reached by user nobody", "chmod o+x");
        assertThat(cloister.run("up", policy.toString(), "--user", "no-such-user")
                        .err())
                .contains("no such user on this host");
    }

    /** What the kernel says of every thread of a process. */
    private static List<String> tasks(ProcessHandle process) throws IOException {
        List<String> statuses = new ArrayList<>();
        try (DirectoryStream<Path> tasks =
                Files.newDirectoryStream(Path.of("/proc", Long.toString(process.pid()), "task"))) {
            for (Path task : tasks) {
                statuses.add(Files.readString(task.resolve("status")));
            }
        }
        return statuses;
    }
}
