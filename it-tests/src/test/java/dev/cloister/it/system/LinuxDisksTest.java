package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.LinuxImage;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Running;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** A Debian guest under a policy with two disks: written, read only with a digest, taken away while it runs and given back. */
class LinuxDisksTest {
    private static final int BYTES = 4 << 20;
    private static final int WRITTEN_AT = 4096;
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private static final String SCRIPT = """
        echo "serials $(cat /sys/block/vda/serial) $(cat /sys/block/vdb/serial)"
        echo "first says $(head -c 5 /dev/vda)"
        echo "read only $(cat /sys/block/vda/ro) $(cat /sys/block/vdb/ro)"
        echo guest-was-here | dd of=/dev/vda seek=1 bs=4096 conv=notrunc 2>/dev/null
        sync
        echo "second has $(sha256sum /dev/vdb)"
        echo waiting-1
        read line
        dd if=/dev/vda of=/dev/null bs=4096 skip=500 count=1 2>/dev/null || echo "taken away"
        echo waiting-2
        read line
        dd if=/dev/vda of=/dev/null bs=4096 skip=600 count=1 2>/dev/null && echo "there again"
        poweroff -f
        """;

    @Test
    void guestHasTheDisksThatItsFlowsGiveItAndNoLonger() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path folder = cloister.folder();
        Path image = LinuxImage.make(cloister);
        Path initrd = SmallRoot.write(image.resolve("initrd.img"), folder.resolve("disks.img"), SCRIPT);
        byte[] content = Arrays.copyOf("hello".getBytes(StandardCharsets.US_ASCII), BYTES);
        Path data = Files.write(folder.resolve("data.img"), content);
        Path fixed = Files.write(folder.resolve("fixed.img"), content);
        Path policy = Files.writeString(
                folder.resolve("disks.json"), policy(image.resolve("vmlinuz"), initrd, PolicyFile.sha256(fixed)));
        try (Running up = cloister.start("up", policy.toString(), "--timeout", "10m")) {
            up.awaitOut(all -> all.contains("waiting-1"), "the disks' first use", PATIENCE);
            Finished end = takeAwayAndGiveBack(cloister, up);
            assertThat(end.out())
                    .contains("serials data fixed", "first says hello", "read only 0 1")
                    .contains("second has " + PolicyFile.sha256(fixed), "taken away", "there again");
        }
        byte[] after = Files.readAllBytes(data);
        String written = new String(after, WRITTEN_AT, "guest-was-here".length(), StandardCharsets.US_ASCII);
        assertThat(written).isEqualTo("guest-was-here");
        assertThat(after).hasSize(BYTES);
        assertThat(Files.readAllBytes(fixed)).isEqualTo(content);
    }

    private static Finished takeAwayAndGiveBack(Cloister cloister, Running up) throws Exception {
        try (Running console = cloister.start("console", "worker")) {
            console.awaitOut("waiting-1");
            cloister.run("revoke", "reads").expect(0);
            console.type("\n");
            up.awaitOut(all -> all.contains("waiting-2"), "the disk taken away", PATIENCE);
            cloister.run("open", "reads").expect(0);
            console.type("\n");
            return up.await(PATIENCE).expect(0);
        }
    }

    private static String policy(Path kernel, Path initrd, String digest) throws Exception {
        return """
            {version: 1, name: "disks", lattice: {levels: ["low"]},
             host: {console: {label: {level: "low"}}, disks: {
              data: {path: "data.img", label: {level: "low"}},
              fixed: {path: "fixed.img", readOnly: true, sha256: "%s", label: {level: "low"}}}},
             domains: [{id: "6c0c1f0e-0000-4000-8000-000000000007", name: "worker", label: {level: "low"}, memory: "192M",
              engine: "emulated", image: {kernel: {path: "%s", sha256: "%s"}, initrd: {path: "%s", sha256: "%s"},
              cmdline: "console=ttyS0 quiet"}}],
             flows: [
              {name: "out", from: "worker", to: "@console", kind: "console"},
              {name: "in", from: "@console", to: "worker", kind: "console"},
              {name: "reads", from: "@disk:data", to: "worker", kind: "disk"},
              {name: "writes", from: "worker", to: "@disk:data", kind: "disk"},
              {name: "fixed", from: "@disk:fixed", to: "worker", kind: "disk"}]}
            """.formatted(digest, kernel, PolicyFile.sha256(kernel), initrd, PolicyFile.sha256(initrd));
    }
}
