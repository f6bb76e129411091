package dev.cloister.it.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What the confinement of a VMM process costs: at start, from the operator's command to the guest's first instruction; and at run, by
 * the processor time of a guest's exit. The same daemon, the same jars, the same guest: with nothing, with the sandbox that the process
 * puts itself into (system calls, Landlock, limits), and with the namespaces and control group that the daemon puts around it as well.
 */
final class ConfineBench {
    private static final int STARTS = 25;
    private static final int SLICES = 30;
    private static final long SLICE_MILLIS = 200;
    private static final double MILLI = 1e6;

    private ConfineBench() {}

    /** One way to run VMMs. */
    private enum Way {
        BARE("not confined"),
        SANDBOX("sandbox"),
        AROUND("sandbox, namespaces, control group");

        private final String words;

        Way(String words) {
            this.words = words;
        }

        private List<String> vmm(Path dist) {
            String classPath = dist.resolve(Path.of("lib", "cli.jar")) + ":" + own();
            return Jvm.vmm(classPath, this == BARE ? UnconfinedVmm.class.getName() : Jvm.VMM);
        }

        /** Where this class comes from: beside the product's jars, also for the ways that need nothing of it. */
        private static Path own() {
            return Path.of(ConfineBench.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .getPath());
        }

        private String[] options() {
            return switch (this) {
                case BARE -> new String[] {"--accept-unenforced", "--surround", "none"};
                case SANDBOX -> new String[] {"--surround", "none"};
                case AROUND -> new String[0];
            };
        }
    }

    static void run(PrintStream out, Path scratch, Path dist, Path idleGuest, Path busyGuest) throws Exception {
        if (!Files.isReadable(dist.resolve(Path.of("lib", "cli.jar")))) {
            out.println("confine: skipped, " + dist + " holds no lib/cli.jar, which mvn package -pl cli -am makes\n");
            return;
        }
        Map<Way, BenchDaemon> daemons = new LinkedHashMap<>();
        try {
            for (Way way : Way.values()) {
                Path folder = Scratch.fresh(scratch, "confine-" + way.ordinal());
                Path policy = new BenchDaemon.Policy(folder)
                        .domain("started", idleGuest, "")
                        .domain("busy", busyGuest, "")
                        .write();
                daemons.put(way, BenchDaemon.start(policy, folder.resolve("state"), way.vmm(dist), way.options()));
            }
            starts(out, daemons);
            exits(out, daemons);
        } finally {
            for (BenchDaemon daemon : daemons.values()) {
                daemon.close();
            }
        }
    }

    private static void starts(PrintStream out, Map<Way, BenchDaemon> daemons) throws IOException {
        Map<Way, double[]> took = new LinkedHashMap<>();
        Map<Way, double[]> work = new LinkedHashMap<>();
        for (Way way : daemons.keySet()) {
            daemons.get(way).client().pause("busy");
            took.put(way, new double[STARTS]);
            work.put(way, new double[STARTS]);
        }
        for (int round = -2; round < STARTS; round++) {
            for (Way way : turns(round)) {
                BenchDaemon daemon = daemons.get(way);
                daemon.client().stop("started");
                long begun = System.nanoTime();
                daemon.client().start("started");
                if (round >= 0) {
                    took.get(way)[round] = (System.nanoTime() - begun) / MILLI;
                    work.get(way)[round] = BusyGuest.cpuNanos(pid(daemon)) / MILLI;
                }
            }
        }
        for (BenchDaemon daemon : daemons.values()) {
            daemon.client().stop("started");
            daemon.client().resume("busy");
        }
        out.println(Samples.header("from the operator's command to the guest's first instruction"));
        took.forEach((way, millis) -> out.println(new Samples(millis).row(way.words, "ms")));
        differences(out, took);
        out.println();
        out.println(Samples.header("processor time of the VMM process by then"));
        work.forEach((way, millis) -> out.println(new Samples(millis).row(way.words, "ms")));
        differences(out, work);
        out.println();
    }

    private static long pid(BenchDaemon daemon) throws IOException {
        return daemon.client().ps().domains().stream()
                .filter(d -> d.name().equals("started"))
                .findFirst()
                .orElseThrow()
                .pid();
    }

    private static void exits(PrintStream out, Map<Way, BenchDaemon> daemons) throws Exception {
        Map<Way, BusyGuest> guests = new LinkedHashMap<>();
        Map<Way, double[]> cost = new LinkedHashMap<>();
        for (Way way : daemons.keySet()) {
            guests.put(way, new BusyGuest(daemons.get(way).client(), "busy"));
            cost.put(way, new double[SLICES]);
        }
        for (int round = -3; round < SLICES; round++) {
            for (Way way : turns(round)) {
                BusyGuest.Slice slice = guests.get(way).run(SLICE_MILLIS);
                if (round >= 0) {
                    cost.get(way)[round] = slice.cpuNanos();
                }
            }
        }
        out.println(Samples.header("processor time of a busy guest's exit"));
        cost.forEach((way, nanos) -> out.println(new Samples(nanos).row(way.words, "ns")));
        for (Way way : List.of(Way.SANDBOX, Way.AROUND)) {
            out.println(Samples.slowdown(way.words, cost.get(way), cost.get(Way.BARE)));
        }
        out.println();
    }

    private static void differences(PrintStream out, Map<Way, double[]> took) {
        took.forEach((way, values) -> {
            if (way != Way.BARE) {
                double[] more = new double[values.length];
                for (int i = 0; i < more.length; i++) {
                    more[i] = values[i] - took.get(Way.BARE)[i];
                }
                Samples samples = new Samples(more);
                double[] interval = samples.interval();
                out.printf(
                        Locale.ROOT,
                        "  %s: %+.1f ms (95 %% confidence: %+.1f to %+.1f)%n",
                        way.words,
                        samples.median(),
                        interval[0],
                        interval[1]);
            }
        });
    }

    /** Each goes first as often as the others. */
    private static List<Way> turns(int round) {
        List<Way> ways = new ArrayList<>(List.of(Way.values()));
        java.util.Collections.rotate(ways, round);
        return ways;
    }
}
