package dev.cloister.it.bench;

import dev.cloister.it.NetworkNamespace;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A virtio network device on a tap, under {@code cloister run} and under QEMU, with the same kernel, root file system and memory, both guests
 * up at once in one network namespace and used in turns: bytes to the guest and from it by TCP, one byte there and back, a ping, resident
 * memory; and Cloister's socket device (vsock) in the same guest. The guest's processor is interpreted here and translated there: the
 * difference is mostly its, not the device's.
 */
final class NetBench {
    private static final long BYTES = Long.getLong("cloister.net.bytes", 32L << 20);
    private static final int ROUNDS = 5;
    private static final int ECHOES = 300;
    private static final String MEMORY = "256M";
    private static final int CID = 5;
    private static final int VSOCK_PORT = 1234;
    private static final int BOOT_SECONDS = 300;
    private static final int COMMAND_SECONDS = 150;
    private static final Pattern ROUND_TRIP = Pattern.compile("min/avg/max = [0-9.]+/([0-9.]+)/");

    private NetBench() {}

    /** What is measured through one connection: bytes a second there and back, on the clock and by the processor; one byte's way. */
    private record Figures(double[] to, double[] toWork, double[] from, double[] fromWork, double[] echo) {
        Figures() {
            this(new double[ROUNDS], new double[ROUNDS], new double[ROUNDS], new double[ROUNDS], new double[ROUNDS]);
        }
    }

    /** A way into a guest: who listens on the host, and how the guest's {@code socat} connects there. */
    private record Way(ShellGuest guest, Pour pour, String connect, Figures figures) implements AutoCloseable {
        static Way to(ShellGuest guest, SocketAddress at, String connect) throws IOException {
            Pour pour = new Pour(at);
            String port = pour.address() instanceof InetSocketAddress inet ? ":" + inet.getPort() : "";
            return new Way(guest, pour, connect + port, new Figures());
        }

        /** One round; its figures are kept from number 0 on: what came before has warmed up. */
        void round(int number) throws IOException, InterruptedException {
            double[] to = poured("socat -u -b 65536 " + connect + " OPEN:/dev/null", () -> pour.send(BYTES));
            double[] from = poured(
                    "socat -u -b 65536 OPEN:/dev/zero,readbytes=" + BYTES + " " + connect, () -> pour.receive(BYTES));
            guest.type("socat -b 64 " + connect + " PIPE; echo fini''shed");
            double[] echo = pour.echo(ECHOES);
            guest.await("finished", COMMAND_SECONDS);
            if (number >= 0) {
                figures.to[number] = to[0];
                figures.toWork[number] = to[1];
                figures.from[number] = from[0];
                figures.fromWork[number] = from[1];
                figures.echo[number] = new Samples(echo).median() / 1e3;
            }
        }

        private double[] poured(String command, Timed timed) throws IOException, InterruptedException {
            long work = guest.processorNanos();
            guest.type(command + "; echo fini''shed");
            double clock = rate(timed.nanos());
            guest.await("finished", COMMAND_SECONDS);
            return new double[] {clock, rate(guest.processorNanos() - work)};
        }

        @Override
        public void close() throws IOException {
            pour.close();
        }
    }

    /** The host's part of a transfer; says how long it took. */
    private interface Timed {
        long nanos() throws IOException;
    }

    static void run(PrintStream out, Path root, Path scratch) throws Exception {
        Path image = scratch.resolve("net");
        if (!makeImage(root, image)) {
            out.println("network: skipped, Debian's packages can't be had\n");
            return;
        }
        // Short: a Unix socket's path.
        Path sockets = Files.createTempDirectory("net");
        try {
            NetworkNamespace.call(() -> {
                compare(out, root, image, sockets.resolve("s"));
                return true;
            });
        } catch (NetworkNamespace.Unavailable e) {
            out.println("network: skipped, " + e.getMessage() + "\n");
        } finally {
            Files.deleteIfExists(sockets.resolve("s_" + VSOCK_PORT));
            Files.deleteIfExists(sockets.resolve("s"));
            Files.deleteIfExists(sockets);
        }
    }

    private static boolean makeImage(Path root, Path image) throws IOException, InterruptedException {
        if (Files.exists(image.resolve("initrd.img"))) {
            return true;
        }
        List<String> command = List.of(
                root.resolve("cloister").toString(), "image", "linux", "--drivers", "net,vsock", image.toString());
        return Contender.process(command).inheritIO().start().waitFor() == 0;
    }

    private static void compare(PrintStream out, Path root, Path image, Path socket) throws Exception {
        NetworkNamespace.tap("ours", "10.9.2.1/24");
        NetworkNamespace.tap("theirs", "10.9.3.1/24");
        try (ShellGuest ours = booted(cloister(root, image, socket), 2);
                Way tap = Way.to(ours, new InetSocketAddress("10.9.2.1", 0), "TCP:10.9.2.1");
                Way vsock = Way.to(
                        ours, UnixDomainSocketAddress.of(socket + "_" + VSOCK_PORT), "VSOCK-CONNECT:2:" + VSOCK_PORT)) {
            if (Contender.hasQemu()) {
                try (ShellGuest theirs = booted(qemu(image), 3);
                        Way rival = Way.to(theirs, new InetSocketAddress("10.9.3.1", 0), "TCP:10.9.3.1")) {
                    rounds(tap, rival, vsock);
                    report(out, tap, Optional.of(rival), vsock);
                }
            } else {
                rounds(tap, vsock);
                report(out, tap, Optional.empty(), vsock);
            }
        }
    }

    private static void rounds(Way... ways) throws IOException, InterruptedException {
        for (int number = -1; number < ROUNDS; number++) {
            for (Way way : ways) {
                way.round(number);
            }
        }
    }

    private static List<String> cloister(Path root, Path image, Path socket) {
        List<String> command = Contender.cloister(root, MEMORY);
        command.addAll(List.of("--image", image.toString(), "--net", "tap=ours"));
        command.addAll(List.of("--vsock", "cid=" + CID + ",socket=" + socket));
        return command;
    }

    private static List<String> qemu(Path image) {
        List<String> command = Contender.qemu(MEMORY);
        command.addAll(List.of("-kernel", image.resolve("vmlinuz").toString()));
        command.addAll(List.of("-initrd", image.resolve("initrd.img").toString(), "-append", "console=ttyS0 quiet"));
        command.addAll(List.of("-netdev", "tap,id=net,ifname=theirs,script=no,downscript=no"));
        command.addAll(List.of("-device", "virtio-net-pci,netdev=net,romfile="));
        return command;
    }

    /** A guest that answers pings; {@code net} is the third number of its network's addresses. */
    private static ShellGuest booted(List<String> command, int net) throws IOException, InterruptedException {
        ShellGuest guest = new ShellGuest(command);
        try {
            guest.await("root #", BOOT_SECONDS);
            guest.command("ip addr add 10.9." + net + ".2/24 dev eth0; ip link set eth0 up", COMMAND_SECONDS);
            guest.command("ping -c 2 -W 30 10.9." + net + ".1", COMMAND_SECONDS);
            return guest;
        } catch (IOException e) {
            guest.close();
            throw new IOException(command.getFirst() + ": " + e.getMessage(), e);
        }
    }

    private static double ping(ShellGuest guest, int net) throws IOException, InterruptedException {
        Matcher ping = ROUND_TRIP.matcher(guest.command("ping -c 20 -i 0.1 10.9." + net + ".1", COMMAND_SECONDS));
        return ping.find() ? Double.parseDouble(ping.group(1)) : Double.NaN;
    }

    private static double rate(long nanos) {
        return BYTES / (double) (1 << 20) / (nanos / 1e9);
    }

    private static void report(PrintStream out, Way ours, Optional<Way> theirs, Way vsock)
            throws IOException, InterruptedException {
        Optional<Figures> rival = theirs.map(Way::figures);
        out.println(Samples.header("Network on a tap, TCP, " + (BYTES >> 20) + " MiB at a time"));
        table(out, ours.figures(), rival);
        out.printf(Locale.ROOT, "  ping, mean of 20: %s %.2f ms%n", Contender.ours(), ping(ours.guest(), 2));
        if (theirs.isPresent()) {
            out.printf(
                    Locale.ROOT,
                    "  ping, mean of 20: %s %.2f ms%n",
                    Contender.theirs(),
                    ping(theirs.get().guest(), 3));
        }
        memory(out, ours.guest(), theirs.map(Way::guest));
        out.println();
        out.println(Samples.header("Sockets (vsock) in the same guest, to a Unix socket of the host"));
        table(out, vsock.figures(), Optional.empty());
        out.println("  rival: the same guest's TCP above; QEMU has such sockets only by the host's vhost_vsock, "
                + (Files.exists(Path.of("/dev/vhost-vsock"))
                        ? "which was not measured"
                        : "which this host doesn't have"));
        ratio(
                out,
                "vsock/tap, to the guest",
                vsock.figures().to(),
                ours.figures().to());
        ratio(
                out,
                "vsock/tap, from the guest",
                vsock.figures().from(),
                ours.figures().from());
        ratio(
                out,
                "vsock/tap, one byte there and back",
                vsock.figures().echo(),
                ours.figures().echo());
        out.println();
    }

    private static void memory(PrintStream out, ShellGuest ours, Optional<ShellGuest> theirs) throws IOException {
        double mine = ours.residentMebibytes();
        out.printf(Locale.ROOT, "  resident memory: %s %.0f MiB%n", Contender.ours(), mine);
        if (theirs.isPresent()) {
            double rival = theirs.get().residentMebibytes();
            out.printf(
                    Locale.ROOT,
                    "  resident memory: %s %.0f MiB, ratio cloister/QEMU %.2f%n",
                    Contender.theirs(),
                    rival,
                    mine / rival);
        } else {
            out.println("  QEMU: skipped, qemu-system-x86_64 is not installed");
        }
    }

    private static void table(PrintStream out, Figures ours, Optional<Figures> theirs) {
        rows(out, "to guest", "MiB/s", ours.to(), theirs.map(Figures::to));
        rows(out, "to, processor", "MiB/s", ours.toWork(), theirs.map(Figures::toWork));
        rows(out, "from guest", "MiB/s", ours.from(), theirs.map(Figures::from));
        rows(out, "from, processor", "MiB/s", ours.fromWork(), theirs.map(Figures::fromWork));
        rows(out, "1 byte, echo", "µs", ours.echo(), theirs.map(Figures::echo));
    }

    private static void rows(PrintStream out, String title, String unit, double[] ours, Optional<double[]> theirs) {
        out.println(new Samples(ours).row(Contender.ours() + ", " + title, unit));
        if (theirs.isPresent()) {
            out.println(new Samples(theirs.get()).row(Contender.theirs() + ", " + title, unit));
            ratio(out, "ratio cloister/QEMU", ours, theirs.get());
        }
    }

    private static void ratio(PrintStream out, String title, double[] of, double[] to) {
        out.printf(Locale.ROOT, "  %-53s %10.3f%n", title, Samples.ratio(of, to));
    }
}
