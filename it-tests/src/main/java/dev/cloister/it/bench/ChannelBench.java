package dev.cloister.it.bench;

import dev.cloister.linux.ChildProcess;
import dev.cloister.linux.Mapping;
import dev.cloister.linux.Memfd;
import dev.cloister.linux.Pipe;
import dev.cloister.policy.channel.MemoryRing;
import dev.cloister.policy.channel.RingReader;
import dev.cloister.policy.channel.RingWriter;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * How much channels carry. Memory: records of 64 KiB in and out of a sealed memory file, through a writable mapping and a read-only
 * one as two VMMs have them, against {@code memcpy} of the same bytes through the same mappings. Stream: C processes at both ends of a
 * real daemon's stream, against the same processes with a C loop around {@code splice} between their pipes.
 */
final class ChannelBench {
    private static final int ROUNDS = 15;
    private static final int PAYLOAD = 64 << 10;
    private static final int RECORDS = 16;
    private static final long BYTES = 1L << 29;
    private static final int STREAM_ROUNDS = 7;
    private static final long STREAM_BYTES = 1L << 28;
    private static final int QUANTUM = 32 << 10;
    private static final int PIPE = 128 << 10;

    private ChannelBench() {}

    static void run(PrintStream out, Path scratch) throws Exception {
        memory(out);
        stream(out, scratch);
    }

    private static void memory(PrintStream out) throws IOException {
        int recordBytes = PAYLOAD + MemoryRing.RECORD_HEADER_BYTES;
        long size = MemoryRing.regionBytes(recordBytes, RECORDS);
        double[] ring = new double[ROUNDS];
        double[] copy = new double[ROUNDS];
        try (Memfd file = Memfd.create("bench", size);
                Mapping in = Mapping.writable(file.fd(), 0, size);
                Mapping out2 = Mapping.readOnly(file.fd(), 0, size)) {
            // The first rounds warm both up and are thrown away. Which goes first alternates.
            for (int round = -2; round < ROUNDS; round++) {
                boolean first = round % 2 == 0;
                double a = first ? throughRing(in.segment(), out2.segment(), recordBytes) : 0;
                double b = throughCopies(in.segment(), out2.segment(), recordBytes);
                a = first ? a : throughRing(in.segment(), out2.segment(), recordBytes);
                if (round >= 0) {
                    ring[round] = a;
                    copy[round] = b;
                }
            }
        }
        out.println(Samples.header("memory channel between two mappings, records of 64 KiB (payload)"));
        out.println(new Samples(ring).row("channel", "MiB/s"));
        out.println(new Samples(copy).row("memcpy in and out", "MiB/s"));
        out.printf(Locale.ROOT, "  ratio channel/memcpy %33.3f%n%n", Samples.ratio(ring, copy));
    }

    private static double throughRing(MemorySegment in, MemorySegment out, int recordBytes) {
        RingWriter writer = new RingWriter(in, recordBytes, RECORDS);
        RingReader reader = new RingReader(out, recordBytes, RECORDS);
        writer.reset(System.nanoTime());
        byte[] source = new byte[PAYLOAD];
        byte[] target = new byte[PAYLOAD];
        reader.read(target);
        long count = BYTES / PAYLOAD;
        long start = System.nanoTime();
        for (long i = 0; i < count; i++) {
            writer.write(source, 0, PAYLOAD);
            if (reader.read(target) != PAYLOAD) {
                throw new IllegalStateException("the reader missed record " + i);
            }
        }
        return speed(System.nanoTime() - start);
    }

    private static double throughCopies(MemorySegment in, MemorySegment out, int recordBytes) {
        byte[] source = new byte[PAYLOAD];
        byte[] target = new byte[PAYLOAD];
        long count = BYTES / PAYLOAD;
        long start = System.nanoTime();
        for (long i = 0; i < count; i++) {
            // Where the ring has its records, so that both meet the same alignment.
            long at = MemoryRing.RECORDS_OFFSET + (i & (RECORDS - 1)) * recordBytes + MemoryRing.RECORD_HEADER_BYTES;
            MemorySegment.copy(source, 0, in, ValueLayout.JAVA_BYTE, at, PAYLOAD);
            MemorySegment.copy(out, ValueLayout.JAVA_BYTE, at, target, 0, PAYLOAD);
        }
        return speed(System.nanoTime() - start);
    }

    private static double speed(long nanos) {
        return BYTES / 1048576.0 / (nanos / 1e9);
    }

    private static void stream(PrintStream out, Path scratch) throws Exception {
        Optional<Path> ends = NativePeer.compile("ends.c", scratch);
        if (ends.isEmpty()) {
            out.println("stream: skipped, gcc is not installed\n");
            return;
        }
        Path folder = Scratch.fresh(scratch, "stream");
        Path nothing = Files.createFile(folder.resolve("pump.out"));
        Path result = Files.createFile(folder.resolve("sink.out"));
        Path image = Files.writeString(folder.resolve("none.img"), "no guest");
        Path policy = new BenchDaemon.Policy(folder)
                .domain("pump", image, "exec " + nothing + " pump " + STREAM_BYTES)
                .domain("sink", image, "exec " + result + " sink " + STREAM_BYTES + " " + QUANTUM)
                .flow("bytes", "pump", "sink", RevokeBench.STREAM)
                .write();
        double[] relayed = new double[STREAM_ROUNDS];
        double[] spliced = new double[STREAM_ROUNDS];
        List<String> vmm = Jvm.own(
                BenchVmm.class, folder.resolve("board").toString(), ends.get().toString());
        try (BenchDaemon daemon = BenchDaemon.start(policy, folder.resolve("state"), vmm, "--surround", "none")) {
            for (int round = 0; round < STREAM_ROUNDS; round++) {
                if (round > 0) {
                    daemon.client().stop("pump");
                    daemon.client().stop("sink");
                    Files.writeString(result, "");
                    daemon.client().start("sink");
                    daemon.client().start("pump");
                }
                relayed[round] = Double.parseDouble(DoorbellBench.awaitText(result));
                spliced[round] = spliced(ends.get().toString(), folder);
            }
        }
        out.println(Samples.header("a stream of 256 MiB between two C processes"));
        out.println(new Samples(relayed).row("channel, quanta of 32 KiB", "MiB/s"));
        out.println(new Samples(spliced).row("C splice loop between two pipes", "MiB/s"));
        out.printf(Locale.ROOT, "  ratio channel/splice %33.3f%n%n", Samples.ratio(relayed, spliced));
    }

    private static double spliced(String ends, Path folder) throws IOException, InterruptedException {
        Path result = folder.resolve("spliced.out");
        Files.writeString(result, "");
        Path nothing = folder.resolve("pump.out");
        List<ChildProcess> children = new ArrayList<>();
        try (Pipe from = Pipe.create();
                Pipe to = Pipe.create(PIPE)) {
            String bytes = Long.toString(STREAM_BYTES);
            children.add(DoorbellBench.spawn(List.of(ends, "sink", bytes, "0"), result, to.readEnd()));
            children.add(DoorbellBench.spawn(List.of(ends, "splice"), nothing, from.readEnd(), to.writeEnd()));
            children.add(DoorbellBench.spawn(List.of(ends, "pump", bytes), nothing, from.writeEnd()));
        }
        DoorbellBench.await(children);
        return Double.parseDouble(DoorbellBench.awaitText(result));
    }
}
