package dev.cloister.it.bench;

import dev.cloister.policy.channel.MemoryRing;
import dev.cloister.policy.channel.RingReader;
import dev.cloister.policy.channel.RingWriter;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One-way memory channel against {@code memcpy} of the same bytes: both move the payload twice, once into the region and once
 * out of it, on one thread, so that the ratio shows what the ring's protocol costs.
 */
final class RingBench {
    private static final int ROUNDS = 11;
    private static final long BYTES = 256L << 20;
    private static final int[] PAYLOADS = {64, 1024, 65_536};
    private static final int RECORDS = 16;

    private RingBench() {}

    static void run(PrintStream out) {
        out.println(Samples.header("one-way memory channel against memcpy (MiB/s of payload)"));
        for (int payload : PAYLOADS) {
            double[] ring = new double[ROUNDS];
            double[] copy = new double[ROUNDS];
            // The first round warms both up and is thrown away.
            for (int round = -1; round < ROUNDS; round++) {
                double ringSpeed = throughRing(payload);
                double copySpeed = throughCopies(payload);
                if (round >= 0) {
                    ring[round] = ringSpeed;
                    copy[round] = copySpeed;
                }
            }
            out.println(new Samples(ring).row("channel, records of " + payload, "MiB/s"));
            out.println(new Samples(copy).row("memcpy in and out, blocks of " + payload, "MiB/s"));
            out.printf(java.util.Locale.ROOT, "  ratio channel/memcpy %33.2f%n", Samples.ratio(ring, copy));
        }
        out.println();
    }

    private static double throughRing(int payload) {
        int recordBytes = payload + MemoryRing.RECORD_HEADER_BYTES;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment region = arena.allocate(MemoryRing.regionBytes(recordBytes, RECORDS), 4096);
            RingWriter writer = new RingWriter(region, recordBytes, RECORDS);
            RingReader reader = new RingReader(region.asReadOnly(), recordBytes, RECORDS);
            writer.reset(1);
            byte[] source = new byte[payload];
            byte[] target = new byte[payload];
            reader.read(target);
            long count = BYTES / payload;
            long start = System.nanoTime();
            for (long i = 0; i < count; i++) {
                writer.write(source, 0, payload);
                if (reader.read(target) != payload) {
                    throw new IllegalStateException("the reader missed record " + i);
                }
            }
            return speed(count * payload, System.nanoTime() - start);
        }
    }

    private static double throughCopies(int payload) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment region = arena.allocate((long) payload * RECORDS, 4096);
            byte[] source = new byte[payload];
            byte[] target = new byte[payload];
            long count = BYTES / payload;
            long start = System.nanoTime();
            for (long i = 0; i < count; i++) {
                long at = (i & (RECORDS - 1)) * payload;
                MemorySegment.copy(source, 0, region, ValueLayout.JAVA_BYTE, at, payload);
                MemorySegment.copy(region, ValueLayout.JAVA_BYTE, at, target, 0, payload);
            }
            return speed(count * payload, System.nanoTime() - start);
        }
    }

    private static double speed(long bytes, long nanos) {
        return bytes / 1048576.0 / (nanos / 1e9);
    }
}
