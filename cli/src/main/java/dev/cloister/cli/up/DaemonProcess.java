package dev.cloister.cli.up;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.process.ChildJvm;
import dev.cloister.policy.keeper.Keeper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The policy daemon that {@code up} starts, keeps the descriptors of, starts again if it was killed, and whose end it awaits. */
final class DaemonProcess implements AutoCloseable {
    /** Added to a signal's number in the exit code of a process that it killed. */
    static final int SIGNAL_BASE = 128;

    private static final String READY = "ready ";
    private static final long ORDERLY_END_SECONDS = 15;

    private final Keeper keeper;
    private final BufferedReader out;
    private final CompletableFuture<Integer> exit = new CompletableFuture<>();

    private DaemonProcess(Keeper keeper) {
        this.keeper = keeper;
        this.out = new BufferedReader(new InputStreamReader(keeper.output(), StandardCharsets.UTF_8));
        Thread.ofPlatform().daemon().name("keeper").start(this::keep);
        // A signal ends this process without closing anything: the daemon must not be left running for it.
        Runtime.getRuntime().addShutdownHook(new Thread(this::end, "end-daemon"));
    }

    private void keep() {
        try {
            exit.complete(keeper.run());
        } catch (IOException e) {
            exit.completeExceptionally(e);
            keeper.terminate();
        }
    }

    /**
     * Starts the daemon; its messages go to our stderr.
     *
     * @param options what it is told besides policy and state directory, as {@code PolicyDaemonMain} takes it
     */
    static DaemonProcess start(Path policy, Path state, List<String> options) throws IOException {
        List<String> command = new ArrayList<>(ChildJvm.daemon());
        command.addAll(List.of("--policy", policy.toString(), "--state", state.toString(), "--exit-when-idle"));
        command.addAll(options);
        command.add("--");
        command.addAll(ChildJvm.vmm());
        return new DaemonProcess(new Keeper(command, folder(state), text -> System.err.println("cloister: " + text)));
    }

    private static Path folder(Path state) throws IOException {
        return Files.createDirectories(
                state, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    /** Waits until the daemon listens; returns its control socket. */
    Path awaitReady() throws IOException, InterruptedException, CommandFailure {
        String line = out.readLine();
        if (line == null || !line.startsWith(READY)) {
            int code = code();
            // The daemon has said why on stderr.
            throw new CommandFailure(code == 0 ? ExitCodes.HOST : code, "the policy daemon did not start");
        }
        return Path.of(line.substring(READY.length()));
    }

    /** Waits, after the connection to the daemon was lost, until it was started again; returns whether it was. */
    boolean awaitAgain() throws IOException {
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (line.startsWith(READY)) {
                return true;
            }
        }
        return false;
    }

    /** Waits for the daemon's end; returns its exit code. */
    int await() throws IOException, InterruptedException {
        while (awaitAgain()) {
            // One line for each domain, which the summary shows better; or the daemon was started again.
            Thread.onSpinWait();
        }
        return code();
    }

    private int code() throws IOException, InterruptedException {
        try {
            return exit.get();
        } catch (ExecutionException e) {
            throw new IOException(
                    "the policy daemon can't be kept: " + e.getCause().getMessage(), e);
        }
    }

    /** Ends the daemon, unless it has ended, and waits for its domains to be gone. */
    private void end() {
        keeper.terminate();
        try {
            exit.get(ORDERLY_END_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            System.err.println("cloister: no orderly end of the policy daemon");
        }
    }

    @Override
    public void close() {
        // Orderly: the daemon stops its domains on SIGTERM.
        keeper.terminate();
    }
}
