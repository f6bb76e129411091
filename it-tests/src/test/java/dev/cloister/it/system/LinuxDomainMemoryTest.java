package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.LinuxImage;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Running;
import dev.cloister.it.harness.Up;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.Snapshot;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * A Debian guest under a policy: its balloon follows the operator, its persistent memory is a file that can be taken away. It and a disk
 * outlast the daemon.
 */
class LinuxDomainMemoryTest {
    private static final int BYTES = 8 << 20;
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    /** What the guest reads of its disk at a time, in bytes. */
    private static final int BLOCK = 4096;

    private static final int ASKINGS = 100;
    private static final List<String> FLOWS = List.of("reads", "writes", "fixed", "data");

    private static final String SCRIPT = """
        while ! [ -e /dev/pmem1 ]; do sleep 1; done
        echo "sectors $(cat /sys/block/pmem0/size) $(cat /sys/block/pmem1/size)"
        echo "fixed says $(head -c 5 /dev/pmem1)"
        echo guest-was-here | dd of=/dev/pmem0 bs=4096 conv=notrunc,sync,fsync 2>/dev/null && echo "flushed"
        echo "disk says $(head -c 5 /dev/vda)"
        (was=works; while :; do
         if dd if=/dev/vda of=/dev/null bs=4096 skip=8 count=1 iflag=direct 2>/dev/null; then is=works; else is=fails; fi
         [ $is = $was ] || echo "disk $is"; was=$is; usleep 100000; done) & reader=$!
        echo waiting-1
        read line
        kill $reader
        echo 1 > /proc/sys/vm/drop_caches
        echo "disk still says $(head -c 5 /dev/vda)"
        echo only-in-memory | dd of=/dev/pmem0 bs=4096 conv=notrunc,sync,fsync 2>/dev/null || echo "not flushed"
        echo 1 > /proc/sys/vm/drop_caches
        echo "own copy $(head -c 14 /dev/pmem0)"
        echo waiting-2
        read line
        echo 1 > /proc/sys/vm/drop_caches
        echo "zeros $(head -c 14 /dev/pmem0 | tr -d '\\0' | wc -c)"
        echo waiting-3
        read line
        echo 1 > /proc/sys/vm/drop_caches
        echo "file again $(head -c 14 /dev/pmem0)"
        echo and-now-kept | dd of=/dev/pmem0 bs=4096 seek=1 conv=notrunc,sync,fsync 2>/dev/null && echo "flushed again"
        poweroff -f
        """;

    @Test
    void balloonFollowsTheOperatorAndAFileIsMemoryUntilItIsTakenAway() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path folder = cloister.folder();
        Path image = LinuxImage.make(cloister);
        Path initrd = SmallRoot.write(image.resolve("initrd.img"), folder.resolve("memory.img"), SCRIPT);
        Path store = Files.write(folder.resolve("store.img"), new byte[BYTES]);
        byte[] hello = Arrays.copyOf("hello".getBytes(StandardCharsets.US_ASCII), BYTES);
        Path fixed = Files.write(folder.resolve("fixed.img"), hello);
        Path policy = Files.writeString(
                folder.resolve("memory.json"), policy(image.resolve("vmlinuz"), initrd, PolicyFile.sha256(fixed)));
        Path data = Files.write(folder.resolve("data.img"), hello);
        try (Up up = Up.start(cloister, policy, "--timeout", "10m")) {
            up.command().awaitOut(all -> all.contains("waiting-1"), "the memory's first use", PATIENCE);
            assertThat(begins(store, 0)).isEqualTo("guest-was-here");
            loseTheDaemon(up, data);
            inflate(cloister);
            Finished end = takeAwayAndGiveBack(cloister, up.command(), store);
            assertThat(end.out())
                    .contains("disk says hello", "disk still says hello")
                    .containsOnlyOnce("disk fails")
                    .contains("sectors 16384 16384", "fixed says hello", "flushed", "not flushed")
                    .contains("own copy only-in-memory", "zeros 0", "file again guest-was-here", "flushed again");
        }
        assertThat(begins(store, 0)).isEqualTo("guest-was-here");
        assertThat(begins(store, 4096)).startsWith("and-now-kept");
        assertThat(Files.readAllBytes(fixed)).isEqualTo(hello);
    }

    /** The next daemon takes domain, disk and memory over as they are, whatever has become of the disk's name meanwhile. */
    private static void loseTheDaemon(Up up, Path data) throws Exception {
        Snapshot before = up.now();
        Files.move(data, data.resolveSibling("moved.img"));
        Files.write(data, Arrays.copyOf("other".getBytes(StandardCharsets.US_ASCII), BYTES));
        up.daemon().destroyForcibly();
        Snapshot after = up.again(s -> s.pid() != before.pid() && allLive(s), "another daemon");
        assertThat(Up.domain(after, "worker").pid())
                .isEqualTo(Up.domain(before, "worker").pid());
        for (String flow : FLOWS) {
            assertThat(Up.flow(after, flow).openings()).as(flow).isEqualTo(1);
        }
        long read = Up.flow(after, "data").units();
        up.until(s -> Up.flow(s, "data").units() > read + BLOCK, "the disk read under the next daemon");
        assertThat(up.command().out()).doesNotContain("disk fails");
        try (PolicyDaemonClient client = PolicyDaemonClient.connect(up.socket())) {
            client.revoke("data");
            up.command().awaitOut(all -> all.contains("disk fails"), "the disk taken away", PATIENCE);
            client.open("data");
            up.command().awaitOut(all -> all.contains("disk works"), "the disk given back", PATIENCE);
        }
        assertThat(Up.domain(up.now(), "worker").state()).isEqualTo("running");
    }

    private static boolean allLive(Snapshot snapshot) {
        return FLOWS.stream().allMatch(flow -> Up.flow(snapshot, flow).state().equals("live"));
    }

    /** The guest follows in its own time: it is asked until it has. */
    private static void inflate(Cloister cloister) throws Exception {
        cloister.run("balloon", "worker", "64M").expect(0);
        String said = "";
        for (int i = 0; i < ASKINGS && !said.contains(", 64M in the balloon"); i++) {
            said = cloister.run("balloon", "worker").expect(0).out();
        }
        assertThat(said).contains("64M asked for, 64M in the balloon", "the guest says: available ");
        String json = cloister.run("balloon", "worker", "0", "--json").expect(0).out();
        assertThat(json).contains("\"reply\":\"balloon\"", "\"wanted\":0", "\"free\":");
    }

    private static Finished takeAwayAndGiveBack(Cloister cloister, Running up, Path store) throws Exception {
        try (Running console = cloister.start("console", "worker")) {
            cloister.run("revoke", "writes").expect(0);
            console.type("\n");
            up.awaitOut(all -> all.contains("waiting-2"), "the flow to the file taken away", PATIENCE);
            assertThat(begins(store, 0)).isEqualTo("guest-was-here");
            cloister.run("revoke", "reads").expect(0);
            console.type("\n");
            up.awaitOut(all -> all.contains("waiting-3"), "the flow from the file taken away", PATIENCE);
            cloister.run("open", "reads").expect(0);
            cloister.run("open", "writes").expect(0);
            console.type("\n");
            return up.await(PATIENCE).expect(0);
        }
    }

    private static String begins(Path file, int at) throws Exception {
        return new String(Files.readAllBytes(file), at, "guest-was-here".length(), StandardCharsets.US_ASCII);
    }

    private static String policy(Path kernel, Path initrd, String digest) throws Exception {
        return """
            {version: 1, name: "memory", onDaemonLoss: "keep", lattice: {levels: ["low"]},
             host: {console: {label: {level: "low"}}, disks: {
              data: {path: "data.img", label: {level: "low"}},
              store: {path: "store.img", persistentMemory: true, label: {level: "low"}},
              fixed: {path: "fixed.img", persistentMemory: true, readOnly: true, sha256: "%s", label: {level: "low"}}}},
             domains: [{id: "6c0c1f0e-0000-4000-8000-000000000008", name: "worker", label: {level: "low"},
              memory: {size: "256M", balloon: 0}, engine: "emulated",
              image: {kernel: {path: "%s", sha256: "%s"}, initrd: {path: "%s", sha256: "%s"},
              cmdline: "console=ttyS0 quiet"}}],
             flows: [
              {name: "out", from: "worker", to: "@console", kind: "console"},
              {name: "in", from: "@console", to: "worker", kind: "console"},
              {name: "reads", from: "@disk:store", to: "worker", kind: "disk"},
              {name: "writes", from: "worker", to: "@disk:store", kind: "disk"},
              {name: "data", from: "@disk:data", to: "worker", kind: "disk"},
              {name: "fixed", from: "@disk:fixed", to: "worker", kind: "disk"}]}
            """.formatted(digest, kernel, PolicyFile.sha256(kernel), initrd, PolicyFile.sha256(initrd));
    }
}
