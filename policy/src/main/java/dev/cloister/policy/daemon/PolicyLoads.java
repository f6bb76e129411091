package dev.cloister.policy.daemon;

import dev.cloister.policy.analysis.Enforcement;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.confinement.Confinement;
import dev.cloister.policy.daemon.journal.Ascii;
import dev.cloister.policy.daemon.journal.Journal;
import dev.cloister.policy.daemon.journal.LogFile;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.language.SignedPolicy;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.Problem;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.state.PolicyState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads policies while the daemon runs, whole or not at all: reading and checking on a thread of its own, since they may take seconds;
 * the switch on the loop's. One at a time. Loop's thread only, but for that.
 */
final class PolicyLoads implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PolicyLoads.class);

    private final Fabric fabric;
    private final EventLoop loop;
    private final Journal journal;
    private final PolicySwitch policySwitch;
    private final PolicyState state;
    private final Map<String, LogFile> logs;
    private final DaemonOptions options;
    private final Confinement confinement;
    private final ExecutorService loading = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("load-policy").factory());
    private boolean underWay;

    PolicyLoads(
            Fabric fabric,
            EventLoop loop,
            Journal journal,
            PolicySwitch policySwitch,
            PolicyState state,
            Map<String, LogFile> logs,
            DaemonOptions options,
            Confinement confinement) {
        this.fabric = fabric;
        this.loop = loop;
        this.journal = journal;
        this.policySwitch = policySwitch;
        this.state = state;
        this.logs = logs;
        this.options = options;
        this.confinement = confinement;
    }

    /** What was loaded and may come into force. */
    private record Candidate(SignedPolicy.Loaded loaded, Map<String, LogFile> logs, int epoch) {}

    /** Whether nothing is being loaded. */
    boolean idle() {
        return !underWay;
    }

    /** Loads a policy; the future completes on the loop's thread. */
    CompletableFuture<ControlReply> load(String path, boolean dryRun) {
        if (underWay) {
            return CompletableFuture.completedFuture(
                    new ControlReply.Failed("busy", "another policy is being loaded; try again when that is done"));
        }
        underWay = true;
        CompletableFuture<ControlReply> reply = new CompletableFuture<>();
        Policy now = fabric.policy();
        loading.execute(() -> {
            try {
                Candidate candidate = candidate(Path.of(path), now, dryRun);
                loop.execute(() -> loaded(candidate, dryRun, path, reply));
            } catch (PolicyException e) {
                loop.execute(() -> refused(path, dryRun, e.problems(), reply));
            } catch (IOException | RuntimeException e) {
                LOG.debug("policy {}", path, e);
                loop.execute(() -> failed(path, dryRun, String.valueOf(e.getMessage()), reply));
            }
        });
        return reply;
    }

    private Candidate candidate(Path path, Policy now, boolean dryRun) throws PolicyException, IOException {
        SignedPolicy.Loaded loaded =
                SignedPolicy.loadSigned(path, options.policy().trustedKeys());
        Policy policy = loaded.policy();
        List<Problem> unmet = Enforcement.problems(policy);
        if (!unmet.isEmpty() && !options.policy().acceptUnenforced()) {
            throw new PolicyException(unmet);
        }
        // Refused here, where the schedule can't be kept on this host.
        TimeKeeper.stoppers(policy, options.policy().acceptUnenforced());
        if (!options.policy().acceptUnenforced()) {
            confinement.require(policy);
        }
        if (!policy.name().equals(now.name())) {
            throw new IOException("the policy's name is " + policy.name() + ": expected " + now.name()
                    + ", since contacts, quotas and serials are kept by it; stop this daemon and start another");
        }
        state.requireNotOlder(loaded, path);
        Map<String, LogFile> opened = dryRun ? Map.of() : openLogs(policy, now);
        if (!dryRun) {
            state.advance(loaded);
        }
        return new Candidate(loaded, opened, state.epoch());
    }

    /** Opens the log files that the daemon doesn't have as this policy states them. */
    private Map<String, LogFile> openLogs(Policy policy, Policy now) throws IOException {
        Map<String, LogFile> opened = new LinkedHashMap<>();
        for (Endpoint endpoint : policy.endpoints()) {
            if (endpoint instanceof HostEndpoint host
                    && host.object() instanceof HostObject.Log object
                    && !same(object, now.endpoint(host.name()).orElse(null))) {
                LogFile file = new LogFile(host.name(), object, journal);
                file.open();
                opened.put(host.name(), file);
            }
        }
        return opened;
    }

    private static boolean same(HostObject.Log wanted, @Nullable Endpoint known) {
        return known instanceof HostEndpoint host
                && host.object() instanceof HostObject.Log log
                && log.resolved().equals(wanted.resolved())
                && log.maxBytes() == wanted.maxBytes();
    }

    private void loaded(Candidate candidate, boolean dryRun, String path, CompletableFuture<ControlReply> reply) {
        Policy policy = candidate.loaded().policy();
        if (dryRun) {
            underWay = false;
            reply.complete(policySwitch.plan(policy));
            return;
        }
        boolean begun = policySwitch.begin(policy, candidate.epoch(), done -> {
            underWay = false;
            reply.complete(done);
        });
        if (!begun) {
            candidate.logs().values().forEach(PolicyLoads::close);
            stays();
            failed(path, false, "what it needs can't be recorded", reply);
            return;
        }
        candidate.logs().forEach((name, file) -> close(logs.put(name, file)));
        for (Enforcement.Unmet unmet : Enforcement.unmet(policy)) {
            journal.write(AuditKind.UNENFORCED, "", "", unmet.message() + " (" + unmet.position() + ")");
        }
    }

    private void stays() {
        try {
            state.stays(fabric.policy());
        } catch (IOException e) {
            LOG.error("{}", e.getMessage());
        }
    }

    private static void close(@Nullable LogFile file) {
        if (file != null) {
            try {
                file.close();
            } catch (IOException e) {
                LOG.debug("closing a log file", e);
            }
        }
    }

    private void refused(String path, boolean dryRun, List<Problem> problems, CompletableFuture<ControlReply> reply) {
        underWay = false;
        String first = problems.isEmpty() ? "" : ": " + problems.getFirst();
        if (!dryRun) {
            journal.write(
                    AuditKind.POLICY_REFUSED,
                    "",
                    "",
                    path + ": " + problems.size() + " problems" + Ascii.printable(first, 400));
        }
        reply.complete(new ControlReply.PolicyLoad(
                false,
                dryRun,
                path + " can't be loaded; the policy in force is as it was",
                "",
                "",
                fabric.policy().digest(),
                journal.policyEpoch(),
                0,
                List.of(),
                0,
                problems.stream().map(ControlReply.ProblemView::of).toList()));
    }

    private void failed(String path, boolean dryRun, String reason, CompletableFuture<ControlReply> reply) {
        underWay = false;
        if (!dryRun) {
            journal.write(AuditKind.POLICY_REFUSED, "", "", path + ": " + Ascii.printable(reason, 400));
        }
        reply.complete(new ControlReply.Failed("refused", path + ": " + reason));
    }

    @Override
    public void close() {
        loading.shutdownNow();
    }
}
