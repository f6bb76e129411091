package dev.cloister.it.disk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.DebianPackages;
import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.Running;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * A root disk of {@code image rootfs} under the emulated engine: to the login, data written, off by the guest; on again, the data
 * read, off by the power button. Some minutes, so only with {@code -Dcloister.rootfs=true}.
 */
class RootDiskTest {
    private static final Duration PATIENCE = Duration.ofMinutes(40);
    private static final String PROMPT = ":~# ";
    private static final Pattern DIGEST = Pattern.compile("(?m)^([0-9a-f]{64})  /root/data");

    @Test
    void aDebianSystemStartsWritesAndSwitchesOffAndItsDiskIsWhole() throws Exception {
        Host.needs(Boolean.getBoolean("cloister.rootfs"), "takes minutes: -Dcloister.rootfs=true");
        Cloister cloister = Cloister.fresh();
        Path image = cloister.folder().resolve("debian");
        try (Running making = cloister.start("image", "rootfs", "--size", "1G", image.toString())) {
            Finished made = making.await(Duration.ofMinutes(20));
            Host.needs(made.code() == 0, "no root disk can be made here: " + made.err());
        }
        String written;
        long start = System.nanoTime();
        try (Running run = start(cloister, image)) {
            run.awaitOut(all -> all.contains(PROMPT), "login", PATIENCE);
            System.out.println("Debian with systemd, to its login: "
                    + Duration.ofNanos(System.nanoTime() - start).toSeconds() + " s");
            run.type("dd if=/dev/urandom of=/root/data bs=64k count=64 2>/dev/null; sha256sum /root/data\n");
            written = digest(run);
            run.type("sync; systemctl poweroff\n");
            run.await(PATIENCE).expect(0);
        }
        isClean(cloister, image);
        try (Running run = start(cloister, image)) {
            run.awaitOut(all -> all.contains(PROMPT), "login", PATIENCE);
            run.type("sha256sum /root/data; systemctl is-system-running --wait\n");
            assertThat(digest(run)).isEqualTo(written);
            run.awaitOut(all -> all.contains("\nrunning"), "a system that runs", PATIENCE);
            run.handle().destroy();
            Finished end = run.await(PATIENCE);
            assertThat(end.err()).contains("power button pressed");
            assertThat(end.out()).contains("reboot: Power down");
        }
        isClean(cloister, image);
    }

    private static Running start(Cloister cloister, Path image) throws IOException {
        return cloister.start(
                "run",
                "--image",
                image.toString(),
                "--engine",
                "emulated",
                "--memory",
                "512M",
                "--grace",
                "40m",
                "--timeout",
                "2h");
    }

    private static String digest(Running run) throws InterruptedException {
        run.awaitOut(all -> DIGEST.matcher(all).find(), "the data's digest", PATIENCE);
        Matcher found = DIGEST.matcher(run.out());
        assertThat(found.find()).isTrue();
        return found.group(1);
    }

    private static void isClean(Cloister cloister, Path image) throws Exception {
        Path fsck = DebianPackages.onPath("fsck.ext4").orElse(Path.of("/usr/sbin/fsck.ext4"));
        Finished check = cloister.runCommand(
                List.of(fsck.toString(), "-fn", image.resolve("disk.img").toString()));
        assertThat(check.code()).as(check.toString()).isZero();
    }
}
