package dev.cloister.policy.daemon;

import dev.cloister.linux.HostUser;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.daemon.journal.Journal;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.daemon.process.VmmLink;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.partition.HostMechanisms;
import dev.cloister.policy.partition.Partition;
import dev.cloister.policy.partition.StopperFactory;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.ScheduleView;
import dev.cloister.policy.state.StateRecord;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Puts VMM processes under the policy's schedule, where it has one. Loop's thread only. */
final class TimeKeeper implements AutoCloseable {
    private final EventLoop loop;
    private final Journal journal;
    private final boolean acceptUnenforced;
    private Optional<StopperFactory> stoppers;
    private Optional<Partition> partition;

    /** Starts the schedule, with that major frame where one was chosen; nobody runs in it yet. */
    TimeKeeper(
            Policy policy,
            EventLoop loop,
            Journal journal,
            Optional<StopperFactory> stoppers,
            Optional<String> major,
            boolean acceptUnenforced) {
        this.loop = loop;
        this.journal = journal;
        this.stoppers = stoppers;
        this.acceptUnenforced = acceptUnenforced;
        this.partition =
                policy.schedule().flatMap(plan -> stoppers.map(host -> Partition.start(plan, major.orElse(""), host)));
    }

    /**
     * Chooses how a policy's schedule is kept on this host; empty for a policy without one.
     *
     * @throws IOException if nothing here holds against a VMM and less isn't accepted
     */
    static Optional<StopperFactory> stoppers(Policy policy, boolean acceptUnenforced) throws IOException {
        if (policy.schedule().isEmpty()) {
            return Optional.empty();
        }
        StopperFactory best = HostMechanisms.available().getFirst();
        if (!best.enforced() && !acceptUnenforced) {
            throw new IOException("policy " + policy.name() + " has a schedule ("
                    + policy.schedule().get().position()
                    + "), and nothing here stops a VMM that resists: expected a cgroup v2 or v1 freezer in which this "
                    + "process may make groups; run it as root or in a delegated group (systemd-run -p Delegate=yes), "
                    + "or run the policy with " + best.mechanism() + " by --accept-unenforced");
        }
        return Optional.of(best);
    }

    /** Prepares for this process to become a user's. */
    void handOver(HostUser user) throws IOException {
        if (stoppers.isPresent()) {
            stoppers.get().handOver(user);
        }
    }

    /** What of the schedule isn't enforced on this host, for the log. */
    Optional<String> weakness() {
        return stoppers.filter(host -> !host.enforced())
                .map(host -> "the schedule is kept by " + host.mechanism() + ", which a VMM can undo");
    }

    /** Ends what another daemon left stopped. */
    void begin() {
        partition.ifPresent(Partition::sweep);
    }

    /** A process has been made: it stands until its domain's next frame. One that can't be stopped is killed. */
    void enroll(DomainRuntime domain, VmmLink link) {
        if (partition.isEmpty()) {
            return;
        }
        try {
            link.place(partition
                    .get()
                    .enroll(
                            domain.domain(),
                            link.pid(),
                            () -> loop.execute(() -> {
                                if (domain.has(link)) {
                                    domain.kill("can't be stopped at the end of its frame");
                                }
                            })));
        } catch (IOException e) {
            domain.kill("can't be put under the schedule: " + e.getMessage());
        }
    }

    /**
     * Another policy is in force. Its schedule follows at the end of the major frame that runs; the first schedule begins at once, and with
     * the last one all go free.
     *
     * @param domains those of the policy
     */
    void change(Policy next, List<DomainRuntime> domains) {
        loop.effect(() -> {
            if (partition.isPresent() && next.schedule().isPresent()) {
                partition.get().change(next.schedule().get());
                journal.remember(new StateRecord.Follows(partition.get().view().next()));
            } else if (partition.isPresent()) {
                domains.forEach(domain -> domain.link().ifPresent(VmmLink::leavePlace));
                partition.get().close();
                partition = Optional.empty();
            } else if (next.schedule().isPresent()) {
                first(next, domains);
            }
        });
    }

    private void first(Policy next, List<DomainRuntime> domains) {
        try {
            stoppers = stoppers(next, acceptUnenforced);
            partition = next.schedule().flatMap(plan -> stoppers.map(host -> Partition.start(plan, "", host)));
            domains.forEach(domain -> domain.link().ifPresent(link -> enroll(domain, link)));
        } catch (IOException e) {
            domains.forEach(domain -> domain.kill(String.valueOf(e.getMessage())));
        }
    }

    /** Lets another major frame follow. */
    ControlReply use(String major) {
        if (partition.isEmpty()) {
            return new ControlReply.Failed("unknown-major", "the policy has no schedule");
        }
        Partition kept = partition.get();
        if (!kept.majors().contains(major)) {
            return new ControlReply.Failed(
                    "unknown-major",
                    "no major frame " + major + " in the schedule: expected " + String.join(", ", kept.majors()));
        }
        if (!journal.write(AuditKind.OPERATOR, "", "", "schedule use " + major)) {
            return new ControlReply.Failed("refused", "the audit log can't be written");
        }
        journal.remember(new StateRecord.Follows(major));
        loop.effect(() -> kept.use(major));
        return new ControlReply.Done("major frame " + major + " follows at the end of the one that runs");
    }

    /** The schedule as it is kept. */
    List<ScheduleView> view() {
        return partition.map(Partition::view).stream().toList();
    }

    @Override
    public void close() {
        partition.ifPresent(Partition::close);
    }
}
