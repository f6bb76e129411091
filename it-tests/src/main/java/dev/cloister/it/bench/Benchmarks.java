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
    private static final Set<String> ALL =
            Set.of("exit", "start", "ring", "policy", "audit", "revoke", "channels", "schedule");

    private Benchmarks() {}

    /**
     * Runs the named benchmarks, or all: {@code exit}, {@code start}, {@code ring}, {@code policy}, {@code audit},
     * {@code revoke}, {@code doorbell} (a part of it), {@code channels}, {@code schedule}.
     *
     * @param args the root of the source tree, then names
     * @throws Exception if a contender fails
     */
    public static void main(String[] args) throws Exception {
        Path root = Path.of(args[0]).toAbsolutePath();
        Set<String> wanted = args.length > 1 ? Set.of(args[1].split(",")) : ALL;
        PrintStream out = System.out;
        Jvm.dist(root.resolve(Path.of("cli", "target", "dist")));
        Scratch.machine().forEach(out::println);
        Path scratch = Files.createDirectories(root.resolve("it-tests/target/bench"));
        if (wanted.contains("exit")) {
            ExitBench.run(out, scratch);
        }
        if (wanted.contains("start")) {
            StartBench.run(out, root, guest(scratch, "start"));
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
        if (wanted.contains("revoke")) {
            RevokeBench.run(out, scratch, guest(scratch, "start"), guest(scratch, "busy"));
        }
        if (wanted.contains("revoke") || wanted.contains("doorbell")) {
            DoorbellBench.run(out, scratch);
        }
        if (wanted.contains("channels")) {
            ChannelBench.run(out, scratch);
        }
        if (wanted.contains("schedule")) {
            ScheduleBench.run(out, scratch);
        }
    }

    private static Path guest(Path scratch, String name) throws Exception {
        try (InputStream in = Benchmarks.class.getResourceAsStream(name + ".asm")) {
            String source = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            Path image = scratch.resolve(name + ".elf");
            Files.write(
                    image, Assembler.create().assemble(name + ".asm", source).image());
            return image;
        }
    }
}
