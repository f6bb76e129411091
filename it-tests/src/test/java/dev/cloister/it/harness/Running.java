package dev.cloister.it.harness;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * A command that runs. Every wait has an end: one that is missed kills the command with all its descendants and fails the test with
 * what it had printed.
 */
public final class Running implements AutoCloseable {
    /** Longest time that anything may take, on a machine that others use as well. */
    static final Duration PATIENCE = Duration.ofMinutes(4);

    private final List<String> command;
    private final Process process;
    private final Output out;
    private final Output err;
    private final Set<ProcessHandle> family = new LinkedHashSet<>();

    Running(ProcessBuilder builder) throws IOException {
        this.command = List.copyOf(builder.command());
        this.process = builder.start();
        this.out = new Output(process.getInputStream(), "stdout");
        this.err = new Output(process.getErrorStream(), "stderr");
    }

    /** Returns what the command has written to stdout so far. */
    public String out() {
        return out.text();
    }

    /** Returns what the command has written to stderr so far. */
    public String err() {
        return err.text();
    }

    /** Returns the command's own process. */
    public ProcessHandle handle() {
        return process.toHandle();
    }

    /** Has a process that outlives its parents ended together with this command's {@link #close}. */
    public void adopt(ProcessHandle stray) {
        family.add(stray);
    }

    /** Writes to the command's stdin. */
    public void type(String text) throws IOException {
        process.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
    }

    /** Waits until stdout holds a text. */
    public void awaitOut(String text) throws InterruptedException {
        await(out, all -> all.contains(text), "'" + text + "' on stdout");
    }

    /** Waits until stdout satisfies a condition. */
    public void awaitOut(Predicate<String> condition, String what) throws InterruptedException {
        await(out, condition, what);
    }

    /** Waits until stdout satisfies a condition, at most so long: for guests that take minutes on a busy machine. */
    public void awaitOut(Predicate<String> condition, String what, Duration limit) throws InterruptedException {
        if (!out.await(condition, System.nanoTime() + limit.toNanos())) {
            throw failure("no " + what);
        }
    }

    /** Waits until stderr holds a text. */
    public void awaitErr(String text) throws InterruptedException {
        await(err, all -> all.contains(text), "'" + text + "' on stderr");
    }

    private void await(Output output, Predicate<String> condition, String what) throws InterruptedException {
        if (!output.await(condition, deadline())) {
            throw failure("no " + what);
        }
    }

    /** Waits for the command's end. */
    public Finished await() throws InterruptedException {
        return await(PATIENCE);
    }

    /** Waits for the command's end, at most so long. */
    public Finished await(Duration limit) throws InterruptedException {
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            throw failure("no end within " + limit.toSeconds() + " s");
        }
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        out.awaitEnd(deadline);
        err.awaitEnd(deadline);
        return new Finished(command, process.exitValue(), out(), err());
    }

    /** Sends SIGTERM, as an operator's kill does. */
    public void terminate() {
        process.destroy();
    }

    /** Kills what is left of the command and its descendants. */
    @Override
    public void close() throws InterruptedException {
        process.descendants().forEach(family::add);
        process.destroyForcibly();
        family.forEach(ProcessHandle::destroyForcibly);
        process.waitFor(10, TimeUnit.SECONDS);
    }

    private AssertionError failure(String what) throws InterruptedException {
        String state = process.isAlive() ? "still running" : "ended with " + process.exitValue();
        AssertionError error = new AssertionError(what + "; " + state + ": " + String.join(" ", command)
                + "\n--- stdout\n" + out() + "\n--- stderr\n" + err());
        close();
        return error;
    }

    private static long deadline() {
        return System.nanoTime() + PATIENCE.toNanos();
    }
}
