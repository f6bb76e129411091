package dev.cloister.policy.audit;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;

/**
 * A medium with rotated segments that stops at a chosen step, in the middle of a write if asked, and shows what a crash of the
 * process or of the machine may leave.
 */
public final class CrashingStorage implements AuditStorage {
    private final TreeMap<Integer, byte[]> segments = new TreeMap<>();
    private byte[] current = new byte[0];
    private int forced;
    private String head = "";
    private String forcedHead = "";
    private int steps;
    private int crashStep = Integer.MAX_VALUE;
    private int crashBytes;
    private boolean crashed;
    private int lastWrite;

    /** Makes the numbered step (from 1) the last; a write leaves that many bytes. */
    void crashAt(int step, int bytes) {
        crashStep = step;
        crashBytes = bytes;
    }

    int steps() {
        return steps;
    }

    boolean crashed() {
        return crashed;
    }

    /** Bytes of the write at the crash, had it been whole. */
    int lastWrite() {
        return lastWrite;
    }

    /** What the next opener finds: all of it, or without what was not forced. */
    CrashingStorage left(boolean powerLost, Random random) {
        CrashingStorage next = new CrashingStorage();
        next.segments.putAll(segments);
        int kept = powerLost ? forced + random.nextInt(current.length - forced + 1) : current.length;
        next.current = Arrays.copyOf(current, kept);
        next.forced = kept;
        next.head = powerLost && random.nextBoolean() ? forcedHead : head;
        next.forcedHead = next.head;
        return next;
    }

    private boolean step() throws IOException {
        if (crashed) {
            throw new IOException("after the crash");
        }
        steps++;
        crashed = steps == crashStep;
        return crashed;
    }

    private void end() throws IOException {
        if (crashed) {
            throw new IOException("the crash");
        }
    }

    @Override
    public long size() {
        return current.length;
    }

    @Override
    public int read(long position, byte[] into) {
        return read(current, position, into);
    }

    private static int read(byte[] from, long position, byte[] into) {
        int n = (int) Math.max(0, Math.min(into.length, from.length - position));
        System.arraycopy(from, (int) position, into, 0, n);
        return n;
    }

    @Override
    public void write(long position, byte[] bytes) throws IOException {
        int count = step() ? Math.min(crashBytes, bytes.length) : bytes.length;
        lastWrite = bytes.length;
        byte[] grown = Arrays.copyOf(current, (int) position + count);
        System.arraycopy(bytes, 0, grown, (int) position, count);
        current = grown;
        end();
    }

    @Override
    public void force() throws IOException {
        if (!step()) {
            forced = current.length;
        }
        end();
    }

    @Override
    public void truncate(long length) throws IOException {
        step();
        current = Arrays.copyOf(current, (int) length);
        forced = Math.min(forced, current.length);
        end();
    }

    @Override
    public String readHead() {
        return head;
    }

    @Override
    public void writeHead(String line) throws IOException {
        head = step() ? line.substring(0, line.length() / 2) : line;
        end();
    }

    @Override
    public void forceHead() throws IOException {
        if (!step()) {
            forcedHead = head;
        }
        end();
    }

    @Override
    public List<Integer> segments() {
        return List.copyOf(segments.keySet());
    }

    @Override
    public int read(int segment, long position, byte[] into) {
        return read(segments.getOrDefault(segment, new byte[0]), position, into);
    }

    @Override
    public void rotate(int segment) throws IOException {
        if (step() && crashBytes % 2 == 0) {
            end();
        }
        if (forced != current.length) {
            throw new IllegalStateException("a file is rotated away that is not durable");
        }
        segments.put(segment, current);
        current = new byte[0];
        forced = 0;
        end();
    }

    @Override
    public void delete(int segment) throws IOException {
        if (!step() || crashBytes % 2 == 1) {
            segments.remove(segment);
        }
        end();
    }

    @Override
    public void close() {}
}
