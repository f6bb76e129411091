package dev.cloister.policy.daemon;

import dev.cloister.linux.HostUser;
import dev.cloister.policy.confinement.Surround;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.state.ReportStore;
import dev.cloister.policy.state.StateDirectory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How a daemon is started.
 *
 * @param stateDirectory directory for the audit log, the lock and the control socket; made with mode 0700 if missing
 * @param policy which policy it runs
 * @param vmm how it starts VMM processes
 * @param exitWhenIdle whether to end once no domain is left
 * @param user whose process the daemon becomes once it has its descriptors; empty to stay what it is
 */
public record DaemonOptions(
        Path stateDirectory, PolicySource policy, Vmm vmm, boolean exitWhenIdle, Optional<HostUser> user) {
    /**
     * Which policy a daemon runs.
     *
     * @param file the policy file
     * @param trustedKeys files of public keys of which one must have signed the policy; none for a policy that needs no signature
     * @param acceptUnenforced whether a policy is run that asks for more than this release enforces
     */
    public record PolicySource(Path file, List<Path> trustedKeys, boolean acceptUnenforced) {
        /** Copies the list. */
        public PolicySource {
            trustedKeys = List.copyOf(trustedKeys);
        }

        /**
         * A policy that needs no signature and asks for no more than is enforced.
         *
         * @param file the policy file
         */
        public PolicySource(Path file) {
            this(file, List.of(), false);
        }
    }

    /**
     * How VMM processes are started and what they get.
     *
     * @param command command line of a VMM process, the program by its absolute path
     * @param kvmDevice device that each VMM whose engine needs it gets as its first descriptor, normally {@link #KVM}; domains with the
     *     engine {@code auto} do without where it can't be opened
     * @param engine what executes the domains whose engine is {@code auto}: {@code AUTO} leaves the choice to their VMMs
     * @param surround what is put around VMM processes
     * @param answerTimeout time that a VMM has for each step
     */
    public record Vmm(List<String> command, Path kvmDevice, Engine engine, Surround surround, Duration answerTimeout) {
        /** Copies the list. */
        public Vmm {
            command = List.copyOf(command);
        }
    }

    /** The device of the kernel's hypervisor. */
    public static final Path KVM = Path.of("/dev/kvm");
    /** Time that a VMM has for each step unless said otherwise. */
    public static final Duration DEFAULT_ANSWER_TIMEOUT = Duration.ofSeconds(30);
    /** Name of the audit log in the state directory. */
    public static final String AUDIT_NAME = "audit.log";
    /** Name of the journal of contacts between conflicting parties in the state directory. */
    public static final String CONTACTS_NAME = "contacts.journal";
    /** Name of the file in the state directory that keeps which policy was in force last and the highest serial that was seen. */
    public static final String POLICY_STATE_NAME = "policy.state";
    /** Name of the state journal in the state directory. */
    public static final String STATE_NAME = "state.journal";

    /**
     * Returns the name of the file in the state directory that keeps a domain's last report.
     *
     * @param domain its name, as the policy allows it
     * @return the file's name
     */
    public static String reportName(String domain) {
        return ReportStore.name(domain);
    }

    /**
     * Returns the path of the control socket.
     *
     * @return in the state directory
     */
    public Path controlSocket() {
        return stateDirectory.resolve(StateDirectory.SOCKET_NAME);
    }

    /**
     * Returns the path of the audit log.
     *
     * @return in the state directory
     */
    public Path auditLog() {
        return stateDirectory.resolve(AUDIT_NAME);
    }

    /**
     * Returns the path of what is kept of policies.
     *
     * @return in the state directory
     */
    public Path policyState() {
        return stateDirectory.resolve(POLICY_STATE_NAME);
    }

    /**
     * Returns the path of the state journal.
     *
     * @return in the state directory
     */
    public Path stateJournal() {
        return stateDirectory.resolve(STATE_NAME);
    }

    /**
     * Returns the path of the journal of contacts.
     *
     * @return in the state directory
     */
    public Path contacts() {
        return stateDirectory.resolve(CONTACTS_NAME);
    }
}
