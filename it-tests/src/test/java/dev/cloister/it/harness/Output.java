package dev.cloister.it.harness;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** What a process has written so far, and the wait for what it shall write. Thread-safe. */
final class Output {
    private static final int CHUNK = 8192;
    /** A guest that prints in a loop shall fail its test, not exhaust the memory of all. */
    private static final int LIMIT = 16 << 20;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final Thread reader;
    private boolean ended;

    Output(InputStream from, String name) {
        reader = Thread.ofPlatform().daemon().name(name).start(() -> pump(from));
    }

    private void pump(InputStream from) {
        byte[] chunk = new byte[CHUNK];
        try (from) {
            for (int count = from.read(chunk); count >= 0; count = from.read(chunk)) {
                append(chunk, count);
            }
        } catch (IOException e) {
            append((" [reading ended: " + e.getMessage() + "]").getBytes(StandardCharsets.UTF_8));
        } finally {
            end();
        }
    }

    private void append(byte[] more) {
        append(more, more.length);
    }

    private synchronized void append(byte[] more, int count) {
        if (bytes.size() < LIMIT) {
            bytes.write(more, 0, count);
        }
        notifyAll();
    }

    private synchronized void end() {
        ended = true;
        notifyAll();
    }

    synchronized String text() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /** Waits for a text that satisfies the condition; returns whether it came before the deadline and the end. */
    synchronized boolean await(Predicate<String> condition, long deadlineNanos) throws InterruptedException {
        while (!condition.test(text())) {
            long left = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
            if (ended || left <= 0) {
                return false;
            }
            wait(left);
        }
        return true;
    }

    /** Waits until everything is read. A grandchild may keep the pipe open: no longer than the deadline. */
    void awaitEnd(long deadlineNanos) throws InterruptedException {
        reader.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime())));
    }
}
