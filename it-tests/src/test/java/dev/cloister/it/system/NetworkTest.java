package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.cloister.it.NetworkNamespace;
import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.LinuxImage;
import dev.cloister.it.harness.Running;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/**
 * Debian's own driver and TCP over two taps, in the sandbox: one with everything that host and guest can leave to each other, one without.
 * The guest sends back what it gets; {@code -Dcloister.net.bytes=N} says how much.
 */
class NetworkTest {
    private static final Duration PATIENCE = Duration.ofMinutes(9);
    private static final long BYTES = Long.getLong("cloister.net.bytes", 512 << 10);
    private static final int GUEST_CSUM = 1;
    private static final int GUEST_TSO4 = 7;
    private static final int MAC = 5;

    @Test
    void debiansKernelPingsAndSendsBackWhatItGetsOverTapsWithAndWithoutOffloads() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path guest = LinuxImage.make(cloister, "--drivers", "net");
        try {
            NetworkNamespace.call(() -> {
                NetworkNamespace.tap("full", "10.9.0.1/24");
                NetworkNamespace.tap("plain", "10.9.1.1/24");
                run(cloister, guest);
                return true;
            });
        } catch (NetworkNamespace.Unavailable e) {
            System.out.println("no taps here: " + e.getMessage());
            abort("no taps here: " + e.getMessage());
        }
    }

    private static void run(Cloister cloister, Path guest) throws Exception {
        try (Running run = cloister.start(
                "run",
                "--engine",
                "emulated",
                "--image",
                guest.toString(),
                "--timeout",
                PATIENCE.toSeconds() + "s",
                "--net",
                "tap=full,mac=52:54:00:00:00:01",
                "--net",
                "tap=plain,mac=52:54:00:00:00:02,offload=off,mtu=1400,limit=100M")) {
            awaitText(run, "busybox shell");
            command(run, "cd /sys/class/net; cat eth0/address eth1/address eth1/mtu; echo here''after", "hereafter");
            assertThat(run.out()).contains("\n52:54:00:00:00:01", "\n52:54:00:00:00:02", "\n1400");
            command(run, "cat eth0/device/features; echo first''features", "firstfeatures");
            requireFeatures(run.out(), "firstfeatures", true);
            command(run, "cat eth1/device/features; echo other''features", "otherfeatures");
            requireFeatures(run.out(), "otherfeatures", false);
            for (int i = 0; i < 2; i++) {
                String host = "10.9." + i + ".1";
                command(
                        run,
                        "ip addr add 10.9." + i + ".2/24 dev eth" + i + "; ip link set eth" + i
                                + " up; ping -c 2 -W 30 " + host + "; echo ping''ed" + i,
                        "pinged" + i);
                assertThat(run.out()).contains("2 packets received", "from " + host);
                long start = System.nanoTime();
                try (NetworkNamespace.Loop loop = new NetworkNamespace.Loop(host, BYTES, 20261121 + i)) {
                    command(run, loop.guestCommand() + "; echo loop''ed" + i, "looped" + i);
                    System.out.printf(
                            "%s: there and back %s, %.1f s%n",
                            i == 0 ? "with offloads" : "without", loop.await(), (System.nanoTime() - start) / 1e9);
                }
            }
            command(run, "ifconfig -a; echo count''ed", "counted");
            System.out.println(run.out().substring(run.out().lastIndexOf("eth0")));
            run.type("poweroff -f\n");
            Finished end = run.await(PATIENCE).expect(0);
            assertThat(end.err()).doesNotContain("network 0:", "network 1:");
        }
    }

    private static void requireFeatures(String out, String end, boolean offloads) {
        String bits = out.substring(0, out.lastIndexOf(end)).strip();
        bits = bits.substring(bits.lastIndexOf('\n') + 1).strip();
        assertThat(bits).hasSize(64).matches("[01]*");
        assertThat(bits.charAt(MAC)).isEqualTo('1');
        assertThat(bits.charAt(GUEST_CSUM)).isEqualTo(offloads ? '1' : '0');
        assertThat(bits.charAt(GUEST_TSO4)).isEqualTo(offloads ? '1' : '0');
    }

    private static void command(Running run, String text, String end) throws Exception {
        run.type(text + "\n");
        awaitText(run, "\n" + end);
    }

    /** A machine that does everything else as well may take minutes. */
    private static void awaitText(Running run, String text) throws Exception {
        run.awaitOut(out -> out.replace("\r", "").contains(text), text.strip(), PATIENCE);
    }
}
