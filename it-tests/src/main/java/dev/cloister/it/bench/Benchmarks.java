package dev.cloister.it.bench;

import dev.cloister.emulator.assembler.Assembler;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** The benchmark command; {@code docs/benchmarks.md} says how to run it and what the figures mean. */
public final class Benchmarks {
    private static final Set<String> ALL = Set.of("exit", "start", "ring", "policy", "audit", "schedule");

    private Benchmarks() {}

    /**
     * Runs the named benchmarks, or all: {@code exit}, {@code start}, {@code ring}, {@code policy}, {@code audit}, {@code schedule}.
     *
     * @param args the root of the source tree, then names
     * @throws Exception if a contender fails
     */
    public static void main(String[] args) throws Exception {
        Path root = Path.of(args[0]).toAbsolutePath();
        Set<String> wanted = args.length > 1 ? Set.of(args[1].split(",")) : ALL;
        PrintStream out = System.out;
        Path scratch = Files.createDirectories(root.resolve("it-tests/target/bench"));
        if (wanted.contains("exit")) {
            ExitBench.run(out, scratch);
        }
        if (wanted.contains("start")) {
            StartBench.run(out, root, startGuest(scratch));
        }
        if (wanted.contains("ring")) {
            RingBench.run(out);
        }
        if (wanted.contains("policy")) {
            PolicyBench.run(out, scratch);
        }
        if (wanted.contains("audit")) {
            AuditBench.run(out, scratch);
        }
        if (wanted.contains("schedule")) {
            ScheduleBench.run(out, scratch);
        }
    }

    private static Path startGuest(Path scratch) throws Exception {
        try (InputStream in = Benchmarks.class.getResourceAsStream("start.asm")) {
            String source = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            Path image = scratch.resolve("start.elf");
            Files.write(image, Assembler.create().assemble("start.asm", source).image());
            return image;
        }
    }
}
