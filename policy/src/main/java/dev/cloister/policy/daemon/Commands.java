package dev.cloister.policy.daemon;

import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.daemon.journal.Journal;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.ControlRequest;
import dev.cloister.policy.protocol.DomainState;
import dev.cloister.policy.protocol.FromVmm;
import dev.cloister.policy.protocol.Snapshot;
import dev.cloister.policy.protocol.ToVmm;
import dev.cloister.policy.state.StateRecord;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Carries out what the control socket asks. Loop's thread only; the futures tell the clients' threads. */
final class Commands {
    /** Time that a VMM has to pause, resume or stop: longer than it takes to kill one that doesn't stop. */
    static final long OBEY_MILLIS = 15_000;

    /** Time that a domain has to start: images are measured, a process is made and answers some times. */
    private static final long START_MILLIS = 80_000;

    private static final long NANOS_PER_MILLI = 1_000_000;

    private static final Set<DomainState> ON_THE_WAY = Set.of(DomainState.STARTING, DomainState.READY);

    private final Fabric fabric;
    private final EventLoop loop;
    private final Journal journal;
    private final Channels channels;
    private final Metering metering;
    private final Supervisor supervisor;
    private final PolicyLoads loads;
    private final TimeKeeper time;
    private final Runnable shutdown;
    private final long bornNanos = System.nanoTime();
    private boolean ending;

    Commands(
            Fabric fabric,
            EventLoop loop,
            Journal journal,
            Channels channels,
            Metering metering,
            Supervisor supervisor,
            PolicyLoads loads,
            TimeKeeper time,
            Runnable shutdown) {
        this.fabric = fabric;
        this.loop = loop;
        this.journal = journal;
        this.channels = channels;
        this.metering = metering;
        this.supervisor = supervisor;
        this.loads = loads;
        this.time = time;
        this.shutdown = shutdown;
    }

    /** Answers a request; the future may complete later, always on the loop's thread. */
    CompletableFuture<ControlReply> execute(ControlRequest request) {
        return switch (request.command().subject()) {
            case NONE -> CompletableFuture.completedFuture(general(request.command()));
            case DOMAIN ->
                fabric.domain(request.domain())
                        .map(domain -> about(domain, request))
                        .orElseGet(() -> unknown("domain", request.domain()));
            case FILE -> loads.load(request.path(), request.dryRun());
            case MAJOR -> CompletableFuture.completedFuture(time.use(request.major()));
            case FLOW ->
                fabric.policy()
                        .flow(request.flow())
                        .map(flow -> about(fabric.channel(flow), request.command()))
                        .orElseGet(() -> unknown("flow", request.flow()));
        };
    }

    /** Whether the request, carried out, gives anybody anything: then it must be in the log first. */
    static boolean grants(ControlRequest request) {
        return switch (request.command()) {
            case PS, STATUS, WATCH, AUDIT_HEAD, CONSOLE, STOP, REVOKE, SHUTDOWN -> false;
            default -> true;
        };
    }

    private CompletableFuture<ControlReply> unknown(String sort, String name) {
        return failed(
                "unknown-" + sort,
                "no " + sort + " " + name + " in policy " + fabric.policy().name());
    }

    private CompletableFuture<ControlReply> about(DomainRuntime domain, ControlRequest request) {
        return switch (request.command()) {
            case PAUSE -> change(domain, DomainState.RUNNING, DomainState.PAUSED, new ToVmm.Pause());
            case RESUME -> change(domain, DomainState.PAUSED, DomainState.RUNNING, new ToVmm.Resume());
            case START -> start(domain);
            case STOP -> stop(domain, request.graceMillis());
            case BALLOON -> balloon(domain, request.balloonBytes());
            case CONSOLE -> failed("bad-request", "a console needs a connection of its own");
            default -> throw new IllegalStateException(request.command().text() + " needs no domain");
        };
    }

    private CompletableFuture<ControlReply> about(Channel channel, ControlRequest.Command command) {
        String name = channel.flow().name();
        boolean open = command == ControlRequest.Command.OPEN;
        if (!journal.operator(name, command.text())) {
            return failed("refused", "the audit log can't be written");
        }
        return open ? open(channel, name) : revoke(channel, name);
    }

    private CompletableFuture<ControlReply> open(Channel channel, String name) {
        channels.lift(channel, Channel.Hold.OPERATOR);
        channels.open(channel);
        if (channel.is(Channel.Stage.LIVE)) {
            return done("flow " + name + " is live");
        }
        if (channel.is(Channel.Stage.CLOSED)) {
            return failed("refused", "flow " + name + " is " + channel.text() + ": " + channels.obstacle(channel));
        }
        return settled(channel, true);
    }

    private CompletableFuture<ControlReply> revoke(Channel channel, String name) {
        channels.revoke(channel, Channel.Hold.OPERATOR, Channel.REVOKED_BY_OPERATOR);
        return channel.is(Channel.Stage.CLOSED) ? done("flow " + name + " is revoked") : settled(channel, false);
    }

    /** Completes when the attempt to open or close has come to an end. */
    private CompletableFuture<ControlReply> settled(Channel channel, boolean wanted) {
        CompletableFuture<ControlReply> reply = new CompletableFuture<>();
        String name = channel.flow().name();
        channel.await((live, reason) -> reply.complete(
                live == wanted
                        ? new ControlReply.Done("flow " + name + " is " + channel.text() + (wanted ? "" : cut(channel)))
                        : new ControlReply.Failed(
                                "refused", "flow " + name + " is " + channel.text() + ": " + reason)));
        return reply;
    }

    private static String cut(Channel channel) {
        return channel.cutNanos() == 0
                ? ""
                : String.format(Locale.ROOT, ", cut after %.3f ms", channel.cutNanos() / 1e6);
    }

    Snapshot snapshot() {
        return new Snapshot(
                fabric.policy().name(),
                fabric.policy().digest(),
                journal.policyEpoch(),
                ProcessHandle.current().pid(),
                (System.nanoTime() - bornNanos) / NANOS_PER_MILLI,
                !ending && !journal.failed() && !journal.blocked(),
                journal.records(),
                journal.hash(),
                fabric.domains().stream().map(DomainRuntime::view).toList(),
                fabric.channels().stream().map(metering::view).toList(),
                time.view());
    }

    /** Tells every domain to stop, and kills those that don't. */
    void stopAll() {
        ending = true;
        supervisor.end();
        for (DomainRuntime domain : fabric.allDomains()) {
            supervisor.stop(domain, "the daemon ends");
        }
    }

    /** Ends every domain at once. */
    void killAll(String reason) {
        ending = true;
        supervisor.end();
        for (DomainRuntime domain : fabric.allDomains()) {
            domain.kill(reason);
            supervisor.stop(domain, reason);
        }
    }

    private ControlReply general(ControlRequest.Command command) {
        return switch (command) {
            case PS, STATUS, WATCH -> new ControlReply.State(snapshot());
            case AUDIT_HEAD -> new ControlReply.AuditHead(journal.records(), journal.hash());
            case SHUTDOWN -> {
                journal.write(AuditKind.OPERATOR, "", "", "shutdown");
                // In the turn of the answer; the shutdown itself is another one's.
                journal.remember(new StateRecord.Ending());
                loop.execute(shutdown);
                yield new ControlReply.Done("the daemon ends all domains and itself");
            }
            default -> throw new IllegalStateException(command.text() + " needs a domain or a flow");
        };
    }

    private CompletableFuture<ControlReply> change(
            DomainRuntime domain, DomainState from, DomainState to, ToVmm message) {
        if (domain.state() != from) {
            return failed("wrong-state", domain.name() + " is " + domain.state().text() + ": expected " + from.text());
        }
        if (!journal.write(AuditKind.OPERATOR, domain.name(), "", to == DomainState.PAUSED ? "pause" : "resume")) {
            return failed("refused", "the audit log can't be written");
        }
        if (to == DomainState.PAUSED) {
            // The operator's word, not the VMM's: the next daemon holds to it before that has said anything.
            journal.remember(new StateRecord.Paused(domain.name()));
        } else {
            rememberOnceItRuns(domain);
        }
        CompletableFuture<ControlReply> reply = when(domain, OBEY_MILLIS, state -> state != from, to);
        domain.send(
                message,
                List.of(),
                () -> reply.complete(new ControlReply.Failed("refused", "the audit log can't be written")));
        return reply;
    }

    /**
     * A resume is kept once it was carried out: the next daemon would else say that a guest runs which this one never told to, or tell it on
     * an order that may be missing in the log.
     */
    private void rememberOnceItRuns(DomainRuntime domain) {
        domain.observe(new Consumer<>() {
            @Override
            public void accept(DomainRuntime changed) {
                changed.unobserve(this);
                if (changed.state() == DomainState.RUNNING) {
                    journal.remember(new StateRecord.Runs(changed.name()));
                }
            }
        });
    }

    private CompletableFuture<ControlReply> start(DomainRuntime domain) {
        if (domain.alive() || domain.cohort().isPresent() || ending) {
            return failed(
                    "wrong-state",
                    domain.name() + " is " + domain.state().text() + ": expected idle, refused or exited");
        }
        if (!journal.write(AuditKind.OPERATOR, domain.name(), "", "start")) {
            return failed("refused", "the audit log can't be written");
        }
        supervisor.start(List.of(domain));
        return when(domain, START_MILLIS, state -> !ON_THE_WAY.contains(state), DomainState.RUNNING);
    }

    private CompletableFuture<ControlReply> stop(DomainRuntime domain, int graceMillis) {
        if (!domain.busy()) {
            return failed("wrong-state", domain.name() + " is " + domain.state().text() + ": nothing to stop");
        }
        journal.write(AuditKind.OPERATOR, domain.name(), "", "stop");
        journal.remember(new StateRecord.Stopped(domain.name(), System.nanoTime() + graceMillis * NANOS_PER_MILLI));
        if (!domain.alive()) {
            supervisor.stop(domain, DomainRuntime.STOPPED_BY_OPERATOR);
            return done(domain.name() + " is " + domain.state().text() + " and will not be started");
        }
        CompletableFuture<ControlReply> reply =
                when(domain, OBEY_MILLIS + graceMillis, state -> state == DomainState.EXITED, DomainState.EXITED);
        supervisor.shutDown(domain, graceMillis, DomainRuntime.STOPPED_BY_OPERATOR);
        return reply;
    }

    private CompletableFuture<ControlReply> balloon(DomainRuntime domain, long bytes) {
        OptionalLong atFirst = domain.domain().memory().balloonBytes();
        long most = domain.domain().memory().bytes();
        if (atFirst.isEmpty()) {
            return failed("bad-request", domain.name() + " has no balloon: its \"memory\" in the policy states none");
        }
        if (bytes > most) {
            return failed("bad-request", "a balloon of " + bytes + " bytes: expected 0 to " + most + ", its memory");
        }
        if (!domain.ready()) {
            String state = domain.state().text() + (domain.alive() && domain.stopping() ? " and is to stop" : "");
            return failed("wrong-state", domain.name() + " is " + state + ": expected a domain that runs or is paused");
        }
        boolean asks = bytes == ControlRequest.KEEP_BALLOON;
        if (!asks && !journal.write(AuditKind.OPERATOR, domain.name(), "", "balloon " + bytes)) {
            return failed("refused", "the audit log can't be written");
        }
        CompletableFuture<ControlReply> reply = new CompletableFuture<>();
        CompletableFuture<FromVmm.Balloon> answer =
                domain.ask(new ToVmm.SetBalloon(asks ? ToVmm.SetBalloon.NO_CHANGE : bytes));
        EventLoop.Timer timer = loop.after(OBEY_MILLIS, () -> answer.cancel(false));
        answer.whenComplete((said, failure) -> {
            timer.cancel();
            reply.complete(
                    failure == null
                            ? view(domain, said)
                            : new ControlReply.Failed("timeout", domain.name() + " did not say how its balloon is"));
        });
        return reply;
    }

    private static ControlReply view(DomainRuntime domain, FromVmm.Balloon said) {
        Map<String, Long> guest = new HashMap<>();
        said.guest().forEach(fact -> guest.put(fact.name(), fact.value()));
        return new ControlReply.Balloon(domain.name(), said.wanted(), said.actual(), said.returned(), guest);
    }

    /** Completes when the domain's state has settled; fails where it isn't the wanted one, or when that takes too long. */
    private CompletableFuture<ControlReply> when(
            DomainRuntime domain, long millis, Predicate<DomainState> settled, DomainState wanted) {
        CompletableFuture<ControlReply> reply = new CompletableFuture<>();
        Consumer<DomainRuntime> observer = d -> {
            if (settled.test(d.state())) {
                String note = wanted != DomainState.RUNNING || d.note().isEmpty() ? "" : " (" + d.note() + ")";
                String text = d.name() + " is " + d.state().text() + note;
                reply.complete(
                        d.state() == wanted
                                ? new ControlReply.Done(text)
                                : new ControlReply.Failed("wrong-state", text + ": expected " + wanted.text()));
            }
        };
        domain.observe(observer);
        EventLoop.Timer timer = loop.after(
                millis,
                () -> reply.complete(new ControlReply.Failed(
                        "timeout", domain.name() + " did not answer within " + millis + " ms")));
        reply.whenComplete((_, _) -> {
            timer.cancel();
            domain.unobserve(observer);
        });
        return reply;
    }

    private static CompletableFuture<ControlReply> done(String message) {
        return CompletableFuture.completedFuture(new ControlReply.Done(message));
    }

    private static CompletableFuture<ControlReply> failed(String code, String error) {
        return CompletableFuture.completedFuture(new ControlReply.Failed(code, error));
    }
}
