package dev.cloister.it.bench;

import dev.cloister.emulator.assembler.Assembler;
import dev.cloister.it.bench.translate.TranslatorBench;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The benchmark command; {@code docs/benchmarks.md} says how to run it and what the figures mean. */
public final class Benchmarks {
    /** Parts of others, run when they are named. */
    private static final List<String> PARTS = List.of("audited", "doorbell", "frames");

    private final Path root;
    private final Path dist;
    private final Path scratch;
    private final PrintStream out;

    private Benchmarks(Path root, Path scratch, PrintStream out) {
        this.root = root;
        this.dist = root.resolve(Path.of("cli", "target", "dist"));
        this.scratch = scratch;
        this.out = out;
    }

    /** One of them. */
    private interface Bench {
        void run() throws Exception;
    }

    /**
     * Runs the named benchmarks, or all: {@code exit}, {@code start}, {@code ring}, {@code policy}, {@code audit}, {@code revoke},
     * {@code channels}, {@code confine}, {@code schedule}, {@code translators}, {@code emulator}, {@code linux}, {@code disk}, {@code net}; by name only the parts of some: {@code audited} of audit,
     * {@code doorbell} of revoke, {@code frames} of schedule.
     *
     * @param args the root of the source tree, then names
     * @throws Exception if a contender fails
     */
    public static void main(String[] args) throws Exception {
        Path root = Path.of(args[0]).toAbsolutePath();
        Path scratch = Files.createDirectories(root.resolve("it-tests/target/bench"));
        Benchmarks benchmarks = new Benchmarks(root, scratch, System.out);
        Map<String, Bench> known = benchmarks.known();
        List<String> wanted = args.length > 1
                ? List.of(args[1].split(","))
                : known.keySet().stream().filter(name -> !PARTS.contains(name)).toList();
        if (!known.keySet().containsAll(wanted)) {
            throw new IllegalArgumentException("benchmarks " + wanted + ": expected some of " + known.keySet());
        }
        Jvm.dist(benchmarks.dist);
        Scratch.machine().forEach(System.out::println);
        for (String name : wanted) {
            known.get(name).run();
        }
    }

    private Map<String, Bench> known() {
        Map<String, Bench> known = new LinkedHashMap<>();
        known.put("exit", () -> ExitBench.run(out, scratch));
        known.put("start", () -> StartBench.run(out, root, guest("start")));
        known.put("ring", () -> RingBench.run(out));
        known.put("policy", () -> PolicyBench.run(out, scratch));
        known.put("audit", () -> AuditBench.run(out, scratch, guest("start"), guest("busy")));
        known.put("audited", () -> AuditedGuest.run(out, scratch, guest("start"), guest("busy")));
        known.put("revoke", () -> RevokeBench.run(out, scratch, guest("start"), guest("busy")));
        known.put("doorbell", () -> DoorbellBench.run(out, scratch));
        known.put("channels", () -> ChannelBench.run(out, scratch));
        known.put("confine", () -> ConfineBench.run(out, scratch, dist, guest("start"), guest("busy")));
        known.put("schedule", () -> ScheduleBench.run(out, scratch, guest("busy")));
        known.put("translators", () -> TranslatorBench.run(out));
        known.put("emulator", () -> EmulatorBench.run(out, scratch));
        known.put("linux", () -> LinuxBench.run(out, root, scratch));
        known.put("disk", () -> DiskBench.run(out, root, scratch));
        known.put("net", () -> NetBench.run(out, root, scratch));
        known.put("frames", () -> FrameBench.run(out, scratch, guest("busy")));
        return known;
    }

    private Path guest(String name) throws Exception {
        try (InputStream in = Benchmarks.class.getResourceAsStream(name + ".asm")) {
            String source = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            Path image = scratch.resolve(name + ".elf");
            Files.write(
                    image, Assembler.create().assemble(name + ".asm", source).image());
            return image;
        }
    }
}
