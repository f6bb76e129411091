package dev.cloister.vmm.report;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What Linux knows about this process, read from /proc/self when a machine is done. Where /proc cannot be read (a sandbox), the
 * answers are -1, never wrong.
 */
public final class ProcessFacts {
    private static final long NANOS_PER_TICK = 10_000_000L;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final long UNKNOWN = -1;
    private static final String STAT = "/proc/self/stat";
    private static final String UPTIME = "/proc/uptime";
    private static final String SMAPS = "/proc/self/smaps";
    private static final int PART = 16 << 10;
    private static final Map<String, RandomAccessFile> OPENED = new ConcurrentHashMap<>();

    /** System.nanoTime() of the process start as a starter told us, or Long.MIN_VALUE. */
    private static volatile long toldStart = Long.MIN_VALUE;

    private ProcessFacts() {}

    /**
     * Takes the starter's word for when this process was started.
     *
     * @param nanoTime CLOCK_MONOTONIC in nanoseconds, which is what {@link System#nanoTime()} reads on Linux
     */
    public static void startedAt(long nanoTime) {
        toldStart = nanoTime;
    }

    /**
     * How long before {@code nanoTime} this process started: exactly if {@link #startedAt} was told, else to the kernel's clock tick
     * of 10 ms (proc(5), /proc/pid/stat field 22, against the boot time clock in /proc/uptime).
     */
    public static long nanosSinceStart(long nanoTime) {
        if (toldStart != Long.MIN_VALUE) {
            return Math.max(0, nanoTime - toldStart);
        }
        try {
            String stat = read(STAT);
            // The command's name may hold spaces and parentheses; fields are counted from the last parenthesis.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            long started = Long.parseLong(fields[19]) * NANOS_PER_TICK;
            String uptime = read(UPTIME);
            long now = (long) (Double.parseDouble(uptime.substring(0, uptime.indexOf(' '))) * NANOS_PER_SECOND);
            return Math.max(0, now - started - (System.nanoTime() - nanoTime));
        } catch (IOException | RuntimeException e) {
            return UNKNOWN;
        }
    }

    /** Adds up Rss over all mappings, and over those that lie in {@code ranges} (pairs of start and end host addresses). */
    public static Report.Memory memory(long[] ranges) {
        try {
            long total = 0;
            long guest = 0;
            boolean inGuest = false;
            for (String line : read(SMAPS).split("\n")) {
                if (line.startsWith("Rss:")) {
                    long bytes = kilobytes(line) << 10;
                    total += bytes;
                    guest += inGuest ? bytes : 0;
                } else if (isHeader(line)) {
                    inGuest = within(ranges, Long.parseUnsignedLong(line, 0, line.indexOf('-'), 16));
                }
            }
            return new Report.Memory(total, guest, total - guest);
        } catch (IOException | RuntimeException e) {
            return new Report.Memory(UNKNOWN, UNKNOWN, UNKNOWN);
        }
    }

    private static boolean isHeader(String line) {
        int dash = line.indexOf('-');
        int space = line.indexOf(' ');
        return dash > 0 && dash < space && line.charAt(0) < 'g' && line.charAt(space - 1) != ':';
    }

    private static long kilobytes(String line) {
        return Long.parseLong(line.substring(4, line.length() - 2).trim());
    }

    private static boolean within(long[] ranges, long address) {
        for (int i = 0; i < ranges.length; i += 2) {
            if (Long.compareUnsigned(address, ranges[i]) >= 0 && Long.compareUnsigned(address, ranges[i + 1]) < 0) {
                return true;
            }
        }
        return false;
    }

    /** Opens what will be read, since nothing can be opened in the sandbox; what can't be opened is not known later. */
    public static void openAll() {
        for (String file : List.of(STAT, UPTIME, SMAPS)) {
            try {
                OPENED.put(file, new RandomAccessFile(file, "r"));
            } catch (IOException e) {
                // Told as -1 in the report.
            }
        }
    }

    private static String read(String file) throws IOException {
        RandomAccessFile opened = OPENED.get(file);
        if (opened == null) {
            return Files.readString(Path.of(file), StandardCharsets.ISO_8859_1);
        }
        opened.seek(0);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] part = new byte[PART];
        for (int n = opened.read(part); n > 0; n = opened.read(part)) {
            all.write(part, 0, n);
        }
        return all.toString(StandardCharsets.ISO_8859_1);
    }
}
