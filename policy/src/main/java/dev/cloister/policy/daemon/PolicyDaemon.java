package dev.cloister.policy.daemon;

import dev.cloister.linux.HostUser;
import dev.cloister.policy.analysis.Enforcement;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.audit.AuditListener;
import dev.cloister.policy.audit.AuditLog;
import dev.cloister.policy.confinement.Confinement;
import dev.cloister.policy.confinement.Lack;
import dev.cloister.policy.daemon.control.ControlClient;
import dev.cloister.policy.daemon.control.ControlServer;
import dev.cloister.policy.daemon.host.HostObjects;
import dev.cloister.policy.daemon.host.KeptDisks;
import dev.cloister.policy.daemon.journal.Journal;
import dev.cloister.policy.daemon.journal.LogFile;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.daemon.process.VmmLink;
import dev.cloister.policy.keeper.FdStore;
import dev.cloister.policy.language.SignedPolicy;
import dev.cloister.policy.model.AuditFull;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.Problem;
import dev.cloister.policy.partition.StopperFactory;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.ControlRequest;
import dev.cloister.policy.protocol.DomainState;
import dev.cloister.policy.protocol.Snapshot;
import dev.cloister.policy.relay.Relay;
import dev.cloister.policy.state.ContactJournal;
import dev.cloister.policy.state.ContactStorage;
import dev.cloister.policy.state.PolicyState;
import dev.cloister.policy.state.ReportStore;
import dev.cloister.policy.state.StateDirectory;
import dev.cloister.policy.state.StateRecord;
import java.io.Closeable;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A policy daemon. {@link #open} loads the policy, takes the state directory and listens; {@link #run} starts the domains and
 * works until they have ended or somebody asks for the end; {@link #close} leaves nothing behind: no process, socket or
 * descriptor. The audit log stays, it is the journal.
 */
public final class PolicyDaemon implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PolicyDaemon.class);

    /** Time that the medium has for the last records; the daemon ends without them if it takes longer. */
    private static final long LAST_RECORD_MILLIS = 5000;

    private final DaemonOptions options;
    private final Policy policy;
    private final EventLoop loop;
    private final AuditLog log;
    private final ContactJournal contacts;
    private final AuditFeed feed = new AuditFeed();
    private final HostEnds host;
    private final Journal journal;
    private final Fabric fabric;
    private final OpenWindows windows;
    private final Relay relay;
    private final Channels channels;
    private final Map<String, LogFile> logs = new LinkedHashMap<>();
    private final Confinement confinement;
    private final Launcher launcher;
    private final Supervisor supervisor;
    private final PolicyLoads loads;
    private final TimeKeeper time;
    private final Adoption adoption;
    private final Decider decider;
    private final Broker broker;
    private final Commands commands;
    private final ConsoleDesk consoles;
    private final StateDirectory state;
    private final ControlServer server;
    private boolean launched;
    private boolean ending;

    /** What a daemon works with that tests replace. */
    record Surroundings(
            StateDirectory state,
            AuditLog log,
            ContactJournal contacts,
            Clock clock,
            PolicyState policyState,
            Optional<StopperFactory> stoppers,
            Confinement confinement,
            Adoption adoption) {
        void close() throws IOException {
            confinement.close();
            adoption.journal().close();
            contacts.close();
            log.close();
            state.close();
        }
    }

    private PolicyDaemon(DaemonOptions options, Policy policy, Surroundings around, EventLoop loop) throws IOException {
        this.options = options;
        this.policy = policy;
        this.state = around.state();
        this.log = around.log();
        this.contacts = around.contacts();
        this.loop = loop;
        this.journal = new Journal(policy, log, feed::write, loop);
        PolicyState policyState = around.policyState();
        journal.policy(policy, policyState.epoch());
        this.adoption = around.adoption();
        journal.state(adoption.journal());
        this.fabric = new Fabric(policy, loop);
        adoption.restoreHolds(fabric);
        this.windows = new OpenWindows(policy, around.clock(), adoption.age(), loop, journal);
        this.decider = new Decider(policy, contacts, journal, windows::mask, adoption.origin());
        adoption.restoreQuotas(decider);
        this.relay = new Relay();
        this.host = new HostEnds(
                feed,
                new LogKeeper(loop, logs, around.clock()),
                new HostSockets(loop, journal),
                new HostObjects(loop, new KeptDisks(policy, adoption.store(), loop::execute)));
        this.channels = new Channels(
                fabric,
                loop,
                decider,
                journal,
                host,
                relay,
                adoption.store(),
                options.vmm().answerTimeout());
        Metering metering = new Metering(fabric, loop, decider, journal, channels, relay);
        openLogs();
        this.confinement = around.confinement();
        this.launcher = new Launcher(
                fabric,
                decider,
                loop,
                metering,
                logs,
                options,
                adoption.store(),
                confinement,
                host.objects().disks());
        this.time = new TimeKeeper(
                policy,
                loop,
                journal,
                around.stoppers(),
                adoption.major(),
                options.policy().acceptUnenforced());
        this.supervisor = new Supervisor(
                fabric,
                loop,
                decider,
                journal,
                channels,
                windows,
                launcher,
                time,
                options.vmm().answerTimeout());
        this.broker = new Broker(
                fabric,
                decider,
                journal,
                channels,
                metering,
                supervisor,
                new ReportStore(options.stateDirectory()),
                options.policy().acceptUnenforced());
        PolicySwitch policySwitch =
                new PolicySwitch(fabric, loop, decider, journal, channels, supervisor, windows, metering, time);
        this.loads = new PolicyLoads(fabric, loop, journal, policySwitch, policyState, logs, options, confinement);
        channels.onSettled(() -> {
            supervisor.check();
            policySwitch.progress();
            loop.execute(this::endIfIdle);
        });
        supervisor.tell(broker::listener, this::halt, () -> {
            policySwitch.progress();
            endIfIdle();
        });
        this.commands =
                new Commands(fabric, loop, journal, channels, metering, supervisor, loads, time, this::shutdown);
        this.consoles = new ConsoleDesk(fabric, loop, journal);
        journal.onFailure(() -> loop.execute(this::auditFailed));
        this.server = listen();
    }

    private void openLogs() throws IOException {
        for (Endpoint endpoint : policy.endpoints()) {
            if (endpoint instanceof HostEndpoint host && host.object() instanceof HostObject.Log object) {
                LogFile file = new LogFile(host.name(), object, journal);
                file.open();
                logs.put(host.name(), file);
            }
        }
    }

    private ControlServer listen() throws IOException {
        try {
            return new ControlServer(state.socket(), new ControlServer.Backend() {
                @Override
                public void ask(ControlRequest request, Consumer<ControlReply> answer) {
                    submit(request).thenAccept(answer);
                }

                @Override
                public void console(ControlClient client, int asked, ControlRequest request, String user) {
                    loop.execute(() -> consoles.attach(server, client, asked, request, user));
                }
            });
        } catch (IOException e) {
            launcher.close();
            relay.close();
            throw e;
        }
    }

    /**
     * Opens a daemon with the audit log and the journal of contacts of its state directory.
     *
     * @param options how
     * @return the daemon; its control socket listens, but answers only once {@link #run} works
     * @throws PolicyException if the policy can't be loaded, or asks for what isn't enforced and that isn't accepted
     * @throws IOException if the state directory is in use, log or journal is not whole, or the host lacks something
     */
    public static PolicyDaemon open(DaemonOptions options) throws PolicyException, IOException {
        return open(options, FdStore.none());
    }

    /**
     * As {@link #open(DaemonOptions)}, with a store of descriptors, from which the domains of an earlier daemon are taken over.
     *
     * @param options how
     * @param store the store; closed with the daemon
     * @return the daemon
     * @throws PolicyException as {@link #open(DaemonOptions)}
     * @throws IOException as there, and if what an earlier daemon has left can't be ended
     */
    public static PolicyDaemon open(DaemonOptions options, FdStore store) throws PolicyException, IOException {
        return open(
                options,
                store,
                Clock.systemUTC(),
                () -> AuditLog.open(options.auditLog(), AuditListener.NONE),
                () -> ContactStorage.file(options.contacts()));
    }

    /** Opens something that may fail. */
    interface Opener<T> {
        /** Opens it. */
        T open() throws IOException;
    }

    /** Opens a daemon with a log, a journal and a clock of its own, which it closes; for tests of failing storage and of time. */
    static PolicyDaemon open(DaemonOptions options, Clock clock, Opener<AuditLog> log, Opener<ContactStorage> contacts)
            throws PolicyException, IOException {
        return open(options, FdStore.none(), clock, log, contacts);
    }

    private static PolicyDaemon open(
            DaemonOptions options, FdStore store, Clock clock, Opener<AuditLog> log, Opener<ContactStorage> contacts)
            throws PolicyException, IOException {
        SignedPolicy.Loaded loaded = SignedPolicy.loadSigned(
                PolicyState.inForce(options.policyState(), options.policy().file(), store.again()),
                options.policy().trustedKeys());
        Policy policy = loaded.policy();
        List<Problem> unmet = Enforcement.problems(policy);
        if (!unmet.isEmpty() && !options.policy().acceptUnenforced()) {
            throw new PolicyException(unmet);
        }
        Optional<StopperFactory> stoppers =
                TimeKeeper.stoppers(policy, options.policy().acceptUnenforced());
        Deque<Closeable> opened = new ArrayDeque<>();
        try {
            Confinement confinement =
                    Confinement.open(options.vmm().surround(), options.vmm().command());
            opened.push(confinement::close);
            if (!options.policy().acceptUnenforced()) {
                confinement.require(policy);
            }
            StateDirectory state = keep(opened, StateDirectory.take(options.stateDirectory()));
            AuditLog audit = keep(opened, log.open());
            ContactStorage storage = keep(opened, contacts.open());
            ContactJournal journal =
                    ContactJournal.open(storage, options.contacts().toString());
            PolicyState policyState = PolicyState.open(options.policyState());
            if (store.again()) {
                policyState.requireUnchanged(policy);
            }
            policyState.requireNotOlder(loaded, options.policy().file());
            policyState.advance(loaded);
            Adoption adoption = Adoption.open(options.stateJournal(), policy, store);
            opened.push(adoption.journal());
            EventLoop loop = new EventLoop();
            opened.push(loop::close);
            return new PolicyDaemon(
                    options,
                    policy,
                    new Surroundings(state, audit, journal, clock, policyState, stoppers, confinement, adoption),
                    loop);
        } catch (IOException | PolicyException e) {
            for (Closeable each : opened) {
                each.close();
            }
            throw e;
        }
    }

    private static <T extends Closeable> T keep(Deque<Closeable> opened, T object) {
        opened.push(object);
        return object;
    }

    /**
     * Gives what this daemon has on disk and in control groups to a user that this process is about to become. Before {@link #run}.
     *
     * @param user the user
     * @throws IOException if something can't be given away
     */
    public void handOver(HostUser user) throws IOException {
        StateDirectory.handOver(options.stateDirectory(), user);
        for (LogFile file : logs.values()) {
            file.handOver(user);
        }
        confinement.handOver(user);
        time.handOver(user);
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
        Snapshot last = commands.snapshot();
        consoles.end();
        journal.write(AuditKind.DAEMON_STOP, "", "", "");
        loop.settle(LAST_RECORD_MILLIS);
        journal.giveUp();
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
        loop.execute(() -> commands.execute(request).thenAccept(answer -> answer(request, answer, reply)));
        return reply;
    }

    /** An answer waits for the records of its turn, but not for room in the log where it only tells the state. */
    private void answer(ControlRequest request, ControlReply answer, CompletableFuture<ControlReply> reply) {
        if (Commands.grants(request)) {
            loop.harmlessEffect(() -> reply.complete(recorded(answer)));
        } else {
            loop.observation(() -> reply.complete(answer));
        }
    }

    /** Nothing is said to be done whose record is not durable. */
    private ControlReply recorded(ControlReply answer) {
        boolean unrecorded = journal.failed() && answer instanceof ControlReply.Done;
        return unrecorded ? new ControlReply.Failed("refused", "the audit log can't be written") : answer;
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
         * @return true if each that was started has exit code 0
         */
        public boolean success() {
            return !auditFailed
                    && last.domains().stream()
                            .allMatch(d -> d.exitCode() == 0 || d.state().equals(DomainState.IDLE.text()));
        }
    }

    private void launch() {
        if (!recordStart()) {
            launched = true;
            return;
        }
        windows.begin(() -> {
            if (launched) {
                supervisor.windowsChanged();
            }
        });
        resume();
        time.begin();
        supervisor.holdClosedWindows();
        if (adoption.ends()) {
            supervisor.forgetStarts();
            shutdown();
        }
        if (!ending) {
            supervisor.startAll();
        }
        adoption.store().ready();
        launched = true;
        endIfIdle();
    }

    /** Takes over what an earlier daemon has left; its channels first. */
    private void resume() {
        long began = System.nanoTime();
        List<DomainRuntime> adopted = adoption.resume(fabric, decider, journal, channels, launcher, broker::listener);
        // They stand in groups of the daemon before, or run where it let them; from here on they keep to their frames
        // again.
        adopted.forEach(domain -> domain.link().ifPresent(link -> time.enroll(domain, link)));
        adopted.forEach(domain -> adoption.resumeStop(
                domain, (d, millis) -> supervisor.shutDown(d, millis, DomainRuntime.STOPPED_BY_OPERATOR)));
        adoption.resumeRestarts(supervisor::restartAfter);
        adopted.forEach(channels::openAll);
        // Those that couldn't be taken over have been ended only now.
        confinement.sweep();
        if (!adopted.isEmpty()) {
            LOG.info("{} domains taken over in {} us", adopted.size(), (System.nanoTime() - began) / 1000);
        }
    }

    private boolean recordStart() {
        boolean recorded = journal.write(
                        AuditKind.DAEMON_START,
                        "",
                        "",
                        "pid " + ProcessHandle.current().pid())
                && journal.write(AuditKind.POLICY_LOADED, "", "", policy.file());
        for (Enforcement.Unmet unmet : Enforcement.unmet(policy)) {
            recorded &= journal.write(AuditKind.UNENFORCED, "", "", unmet.message() + " (" + unmet.position() + ")");
        }
        Optional<String> weakness = time.weakness();
        if (weakness.isPresent()) {
            recorded &= journal.write(AuditKind.UNENFORCED, "", "", weakness.get());
        }
        for (Lack lack : confinement.lacks(policy)) {
            recorded &= journal.write(AuditKind.UNENFORCED, "", "", lack.message());
        }
        recorded &= adoption.record(journal);
        if (contacts.dropped() > 0) {
            recorded &= journal.write(
                    AuditKind.JOURNAL_REPAIRED,
                    "",
                    "",
                    "an incomplete last line of " + contacts.dropped() + " bytes is removed from "
                            + options.contacts());
        }
        return recorded;
    }

    /** Looks at the clock again, at once; for tests with a clock of their own. */
    void recheckWindows() {
        loop.execute(windows::check);
    }

    private void halt(String reason) {
        LOG.error("{}; the policy says onUnexpectedExit: halt", reason);
        journal.write(AuditKind.OPERATOR, "", "", "halt: " + reason);
        shutdown();
    }

    private void shutdown() {
        ending = true;
        journal.remember(new StateRecord.Ending());
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
        boolean begun = fabric.domains().stream().anyMatch(d -> d.state() != DomainState.IDLE);
        if (launched
                && (ending || options.exitWhenIdle() && begun)
                && supervisor.idle()
                && loads.idle()
                && !fabric.anyAlive()
                && fabric.allChannels().stream().noneMatch(Channel::lingers)) {
            loop.stop();
        }
    }

    /** Kills what is still alive and gives everything back. */
    @Override
    public void close() throws IOException {
        server.close();
        for (DomainRuntime domain : fabric.allDomains()) {
            domain.kill("the daemon has ended");
            domain.link().ifPresent(VmmLink::reap);
            if (domain.alive()) {
                domain.dead();
            }
        }
        time.close();
        channels.close();
        relay.close();
        journal.remember(new StateRecord.Finished());
        loop.settle(LAST_RECORD_MILLIS);
        host.close();
        loads.close();
        launcher.close();
        confinement.close();
        journal.close();
        loop.close();
        adoption.journal().close();
        adoption.store().close();
        for (LogFile file : logs.values()) {
            file.close();
        }
        try (state;
                contacts) {
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
