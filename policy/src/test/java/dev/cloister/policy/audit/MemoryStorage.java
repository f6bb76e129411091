package dev.cloister.policy.audit;

import java.io.IOException;
import java.util.Arrays;

/** Storage that fails when it is told to, and counts what is forced. */
final class MemoryStorage implements AuditStorage {
    byte[] bytes = new byte[0];
    String head = "";
    long forcedLength;
    int forces;
    long capacity = Long.MAX_VALUE;
    boolean forceFails;
    boolean truncateFails;
    boolean closed;

    @Override
    public synchronized long size() {
        return bytes.length;
    }

    @Override
    public synchronized int read(long position, byte[] into) {
        int n = (int) Math.max(0, Math.min(into.length, bytes.length - position));
        System.arraycopy(bytes, (int) position, into, 0, n);
        return n;
    }

    @Override
    public synchronized void write(long position, byte[] data) throws IOException {
        int room = (int) Math.max(0, Math.min(data.length, capacity - position));
        byte[] grown = Arrays.copyOf(bytes, (int) Math.max(bytes.length, position + room));
        System.arraycopy(data, 0, grown, (int) position, room);
        bytes = grown;
        if (room < data.length) {
            throw new IOException("No space left on device");
        }
    }

    @Override
    public synchronized void force() throws IOException {
        if (forceFails) {
            throw new IOException("Input/output error");
        }
        forces++;
        forcedLength = bytes.length;
    }

    @Override
    public synchronized void truncate(long length) throws IOException {
        if (truncateFails) {
            throw new IOException("Input/output error");
        }
        bytes = Arrays.copyOf(bytes, (int) length);
    }

    @Override
    public synchronized String readHead() {
        return head;
    }

    @Override
    public synchronized void writeHead(String line) {
        if (forcedLength != bytes.length) {
            throw new IllegalStateException("the head is ahead of what is durable");
        }
        head = line;
    }

    @Override
    public void close() {
        closed = true;
    }
}
