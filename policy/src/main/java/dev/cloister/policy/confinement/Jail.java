package dev.cloister.policy.confinement;

import dev.cloister.linux.ChildProcess;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.linux.Spawn;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Starts a process behind bubblewrap and holds it until its control group is made. One thread. */
final class Jail {
    private static final Pattern CHILD = Pattern.compile("\"child-pid\"\\s*:\\s*([0-9]{1,9})");
    private static final long START_MILLIS = 10_000;
    private static final int INFO_BYTES = 4096;

    private final List<String> command;

    /** What is done with the process before it runs a step. */
    interface Before {
        /** Returns the group that it is in. */
        Optional<ControlGroup> run(int pid) throws IOException;
    }

    /** Prepares to start that command, wrapped already. */
    Jail(List<String> command) {
        this.command = List.copyOf(command);
    }

    /**
     * Starts it.
     *
     * @throws IOException if bubblewrap can't set it up; it says why on its standard error
     */
    ConfinedProcess start(Map<String, String> environment, Map<Integer, Fd> fds, Before before) throws IOException {
        Pipe info = Pipe.create();
        Pipe block = Pipe.create();
        @Nullable ChildProcess outer = null;
        @Nullable ChildProcess inner = null;
        boolean done = false;
        try {
            // bubblewrap reads it and takes "nothing yet" for an answer.
            block.readEnd().setNonBlocking(false);
            Spawn spawn = Spawn.command(command).ownSession();
            environment.forEach(spawn::environment);
            fds.forEach(spawn::fd);
            try (Fd both = bothEnds(info.writeEnd())) {
                outer = spawn.fd(Bubblewrap.INFO_FD, both)
                        .fd(Bubblewrap.BLOCK_FD, block.readEnd())
                        .start();
            }
            info.writeEnd().close();
            inner = child(info.readEnd(), outer);
            Optional<ControlGroup> group = before.run(inner.pid());
            // The end of the pipe lets it go; also if this process dies now: then it finds its control socket closed
            // and ends.
            block.close();
            done = true;
            return ConfinedProcess.of(inner, outer, group.orElse(null));
        } finally {
            info.close();
            block.close();
            if (!done) {
                end(inner, outer);
            }
        }
    }

    /**
     * Opens a pipe to write and to read. bubblewrap writes to it before it wakes its child: if this process died before that, and with it
     * the only reader, the writing would end bubblewrap, and its child would wait for ever.
     */
    static Fd bothEnds(Fd pipe) throws ErrnoException {
        return Linux.open("/proc/self/fd/" + pipe.number(), Linux.O_RDWR);
    }

    private static ChildProcess child(Fd info, ChildProcess outer) throws IOException {
        StringBuilder text = new StringBuilder();
        byte[] chunk = new byte[INFO_BYTES];
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_MILLIS);
        int count = 1;
        while (count > 0 && text.length() < INFO_BYTES) {
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (left <= 0 || Poller.await(info, Poller.IN, left) == 0) {
                throw new IOException("bubblewrap has not set the process up within " + START_MILLIS + " ms");
            }
            count = Pipe.read(info, chunk, 0, chunk.length);
            text.append(new String(chunk, 0, Math.max(0, count), StandardCharsets.US_ASCII));
        }
        Matcher pid = CHILD.matcher(text);
        Optional<ChildProcess> found =
                pid.find() ? ChildProcess.open(Integer.parseInt(pid.group(1))) : Optional.empty();
        return found.orElseThrow(() -> new IOException(
                "bubblewrap could not set the process up" + how(outer) + "; its own message is in the domain's log"));
    }

    private static String how(ChildProcess outer) {
        try {
            return outer.waitFor(START_MILLIS).map(exit -> " (" + exit + ")").orElse("");
        } catch (ErrnoException e) {
            return "";
        }
    }

    private static void end(@Nullable ChildProcess inner, @Nullable ChildProcess outer) throws ErrnoException {
        for (ChildProcess each : Arrays.asList(inner, outer)) {
            if (each != null) {
                each.kill(ChildProcess.SIGKILL);
                each.waitFor(START_MILLIS);
                each.close();
            }
        }
    }
}
