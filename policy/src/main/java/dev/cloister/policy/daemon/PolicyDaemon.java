package dev.cloister.policy.daemon;

import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.audit.AuditListener;
import dev.cloister.policy.audit.AuditLog;
import dev.cloister.policy.decision.Outcome;
import dev.cloister.policy.language.PolicyLoader;
import dev.cloister.policy.model.AuditFull;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.ControlRequest;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A policy daemon. {@link #open} loads the policy, takes the state directory and listens; {@link #run} starts the domains and
 * works until they have ended or somebody asks for the end; {@link #close} leaves nothing behind: no process, socket or
 * descriptor. The audit log stays, it is the journal.
 */
public final class PolicyDaemon implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PolicyDaemon.class);

    private final DaemonOptions options;
    private final EventLoop loop;
    private final AuditLog log;
    private final AuditFeed feed = new AuditFeed();
    private final Journal journal;
    private final Fabric fabric;
    private final Launcher launcher;
    private final Handshake handshake;
    private final Broker broker;
    private final Commands commands;
    private final StateDirectory state;
    private final ControlServer server;
    private boolean launched;
    private boolean ending;

    private PolicyDaemon(DaemonOptions options, Policy policy, StateDirectory state, AuditLog log, EventLoop loop)
            throws IOException {
        this.options = options;
        this.state = state;
        this.log = log;
        this.loop = loop;
        this.journal = new Journal(policy, log, feed);
        Decider decider = new Decider(policy);
        this.fabric = new Fabric(policy, loop, decider, journal, feed);
        this.launcher = new Launcher(fabric, decider, journal, loop, options);
        this.handshake = new Handshake(
                fabric,
                loop,
                options.answerTimeout(),
                domain -> domain.kill(
                        "did not answer within " + options.answerTimeout().toMillis() + " ms while starting"));
        this.broker = new Broker(
                fabric, decider, journal, handshake, new ReportStore(options.stateDirectory()), this::endIfIdle);
        this.commands = new Commands(fabric, loop, journal, this::shutdown);
        journal.onFailure(() -> loop.execute(this::auditFailed));
        this.server = listen();
    }

    private ControlServer listen() throws IOException {
        try {
            return new ControlServer(state.socket(), this, fabric);
        } catch (IOException e) {
            launcher.close();
            throw e;
        }
    }

    /**
     * Opens a daemon with the audit log of its state directory.
     *
     * @param options how
     * @return the daemon; its control socket listens, but answers only once {@link #run} works
     * @throws PolicyException if the policy can't be loaded
     * @throws IOException if the state directory is in use, the audit log is not whole, or the host lacks something
     */
    public static PolicyDaemon open(DaemonOptions options) throws PolicyException, IOException {
        Policy policy = PolicyLoader.load(options.policy());
        StateDirectory state = StateDirectory.take(options);
        try {
            return open(options, policy, state, AuditLog.open(options.auditLog(), AuditListener.NONE));
        } catch (IOException e) {
            state.close();
            throw e;
        }
    }

    /** Opens a daemon with an audit log of its own, which it closes; for tests of failing storage. */
    static PolicyDaemon open(DaemonOptions options, AuditLog log) throws PolicyException, IOException {
        Policy policy = PolicyLoader.load(options.policy());
        StateDirectory state = StateDirectory.take(options);
        try {
            return open(options, policy, state, log);
        } catch (IOException e) {
            state.close();
            throw e;
        }
    }

    private static PolicyDaemon open(DaemonOptions options, Policy policy, StateDirectory state, AuditLog log)
            throws IOException {
        EventLoop loop = null;
        try {
            loop = new EventLoop();
            return new PolicyDaemon(options, policy, state, log, loop);
        } catch (IOException e) {
            if (loop != null) {
                loop.close();
            }
            log.close();
            throw e;
        }
    }

    /**
     * Starts all domains and works; returns when the daemon has ended. Call once.
     *
     * @return how all ended
     * @throws IOException if the event loop itself fails
     */
    public Outcome run() throws IOException {
        loop.execute(this::launch);
        loop.run();
        server.stopAccepting();
        Snapshot last = commands.snapshot();
        journal.write(AuditKind.DAEMON_STOP, "", "", "");
        server.finish(last);
        return new Outcome(last, journal.failed());
    }

    /** Asks for an orderly end: domains are told to stop, those that don't are killed. Any thread; returns at once. */
    public void requestShutdown() {
        loop.execute(this::shutdown);
    }

    /**
     * Carries out a control request, as a client of the control socket would. Any thread.
     *
     * @param request the request
     * @return completed by the daemon's thread; never, if the daemon has ended
     */
    public CompletableFuture<ControlReply> submit(ControlRequest request) {
        CompletableFuture<ControlReply> reply = new CompletableFuture<>();
        loop.execute(() -> commands.execute(request).thenAccept(reply::complete));
        return reply;
    }

    /**
     * How a daemon ended.
     *
     * @param last the last state
     * @param auditFailed whether it ended because the audit log couldn't be written
     */
    public record Outcome(Snapshot last, boolean auditFailed) {
        /**
         * Tells whether every domain ended as it should.
         *
         * @return true if each exit code is 0
         */
        public boolean success() {
            return !auditFailed && last.domains().stream().allMatch(d -> d.exitCode() == 0);
        }
    }

    private void launch() {
        if (!journal.write(
                        AuditKind.DAEMON_START,
                        "",
                        "",
                        "pid " + ProcessHandle.current().pid())
                || !journal.write(
                        AuditKind.POLICY_LOADED, "", "", fabric.policy().file())) {
            launched = true;
            return;
        }
        for (DomainRuntime domain : fabric.domains()) {
            if (!ending) {
                launcher.launch(domain, broker::listener);
            }
        }
        launched = true;
        handshake.begin();
        endIfIdle();
    }

    private void shutdown() {
        ending = true;
        commands.stopAll();
        endIfIdle();
    }

    /** Without a log nothing can be granted; whether what lives may go on is the policy's word. */
    private void auditFailed() {
        if (fabric.policy().onAuditFull() == AuditFull.HALT) {
            LOG.error("the policy says audit.onFull: halt; every domain is ended");
            ending = true;
            commands.killAll("halted: the audit log can't be written");
            endIfIdle();
        }
    }

    private void endIfIdle() {
        if (launched && (ending || options.exitWhenIdle()) && !fabric.anyAlive()) {
            loop.stop();
        }
    }

    /** Kills what is still alive and gives everything back. */
    @Override
    public void close() throws IOException {
        server.close();
        for (DomainRuntime domain : fabric.domains()) {
            domain.kill("the daemon has ended");
            domain.link().ifPresent(VmmLink::reap);
            if (domain.alive()) {
                domain.dead();
            }
        }
        fabric.close();
        feed.close();
        launcher.close();
        loop.close();
        try (state) {
            closeLog();
        }
    }

    /** A log that has failed can't record its closing either; that it failed has been told. */
    private void closeLog() throws IOException {
        try {
            log.close();
        } catch (IOException e) {
            if (!journal.failed()) {
                throw e;
            }
            LOG.debug("closing the audit log", e);
        }
    }
}
