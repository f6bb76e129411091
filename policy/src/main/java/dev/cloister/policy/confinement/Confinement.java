package dev.cloister.policy.confinement;

import dev.cloister.linux.ChildProcess;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.HostUser;
import dev.cloister.linux.Landlock;
import dev.cloister.linux.Prctl;
import dev.cloister.linux.Spawn;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Policy;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts VMM processes with everything around them that the host has. The thread that starts them has given away what none of them
 * needs: privileges by execve(2), TCP ports, abstract sockets, signals to others. Loop's thread only.
 */
public final class Confinement implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Confinement.class);
    private static final int ABI_NETWORK = 4;

    private final List<String> command;
    private final List<String> wrapped;
    private Host host;
    private final ExecutorService spawner = Executors.newSingleThreadExecutor(
            task -> Thread.ofPlatform().daemon().name("spawn").unstarted(() -> {
                giveAway();
                task.run();
            }));

    private Confinement(Host host, List<String> command, List<String> wrapped) {
        this.host = host;
        this.command = command;
        this.wrapped = wrapped;
    }

    /**
     * Looks at the host: makes and removes control groups, and lets bubblewrap make a process; takes some milliseconds.
     *
     * @param surround what shall be used of it
     * @param command the command line of every VMM process, the program by its absolute path
     * @return what starts processes
     * @throws IOException if it can't be found out what such a process must be able to read
     */
    public static Confinement open(Surround surround, List<String> command) throws IOException {
        Host host = Host.survey(surround);
        host.groups().sweep();
        List<String> wrapped = host.bubblewrap().isEmpty()
                ? List.of()
                : new Bubblewrap(host.bubblewrap().get()).around(command);
        return new Confinement(host, List.copyOf(command), wrapped);
    }

    /**
     * Looks at the host without starting anything.
     *
     * @param surround what would be used of it
     * @return what there is
     */
    public static Survey survey(Surround surround) {
        return survey(Host.survey(surround));
    }

    /**
     * Prepares for this process to become a user's: from now on groups are made where that user may make them.
     *
     * @param user the user
     * @throws IOException if the kernel refuses
     */
    public void handOver(HostUser user) throws IOException {
        host = new Host(
                host.bubblewrap(), host.bubblewrapProblem(), host.groups().handOver(user), host.landlock());
    }

    private static Survey survey(Host host) {
        return new Survey(
                host.bubblewrap().map(Object::toString).orElse(""),
                host.groups().words(),
                host.landlock(),
                host.groups().hasExclusiveCpus(),
                host.lacks());
    }

    /**
     * What a host has, in words.
     *
     * @param bubblewrap path of the program that works; empty for none
     * @param controlGroups the controllers for which groups can be made
     * @param landlock version of Landlock's ABI, 0 for none
     * @param exclusiveCpus whether CPUs can be taken from everything else
     * @param lacks what it doesn't have
     */
    public record Survey(
            String bubblewrap, String controlGroups, int landlock, boolean exclusiveCpus, List<Lack> lacks) {}

    /**
     * Compares a policy with the host.
     *
     * @param policy the policy
     * @return what the policy asks for and what is usual, as far as it can't be had here
     */
    public List<Lack> lacks(Policy policy) {
        return Requirements.lacks(policy, host);
    }

    /**
     * Refuses a policy that asks for more than there is.
     *
     * @param policy the policy
     * @throws IOException naming all that is missing, and how to get it
     */
    public void require(Policy policy) throws IOException {
        List<String> missing =
                lacks(policy).stream().filter(Lack::required).map(Lack::message).toList();
        if (!missing.isEmpty()) {
            throw new IOException("policy " + policy.name() + " asks for confinement that can't be had here:\n  "
                    + String.join("\n  ", missing) + "\nor run it with less by --accept-unenforced");
        }
    }

    /**
     * Starts a VMM process; returns when it is in its control group and namespaces, some milliseconds later.
     *
     * @param policy the policy in force
     * @param domain whose process it is
     * @param environment all of its environment
     * @param fds all of its descriptors, by the numbers that they have there, except {@value Bubblewrap#INFO_FD} and
     *     {@value Bubblewrap#BLOCK_FD}
     * @return the process
     * @throws IOException if it can't be started, or not with its limits
     */
    public ConfinedProcess start(Policy policy, Domain domain, Map<String, String> environment, Map<Integer, Fd> fds)
            throws IOException {
        GroupLimits limits = GroupLimits.of(policy, domain);
        try {
            return spawner.submit(() -> wrapped.isEmpty()
                            ? bare(domain, environment, fds, limits)
                            : new Jail(wrapped).start(environment, fds, pid -> group(domain, pid, limits)))
                    .get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while a process was started", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    private ConfinedProcess bare(
            Domain domain, Map<String, String> environment, Map<Integer, Fd> fds, GroupLimits limits)
            throws IOException {
        Spawn spawn = Spawn.command(command).ownSession();
        environment.forEach(spawn::environment);
        fds.forEach(spawn::fd);
        ChildProcess child = spawn.start();
        boolean done = false;
        try {
            Optional<ControlGroup> group = group(domain, child.pid(), limits);
            done = true;
            return ConfinedProcess.of(child, child, group.orElse(null));
        } finally {
            if (!done) {
                child.kill(ChildProcess.SIGKILL);
                child.waitFor(-1);
                child.close();
            }
        }
    }

    private Optional<ControlGroup> group(Domain domain, int pid, GroupLimits limits) throws IOException {
        return host.groups().isEmpty()
                ? Optional.empty()
                : Optional.of(host.groups().make(domain.name(), pid, limits));
    }

    /**
     * Takes over a VMM process that another daemon started.
     *
     * @param pid its number
     * @param pidfd its pidfd, owned by the result
     * @return the process, with the control group that it is in
     */
    public ConfinedProcess adopt(int pid, Fd pidfd) {
        return ConfinedProcess.adopt(pid, pidfd, host.groups());
    }

    /** Removes the control groups of processes that earlier daemons started and that are gone; call once those are ended. */
    public void sweep() {
        host.groups().sweep();
    }

    /** What this thread, and with it every process that it starts, does without. */
    private static void giveAway() {
        try {
            Prctl.setNoNewPrivileges();
            if (Landlock.abi() >= ABI_NETWORK) {
                Landlock.restrict(false);
            }
        } catch (ErrnoException e) {
            LOG.warn("VMM processes start with more rights than they need: {}", e.getMessage());
        }
    }

    /** Ends the thread; processes run on. One that an earlier daemon had only just started may have ended since by itself. */
    @Override
    public void close() {
        sweep();
        spawner.shutdown();
    }
}
