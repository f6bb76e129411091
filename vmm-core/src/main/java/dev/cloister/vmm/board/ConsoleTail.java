package dev.cloister.vmm.board;

import dev.cloister.devices.ByteSink;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** Remembers the end of what a guest printed, for reports, and passes everything on. Any thread; a byte allocates nothing. */
public final class ConsoleTail implements ByteSink {
    /** What Linux prints first when it panics. */
    private static final String PANIC = "Kernel panic - not syncing";

    private static final int KEPT = 8192;
    private static final int LINES = 40;

    private final ByteSink next;
    private final byte[] ring = new byte[KEPT];
    private long written;

    /** Passes everything on to the sink that comes next. */
    public ConsoleTail(ByteSink next) {
        this.next = next;
    }

    @Override
    public boolean put(byte value) {
        remember(value);
        return next.put(value);
    }

    /** Remembers what was printed elsewhere; always true. */
    synchronized boolean remember(byte value) {
        ring[(int) (written % KEPT)] = value;
        written++;
        return true;
    }

    private synchronized String text() {
        int length = (int) Math.min(written, KEPT);
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = ring[(int) ((written - length + i) % KEPT)];
        }
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** The last lines, at most 40, printable characters only. */
    List<String> lines() {
        List<String> all = text().lines().map(ConsoleTail::printable).toList();
        return List.copyOf(all.subList(Math.max(0, all.size() - LINES), all.size()));
    }

    /** The line that says a Linux guest has panicked, if it is among what is remembered. */
    Optional<String> panic() {
        return text().lines()
                .filter(line -> line.contains(PANIC))
                .map(line -> printable(line.substring(line.indexOf(PANIC))))
                .findFirst();
    }

    /** Without control characters, which must not reach a terminal from here. */
    private static String printable(String line) {
        StringBuilder result = new StringBuilder(line.length());
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c >= ' ' && c < 0x7f) {
                result.append(c);
            }
        }
        return result.toString();
    }
}
