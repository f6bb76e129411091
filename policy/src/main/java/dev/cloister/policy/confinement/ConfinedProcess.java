package dev.cloister.policy.confinement;

import dev.cloister.linux.ChildProcess;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A VMM process, and the process that stands around it where there is one: that one tells how the VMM ended and ends with it.
 * Thread-safe as {@link ChildProcess}.
 */
public final class ConfinedProcess implements AutoCloseable {
    /** What bubblewrap and shells add to a signal's number in the exit code of whoever waited for the killed. */
    private static final int SIGNAL_BASE = 128;

    private static final int LAST_SIGNAL = 64;

    /** The process that runs the VMM. */
    private final ChildProcess vmm;
    /** Our child, which waits for the VMM; the VMM itself without namespaces. */
    private final ChildProcess outer;

    private final @Nullable ControlGroup group;

    private ConfinedProcess(ChildProcess vmm, ChildProcess outer, @Nullable ControlGroup group) {
        this.vmm = vmm;
        this.outer = outer;
        this.group = group;
    }

    static ConfinedProcess of(ChildProcess vmm, ChildProcess outer, @Nullable ControlGroup group) {
        return new ConfinedProcess(vmm, outer, group);
    }

    /**
     * Takes over a VMM process that another daemon started.
     *
     * @param pid its number
     * @param pidfd its pidfd, owned by the result
     * @param groups where its control group would be, which is removed in the end
     * @return the process, whose end is told as {@link ChildProcess.Exit#UNKNOWN}
     */
    static ConfinedProcess adopt(int pid, Fd pidfd, ControlGroups groups) {
        ChildProcess vmm = ChildProcess.adopt(pid, pidfd);
        return new ConfinedProcess(vmm, vmm, groups.of(pid).orElse(null));
    }

    /** Returns the VMM process' number, as this process sees it. */
    public int pid() {
        return vmm.pid();
    }

    /** Returns the VMM process' pidfd, which this object owns: what a later daemon needs to take it over. */
    public Fd pidfd() {
        return vmm.pidfd();
    }

    /** Returns what is readable once it has ended and {@link #poll} tells how; this object's. */
    public Fd end() {
        return outer.pidfd();
    }

    /**
     * Kills it, and whatever it has started where it has a process-id namespace. One that has ended already is no error.
     *
     * @throws ErrnoException when the kernel refuses
     */
    public void kill() throws ErrnoException {
        vmm.kill(ChildProcess.SIGKILL);
    }

    /**
     * Collects the exit status if it has ended.
     *
     * @return how it ended; empty while it runs
     * @throws ErrnoException when the kernel refuses
     */
    public Optional<ChildProcess.Exit> poll() throws ErrnoException {
        return outer.poll().map(this::translated);
    }

    /**
     * Waits for its end.
     *
     * @param timeoutMillis milliseconds; negative waits without end
     * @return how it ended; empty when the time is over
     * @throws ErrnoException when the kernel refuses
     */
    public Optional<ChildProcess.Exit> waitFor(long timeoutMillis) throws ErrnoException {
        return outer.waitFor(timeoutMillis).map(this::translated);
    }

    private ChildProcess.Exit translated(ChildProcess.Exit exit) {
        int signal = exit.value() - SIGNAL_BASE;
        boolean told = outer != vmm && !exit.signalled() && signal > 0 && signal <= LAST_SIGNAL;
        return told ? new ChildProcess.Exit(true, signal) : exit;
    }

    /** Returns why a limit of its control group ended it, in words; empty if none did. */
    public Optional<String> exhausted() {
        return Optional.ofNullable(group).flatMap(ControlGroup::exhausted);
    }

    /** Gives the descriptors back and removes the control group once nothing is in it. The process runs on. */
    @Override
    public void close() {
        if (outer != vmm) {
            outer.close();
        }
        vmm.close();
        if (group != null) {
            group.close();
        }
    }

    @Override
    public String toString() {
        return "process " + pid();
    }
}
