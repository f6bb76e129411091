package dev.cloister.policy.daemon;

import dev.cloister.linux.ChildProcess;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.daemon.journal.Ascii;
import dev.cloister.policy.daemon.journal.Journal;
import dev.cloister.policy.daemon.process.VmmLink;
import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.decision.Gate;
import dev.cloister.policy.decision.Reason;
import dev.cloister.policy.explain.Explanation;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.protocol.AnswerStatus;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.DomainState;
import dev.cloister.policy.protocol.FromVmm;
import dev.cloister.policy.protocol.ToVmm;
import dev.cloister.policy.protocol.VmmCodec;
import dev.cloister.policy.state.ReportStore;
import dev.cloister.policy.state.StateRecord;
import java.util.List;
import java.util.Optional;

/**
 * Acts on what VMMs say, trusting none of it: a message that is wrong in form or at the wrong time ends its sender and nobody
 * else. Loop's thread only.
 */
final class Broker {
    private static final int LAST_WORDS = 400;
    private static final int GUEST_FAULT = 70;

    private final Fabric fabric;
    private final Decider decider;
    private final Journal journal;
    private final Channels channels;
    private final Metering metering;
    private final Supervisor supervisor;
    private final ReportStore reports;
    private final boolean acceptUnenforced;

    Broker(
            Fabric fabric,
            Decider decider,
            Journal journal,
            Channels channels,
            Metering metering,
            Supervisor supervisor,
            ReportStore reports,
            boolean acceptUnenforced) {
        this.fabric = fabric;
        this.decider = decider;
        this.journal = journal;
        this.channels = channels;
        this.metering = metering;
        this.supervisor = supervisor;
        this.reports = reports;
        this.acceptUnenforced = acceptUnenforced;
    }

    VmmLink.Listener listener(DomainRuntime domain) {
        return new VmmLink.Listener() {
            @Override
            public void message(FromVmm message) {
                Broker.this.message(domain, message);
            }

            @Override
            public void garbage(String reason) {
                Broker.this.garbage(domain, reason);
            }

            @Override
            public void refused(String systemCall) {
                Broker.this.refused(domain, systemCall);
            }

            @Override
            public void ended(ChildProcess.Exit exit) {
                Broker.this.ended(domain, exit);
            }
        };
    }

    private void message(DomainRuntime domain, FromVmm message) {
        switch (message) {
            case FromVmm.Confined m -> confined(domain, m.problem());
            case FromVmm.Ready _ -> ready(domain);
            case FromVmm.Attached m ->
                expected(
                        domain,
                        channels.attached(domain, m.index(), m.epoch()),
                        "Attached " + m.index() + " of epoch " + m.epoch());
            case FromVmm.Revoked m ->
                expected(
                        domain,
                        channels.revoked(domain, m.index(), m.epoch()),
                        "Revoked " + m.index() + " of epoch " + m.epoch());
            case FromVmm.Started m -> started(domain, m.nanosSinceProcessStart());
            case FromVmm.Status m -> status(domain, m);
            case FromVmm.Request m -> request(domain, m);
            case FromVmm.Violation m -> {
                domain.countViolation();
                journal.writeThrottled(domain, AuditKind.VIOLATION, m.kind().id() + ": " + m.detail());
            }
            case FromVmm.Balloon m -> domain.balloon(m);
            case FromVmm.Exited m -> exited(domain, m);
        }
    }

    /** Ends a VMM that broke the protocol. */
    void garbage(DomainRuntime domain, String reason) {
        domain.countViolation();
        journal.writeThrottled(domain, AuditKind.PROTOCOL_ERROR, reason);
        domain.kill("broke the protocol: " + reason);
    }

    private void expected(DomainRuntime domain, boolean asked, String what) {
        if (!asked) {
            garbage(domain, what + ": not expected now");
        }
    }

    /** The process is in its sandbox, or says why not: then it is the operator's word whether it runs all the same. */
    private void confined(DomainRuntime domain, String problem) {
        if (!problem.isEmpty() && !acceptUnenforced) {
            journal.writeThrottled(domain, AuditKind.REFUSAL, "its VMM process isn't confined: " + problem);
            domain.kill("its VMM process isn't confined: " + problem
                    + "; expected a filter of system calls with a listener (Linux 5.14), or --accept-unenforced");
            return;
        }
        if (!problem.isEmpty()) {
            journal.write(AuditKind.UNENFORCED, domain.name(), "", "its VMM process isn't confined: " + problem);
        }
        if (!domain.settleConfined()) {
            garbage(domain, "Confined: not expected now");
        }
    }

    /** The process asked the kernel for what it may not: the guest, or whoever took its VMM over, is at fault. */
    private void refused(DomainRuntime domain, String systemCall) {
        domain.countViolation();
        journal.writeThrottled(domain, AuditKind.VIOLATION, "system call refused: " + systemCall);
        domain.kill("asked for a system call that it may not have: " + systemCall);
    }

    private void ready(DomainRuntime domain) {
        if (domain.settleReady()) {
            supervisor.ready(domain);
        } else {
            garbage(domain, "Ready: not expected now");
        }
    }

    private void started(DomainRuntime domain, long nanos) {
        if (domain.startSent() && domain.state() == DomainState.READY) {
            domain.started(nanos);
            journal.remember(new StateRecord.Runs(domain.name()));
            domain.state(DomainState.RUNNING);
        } else {
            garbage(domain, "Started: not expected now");
        }
    }

    private void status(DomainRuntime domain, FromVmm.Status status) {
        if (!metering.report(domain, status.channels())) {
            garbage(domain, "Status: counters of a channel that the domain hasn't");
            return;
        }
        domain.report(status);
        boolean runs = domain.state() == DomainState.RUNNING || domain.state() == DomainState.PAUSED;
        boolean says = status.state() == DomainState.RUNNING || status.state() == DomainState.PAUSED;
        if (runs && says && status.state() != domain.state()) {
            domain.state(status.state());
        }
    }

    private void request(DomainRuntime domain, FromVmm.Request request) {
        Optional<Endpoint> peer = fabric.policy().endpoint(request.peer());
        if (peer.isEmpty()) {
            String reason = "the policy has no domain or host resource " + request.peer();
            journal.writeThrottled(domain, AuditKind.REFUSAL, text(domain, request) + ": " + reason);
            refuse(domain, request, AnswerStatus.REFUSED, reason);
            return;
        }
        boolean out = request.direction() == Direction.OUT;
        Endpoint from = out ? domain.domain() : peer.get();
        Endpoint to = out ? peer.get() : domain.domain();
        Decision decision = decider.open(domain.domain(), from, to, request.kind());
        if (decision.granted()) {
            grant(domain, request, decision);
            return;
        }
        boolean busy = decision.reason(Gate.RATE) == Reason.REQUEST_RATE_EXCEEDED;
        journal.writeThrottled(domain, decision, "");
        refuse(
                domain,
                request,
                busy ? AnswerStatus.BUSY : AnswerStatus.REFUSED,
                Explanation.of(decision).deciding().text());
    }

    /** What is granted is live, or is made so; the answer comes when that is settled. */
    private void grant(DomainRuntime domain, FromVmm.Request request, Decision decision) {
        Flow flow = decision.flow().orElseThrow();
        Channel channel = fabric.channel(flow);
        boolean there = channel.is(Channel.Stage.LIVE) || channel.opening();
        if (!there && !(channel.is(Channel.Stage.CLOSED) && channels.possible(channel))) {
            String note = channel.note().isEmpty() ? "" : ": " + channel.note();
            String reason = "flow " + flow.name() + " is " + channel.text() + note;
            journal.writeThrottled(domain, AuditKind.REFUSAL, text(domain, request) + ": " + reason);
            refuse(domain, request, AnswerStatus.REFUSED, reason);
            return;
        }
        if (!journal.write(decision, "")) {
            refuse(domain, request, AnswerStatus.REFUSED, "the daemon grants nothing any more");
        } else if (channel.is(Channel.Stage.LIVE)) {
            answer(domain, request, flow);
        } else {
            channel.await((live, reason) -> {
                if (live) {
                    answer(domain, request, flow);
                } else {
                    refuse(domain, request, AnswerStatus.REFUSED, "flow " + flow.name() + ": " + reason);
                }
            });
            if (!channel.opening()) {
                channels.granted(channel);
            }
        }
    }

    private void answer(DomainRuntime domain, FromVmm.Request request, Flow flow) {
        int index = domain.directory().indexOf(fabric.channel(flow));
        domain.send(
                new ToVmm.Answer(request.requestId(), AnswerStatus.GRANTED, index, "flow " + flow.name()),
                List.of(),
                () -> refuse(domain, request, AnswerStatus.REFUSED, "the daemon grants nothing any more"));
    }

    private static void refuse(DomainRuntime domain, FromVmm.Request request, AnswerStatus status, String reason) {
        domain.countRefusal();
        domain.send(new ToVmm.Answer(request.requestId(), status, 0, Ascii.printable(reason, VmmCodec.MAX_REASON)));
    }

    private static String text(DomainRuntime domain, FromVmm.Request request) {
        boolean out = request.direction() == Direction.OUT;
        return (out ? domain.name() : request.peer()) + " -> " + (out ? request.peer() : domain.name()) + " "
                + request.kind().jsonName();
    }

    private void exited(DomainRuntime domain, FromVmm.Exited exited) {
        if (domain.exitCode() >= 0) {
            garbage(domain, "Exited: said twice");
            return;
        }
        domain.exitCode(exited.code());
        // Nobody but the daemon that started the process is told by the kernel.
        journal.remember(new StateRecord.Exiting(domain.name(), exited.code()));
        domain.link().ifPresent(VmmLink::expectEnd);
        if (exited.code() != 0) {
            domain.note("ended with code " + exited.code());
        }
        journal.write(
                exited.code() == GUEST_FAULT ? AuditKind.GUEST_FAULT : AuditKind.DOMAIN_STOPPED,
                domain.name(),
                "",
                "exit code " + exited.code() + ", report in " + reports.keep(domain.name(), exited.reportJson()));
    }

    private void ended(DomainRuntime domain, ChildProcess.Exit exit) {
        boolean reported = domain.exitCode() >= 0;
        if (!reported) {
            crashed(domain, exit);
        }
        journal.writeSuppressed(domain);
        domain.unlink();
        String reason = domain.name() + (reported ? " has ended" : "'s VMM died");
        channels.ended(domain, reported && domain.exitCode() == 0, reason);
        supervisor.ended(domain);
    }

    /** Why a process has ended that was not told to: a limit of its control group, where the kernel says so. */
    private static String exhausted(DomainRuntime domain) {
        return domain.link().flatMap(VmmLink::exhausted).orElse("its VMM ended without a report");
    }

    private void crashed(DomainRuntime domain, ChildProcess.Exit exit) {
        String why = domain.note().isEmpty() ? exhausted(domain) : domain.note();
        if (exit.signalled()) {
            domain.exitSignal(exit.value());
        } else {
            domain.exitCode(exit.value());
        }
        String words = domain.log().tail(LAST_WORDS);
        domain.note(why + " (" + exit + ")");
        journal.write(
                AuditKind.DOMAIN_KILLED,
                domain.name(),
                "",
                domain.note() + (words.isEmpty() ? "" : "; its last words: " + words));
    }
}
