package dev.cloister.policy.daemon;

import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.ControlRequest;
import dev.cloister.policy.protocol.DomainState;
import dev.cloister.policy.protocol.Snapshot;
import dev.cloister.policy.protocol.ToVmm;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Carries out what the control socket asks. Loop's thread only; the futures tell the clients' threads. */
final class Commands {
    /** Time that a VMM has to pause, resume or stop. */
    private static final long OBEY_MILLIS = 5000;

    /** Time after which a VMM that was told to stop is killed. */
    private static final long STOP_MILLIS = 3000;

    private final Fabric fabric;
    private final EventLoop loop;
    private final Journal journal;
    private final Runnable shutdown;
    private final long bornNanos = System.nanoTime();
    private boolean ending;

    Commands(Fabric fabric, EventLoop loop, Journal journal, Runnable shutdown) {
        this.fabric = fabric;
        this.loop = loop;
        this.journal = journal;
        this.shutdown = shutdown;
    }

    /** Answers a request; the future may complete later, always on the loop's thread. */
    CompletableFuture<ControlReply> execute(ControlRequest request) {
        if (!request.command().needsDomain()) {
            return CompletableFuture.completedFuture(general(request.command()));
        }
        Optional<DomainRuntime> domain = fabric.domain(request.domain());
        if (domain.isEmpty()) {
            return failed(
                    "unknown-domain",
                    "no domain " + request.domain() + " in policy "
                            + fabric.policy().name());
        }
        return switch (request.command()) {
            case PAUSE -> change(domain.get(), DomainState.RUNNING, DomainState.PAUSED, new ToVmm.Pause());
            case RESUME -> change(domain.get(), DomainState.PAUSED, DomainState.RUNNING, new ToVmm.Resume());
            case STOP -> stop(domain.get());
            case CONSOLE -> console(domain.get());
            default -> throw new IllegalStateException(request.command().text() + " needs no domain");
        };
    }

    Snapshot snapshot() {
        return new Snapshot(
                fabric.policy().name(),
                fabric.policy().digest(),
                ProcessHandle.current().pid(),
                (System.nanoTime() - bornNanos) / 1_000_000,
                !ending && !journal.failed(),
                journal.records(),
                journal.hash(),
                fabric.domains().stream().map(DomainRuntime::view).toList(),
                fabric.views());
    }

    /** Tells every domain to stop, and kills those that don't. */
    void stopAll() {
        ending = true;
        for (DomainRuntime domain : fabric.domains()) {
            if (domain.alive()) {
                beginStop(domain);
            }
        }
    }

    /** Ends every domain at once. */
    void killAll(String reason) {
        ending = true;
        fabric.domains().forEach(domain -> domain.kill(reason));
    }

    private ControlReply general(ControlRequest.Command command) {
        return switch (command) {
            case PS, STATUS, WATCH -> new ControlReply.State(snapshot());
            case AUDIT_HEAD -> new ControlReply.AuditHead(journal.records(), journal.hash());
            case SHUTDOWN -> {
                journal.write(AuditKind.OPERATOR, "", "", "shutdown");
                loop.execute(shutdown);
                yield new ControlReply.Done("the daemon ends all domains and itself");
            }
            default -> throw new IllegalStateException(command.text() + " needs a domain");
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
        CompletableFuture<ControlReply> reply = when(domain, state -> state != from, to);
        domain.send(message);
        return reply;
    }

    private CompletableFuture<ControlReply> stop(DomainRuntime domain) {
        if (!domain.alive()) {
            return failed("wrong-state", domain.name() + " is " + domain.state().text() + ": nothing to stop");
        }
        journal.write(AuditKind.OPERATOR, domain.name(), "", "stop");
        CompletableFuture<ControlReply> reply = when(domain, state -> state == DomainState.EXITED, DomainState.EXITED);
        beginStop(domain);
        return reply;
    }

    private void beginStop(DomainRuntime domain) {
        if (!domain.stopping()) {
            domain.setStopping();
            domain.send(new ToVmm.Stop());
            loop.after(STOP_MILLIS, () -> domain.kill("did not stop when told to"));
        }
    }

    private static CompletableFuture<ControlReply> console(DomainRuntime domain) {
        boolean input = domain.link().flatMap(VmmLink::serialInput).isPresent();
        return CompletableFuture.completedFuture(new ControlReply.Console(domain.name(), input));
    }

    /** Completes when the domain's state has settled; fails where it isn't the wanted one, or when that takes too long. */
    private CompletableFuture<ControlReply> when(
            DomainRuntime domain, Predicate<DomainState> settled, DomainState wanted) {
        CompletableFuture<ControlReply> reply = new CompletableFuture<>();
        Consumer<DomainRuntime> observer = d -> {
            if (settled.test(d.state())) {
                String text = d.name() + " is " + d.state().text();
                reply.complete(
                        d.state() == wanted
                                ? new ControlReply.Done(text)
                                : new ControlReply.Failed("wrong-state", text + ": expected " + wanted.text()));
            }
        };
        domain.observe(observer);
        EventLoop.Timer timer = loop.after(
                OBEY_MILLIS,
                () -> reply.complete(new ControlReply.Failed(
                        "timeout", domain.name() + " did not answer within " + OBEY_MILLIS + " ms")));
        reply.whenComplete((_, _) -> {
            timer.cancel();
            domain.unobserve(observer);
        });
        return reply;
    }

    private static CompletableFuture<ControlReply> failed(String code, String error) {
        return CompletableFuture.completedFuture(new ControlReply.Failed(code, error));
    }
}
