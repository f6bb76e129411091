package dev.cloister.vmm.process;

import dev.cloister.emulator.Disassembler;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.FaultInjection;
import dev.cloister.linux.Fd;
import dev.cloister.linux.MessageSocket;
import dev.cloister.policy.protocol.FromVmm;
import dev.cloister.vmm.report.Outcome;
import dev.cloister.vmm.report.ProcessFacts;
import dev.cloister.vmm.sandbox.Sandbox;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The process of one domain. It is started by the policy daemon with an environment of the daemon's own making and one descriptor beyond the standard ones:
 * {@value #CONTROL_FD}, a {@code SOCK_SEQPACKET} control socket (see {@code dev.cloister.policy.protocol}). Everything that it may use
 * comes over that socket as descriptors; it opens no path and no socket: before its first message it puts itself into
 * its {@linkplain dev.cloister.vmm.sandbox.Sandbox sandbox}.
 *
 * <p>{@code CLOISTER_DISK_BYTES} in the environment says that disks will be handed over, and how large the largest is that may be
 * written, in bytes (0 for none).
 *
 * <p>Arguments: {@code --started=NANOS}, CLOCK_MONOTONIC in nanoseconds when the process was started, makes its start-up times exact.
 * The exit code is that of the guest (see {@link Outcome}), or 69 when the daemon went away before the guest ran.
 */
public final class VmmMain {
    /** The control socket's descriptor. */
    public static final int CONTROL_FD = 3;

    private static final String STARTED = "--started=";
    /** As {@code Launcher} of the daemon has it. */
    private static final String DISK_BYTES = "CLOISTER_DISK_BYTES";

    private static final int USAGE = 64;

    private VmmMain() {}

    /**
     * Runs the domain to its end and exits.
     *
     * @param arguments see the class
     */
    public static void main(String[] arguments) {
        Runtime.getRuntime().halt(run(List.of(arguments)));
    }

    private static int run(List<String> arguments) {
        for (String argument : arguments) {
            if (!argument.startsWith(STARTED)) {
                System.err.println("cloister-vmm: unknown argument " + argument + "; expected " + STARTED + "NANOS");
                return USAGE;
            }
            ProcessFacts.startedAt(Long.parseLong(argument, STARTED.length(), argument.length(), 10));
        }
        if (FaultInjection.enabled()) {
            System.err.println("cloister-vmm: -D" + FaultInjection.PROPERTY + " is for tests, remove it");
            return USAGE;
        }
        try (MessageSocket socket = MessageSocket.adopt(Fd.own(CONTROL_FD));
                HeapKeeper _ = HeapKeeper.start()) {
            ProcessFacts.openAll();
            Disassembler.prefetch();
            confine(socket);
            try (ControlSession session = new ControlSession(socket)) {
                return session.run();
            }
        } catch (IOException e) {
            System.err.println("cloister-vmm: control socket: " + e.getMessage());
            return Outcome.CODE_HOST;
        }
    }

    private static Fd enter(@Nullable String diskBytes) throws ErrnoException {
        return diskBytes == null ? Sandbox.enterWatched() : Sandbox.enterWatchedWithDisks(Long.parseLong(diskBytes));
    }

    /** Nothing is taken from outside before this; the daemon gets the listener, or the reason why there is none, and decides. */
    private static void confine(MessageSocket socket) throws ErrnoException {
        Fd listener;
        try {
            listener = enter(System.getenv(DISK_BYTES));
        } catch (ErrnoException e) {
            socket.send(ControlSession.bytes(new FromVmm.Confined(String.valueOf(e.getMessage()))));
            return;
        }
        try (listener) {
            socket.send(ControlSession.bytes(new FromVmm.Confined("")), List.of(listener));
        }
        Sandbox.seal();
    }
}
