package dev.cloister.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The policy daemon that {@code up} starts and whose end it awaits. */
final class DaemonProcess implements AutoCloseable {
    /** Added to a signal's number in the exit code of a process that it killed. */
    static final int SIGNAL_BASE = 128;

    private static final String READY = "ready ";
    private static final long ORDERLY_END_SECONDS = 15;

    private final Process process;
    private final BufferedReader out;

    private DaemonProcess(Process process) {
        this.process = process;
        this.out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        // A signal ends this process without closing anything: the daemon must not be left running for it.
        Runtime.getRuntime().addShutdownHook(new Thread(this::end, "end-daemon"));
    }

    /** Starts the daemon; its messages go to our stderr. With keys, it runs only a policy that one of them signed. */
    static DaemonProcess start(Path policy, Path state, boolean acceptUnenforced, List<Path> trustedKeys)
            throws IOException {
        List<String> command = new ArrayList<>(ChildJvm.daemon());
        command.addAll(List.of("--policy", policy.toString(), "--state", state.toString(), "--exit-when-idle"));
        if (acceptUnenforced) {
            command.add("--accept-unenforced");
        }
        trustedKeys.forEach(key -> command.addAll(List.of("--trusted-key", key.toString())));
        command.add("--");
        command.addAll(ChildJvm.vmm());
        return new DaemonProcess(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /** Waits until the daemon listens; returns its control socket. */
    Path awaitReady() throws IOException, InterruptedException, CommandFailure {
        String line = out.readLine();
        if (line == null || !line.startsWith(READY)) {
            int code = process.waitFor();
            // The daemon has said why on stderr.
            throw new CommandFailure(code == 0 ? ExitCodes.HOST : code, "the policy daemon did not start");
        }
        return Path.of(line.substring(READY.length()));
    }

    /** Waits for the daemon's end; returns its exit code. */
    int await() throws IOException, InterruptedException {
        while (out.readLine() != null) {
            // One line for each domain, which the summary shows better.
        }
        return process.waitFor();
    }

    /** Ends the daemon, unless it has ended, and waits for its domains to be gone. */
    private void end() {
        process.destroy();
        try {
            process.waitFor(ORDERLY_END_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        // Orderly: the daemon stops its domains on SIGTERM.
        process.destroy();
    }
}
