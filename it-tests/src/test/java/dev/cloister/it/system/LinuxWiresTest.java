package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.NetworkNamespace;
import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.LinuxImage;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Running;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/**
 * Two Debian guests under a policy with a wire between them, and one from the first to a tap of the host: pings, a transfer, one
 * direction taken away, then the other, then both given back.
 */
class LinuxWiresTest {
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private static final String LEFT = """
        cd /sys/class/net
        ip addr add 10.5.0.1/24 dev eth0
        ip link set eth0 up
        echo "link eth0 $(cat eth0/address) mtu $(cat eth0/mtu) carrier $(cat eth0/carrier)"
        ip addr add 10.9.0.2/24 dev eth1
        ip link set eth1 up
        echo waiting-1
        read line
        ping -c 3 -W 60 10.5.0.2
        head -c 262144 /dev/urandom > /data
        echo "digest-sent $(sha256sum < /data)"
        nc 10.5.0.2 9000 < /data
        ping -c 2 -W 60 10.9.0.1 | sed 's/^/host: /'
        echo waiting-2
        read line
        before=$(cat eth0/statistics/rx_packets)
        ping -c 2 -W 5 10.5.0.2 > /dev/null || echo "no answer"
        while [ "$(cat eth0/statistics/rx_packets)" = "$before" ]; do sleep 1; done
        echo "still hears, carrier $(cat eth0/carrier)"
        echo waiting-3
        read line
        while [ "$(cat eth0/carrier)" != 0 ]; do sleep 1; done
        echo waiting-4
        read line
        while [ "$(cat eth0/carrier)" != 1 ]; do sleep 1; done
        ping -c 2 -W 60 10.5.0.2 > /dev/null && echo "there again"
        poweroff -f
        """;

    /** A server whose input ends would close the connection before it has everything. */
    private static final String RIGHT = """
        ip addr add 10.5.0.2/24 dev eth0
        ip link set eth0 up
        mkfifo /never
        sleep 10000 > /never &
        echo right-waits
        nc -l -p 9000 < /never > /data
        echo "digest-got $(sha256sum < /data)"
        ping 10.5.0.1 > /dev/null &
        read line
        poweroff -f
        """;

    @Test
    void guestsReachEachOtherAndTheHostAsLongAsTheirFlowsAreOpen() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path image = LinuxImage.make(cloister, "--drivers", "net");
        try {
            NetworkNamespace.call(() -> {
                NetworkNamespace.tap("lan0", "10.9.0.1/24");
                return run(cloister, image, true);
            });
        } catch (NetworkNamespace.Unavailable e) {
            System.out.println("no taps here, so that only the wire between guests is tested: " + e.getMessage());
            run(cloister, image, false);
        }
    }

    private static boolean run(Cloister cloister, Path image, boolean tap) throws Exception {
        Path folder = cloister.folder();
        Path left = SmallRoot.write(image.resolve("initrd.img"), folder.resolve("left.img"), LEFT);
        Path right = SmallRoot.write(image.resolve("initrd.img"), folder.resolve("right.img"), RIGHT);
        Path policy =
                Files.writeString(folder.resolve("wires.json"), policy(image.resolve("vmlinuz"), left, right, tap));
        try (Running up = cloister.start("up", policy.toString(), "--timeout", "10m")) {
            up.awaitOut(all -> all.contains("waiting-1") && all.contains("right-waits"), "both guests", PATIENCE);
            Finished end;
            try (Running console = cloister.start("console", "left")) {
                console.awaitOut("waiting-1");
                step(up, console, "waiting-2");
                assertThat(cloister.run("ps").expect(0).out())
                        .containsPattern("there +left +right +wire +live +[1-9]")
                        .containsPattern("back +right +left +wire +live +[1-9]");
                cloister.run("revoke", "there").expect(0);
                step(up, console, "waiting-3");
                cloister.run("revoke", "back").expect(0);
                step(up, console, "waiting-4");
                cloister.run("open", "there").expect(0);
                cloister.run("open", "back").expect(0);
                console.type("\n");
                up.awaitOut(all -> all.contains("there again"), "the wire given back", PATIENCE);
            }
            try (Running console = cloister.start("console", "right")) {
                console.awaitOut("digest-got ");
                console.type("\n");
                end = up.await(PATIENCE).expect(0);
            }
            assertThat(end.out())
                    .containsPattern("link eth0 [0-9a-f:]{17} mtu 1500 carrier 1")
                    .containsPattern("3 packets transmitted, 3 packets received")
                    .contains("no answer", "still hears, carrier 1", "there again");
            assertThat(after(end.out(), "digest-sent ")).isEqualTo(after(end.out(), "digest-got "));
            if (tap) {
                assertThat(end.out()).contains("host: 2 packets transmitted, 2 packets received");
            }
        }
        return true;
    }

    private static void step(Running up, Running console, String until) throws Exception {
        console.type("\n");
        up.awaitOut(all -> all.contains(until), until, PATIENCE);
    }

    /** The 64 digits of the digest behind a word. */
    private static String after(String all, String word) {
        int at = all.lastIndexOf(word) + word.length();
        return all.substring(at, at + 64);
    }

    private static String policy(Path kernel, Path left, Path right, boolean tap) throws Exception {
        String domain = """
            {id: "6c0c1f0e-0000-4000-8000-00000000000%d", name: "%s", label: {level: "low"}, memory: "192M",
             engine: "emulated", image: {kernel: {path: "%s", sha256: "%s"}, initrd: {path: "%s", sha256: "%s"},
             cmdline: "console=ttyS0 quiet"}}\
            """;
        String digest = PolicyFile.sha256(kernel);
        String lan = tap ? ", taps: {lan: {interface: \"lan0\", label: {level: \"low\"}}}" : "";
        String lanFlows = tap ? """
            , {name: "lan-out", from: "left", to: "@tap:lan", kind: "wire", rate: {perSecond: 100000, burst: 3000}},
            {name: "lan-in", from: "@tap:lan", to: "left", kind: "wire", rate: {perSecond: 100000, burst: 3000}}\
            """ : "";
        return """
            {version: 1, name: "wires", lattice: {levels: ["low"]},
             host: {console: {label: {level: "low"}}%s},
             domains: [%s, %s],
             flows: [
              {name: "left-out", from: "left", to: "@console", kind: "console"},
              {name: "left-in", from: "@console", to: "left", kind: "console"},
              {name: "right-out", from: "right", to: "@console", kind: "console"},
              {name: "right-in", from: "@console", to: "right", kind: "console"},
              {name: "there", from: "left", to: "right", kind: "wire"},
              {name: "back", from: "right", to: "left", kind: "wire"}%s]}
            """.formatted(
                        lan,
                        domain.formatted(8, "left", kernel, digest, left, PolicyFile.sha256(left)),
                        domain.formatted(9, "right", kernel, digest, right, PolicyFile.sha256(right)),
                        lanFlows);
    }
}
