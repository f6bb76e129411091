package dev.cloister.policy.daemon;

import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.daemon.journal.Journal;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.explain.Explanation;
import dev.cloister.policy.history.PolicyMatch;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.protocol.ControlReply;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Puts another policy in place of the one in force. In one turn of the loop everything gets its new model, each live channel is decided
 * anew, and what is not granted is taken away. Only when all that is gone does anything begin that is new, so that there is no moment at
 * which both policies together allow more than each of them. Loop's thread only.
 */
final class PolicySwitch {
    private static final long NANOS_PER_MICRO = 1000;

    private final Fabric fabric;
    private final EventLoop loop;
    private final Decider decider;
    private final Journal journal;
    private final Channels channels;
    private final Supervisor supervisor;
    private final OpenWindows windows;
    private final Metering metering;
    private final TimeKeeper time;
    private final DirectoryChanges directories;
    private boolean busy;
    private boolean finishing;
    private long beganNanos;
    private Change change;

    PolicySwitch(
            Fabric fabric,
            EventLoop loop,
            Decider decider,
            Journal journal,
            Channels channels,
            Supervisor supervisor,
            OpenWindows windows,
            Metering metering,
            TimeKeeper time) {
        this.fabric = fabric;
        this.loop = loop;
        this.decider = decider;
        this.journal = journal;
        this.channels = channels;
        this.supervisor = supervisor;
        this.windows = windows;
        this.metering = metering;
        this.time = time;
        this.change = new Change(fabric.policy());
        this.directories = new DirectoryChanges(fabric, decider);
    }

    /** A channel that was not closed when the policy changed, with what the policy before said of it. */
    private record Was(Channel channel, Flow flow) {}

    /** What goes, and how far that has come. */
    private static final class Change {
        /** Why domains are stopped, by what either policy says of them. */
        private final Map<Domain, String> stopped = new IdentityHashMap<>();

        private final List<DomainRuntime> starting = new ArrayList<>();
        private final Map<DomainRuntime, ControlReply.Item> stopping = new LinkedHashMap<>();
        private final Map<Channel, ControlReply.Item> revoked = new LinkedHashMap<>();
        private final Set<Channel> closing = new HashSet<>();
        private final List<ControlReply.Item> items = new ArrayList<>();
        private Consumer<ControlReply.PolicyLoad> answer = _ -> {};
        private final Policy before;
        private long kept;

        Change(Policy before) {
            this.before = before;
        }
    }

    /** Tells what a policy would change, and changes nothing. */
    ControlReply.PolicyLoad plan(Policy next) {
        PolicyMatch match = PolicyMatch.of(fabric.policy(), next);
        Change plan = new Change(fabric.policy());
        Decider trial = decider.trial(match, windows.maskOf(next));
        for (DomainRuntime domain : fabric.domains()) {
            int now = match.newEndpoint(domain.domain().index());
            String why = now == PolicyMatch.NONE
                    ? gone(domain)
                    : DomainChange.restarts(
                            fabric.policy(),
                            domain.domain(),
                            next,
                            next.domains().get(now));
            if (!why.isEmpty() && domain.busy()) {
                plan.stopped.put(domain.domain(), why);
                plan.items.add(new ControlReply.Item("domain", domain.name(), "stopped", why, 0));
            }
        }
        for (Channel channel : fabric.channels()) {
            if (passes(channel)) {
                int now = match.newFlow(channel.flow().index());
                Was was = new Was(channel, channel.flow());
                String why = now == PolicyMatch.NONE ? gone(was) : whyRevoked(was, next.flow(now), plan, trial, true);
                tell(plan, was, why, now == PolicyMatch.NONE ? channel.flow() : next.flow(now));
            }
        }
        added(match, plan);
        return reply(plan, next, false, true, 0);
    }

    private static boolean passes(Channel channel) {
        return !channel.is(Channel.Stage.CLOSED) && !channel.is(Channel.Stage.CLOSING);
    }

    private static void tell(Change plan, Was was, String why, Flow now) {
        if (!why.isEmpty()) {
            plan.items.add(new ControlReply.Item("flow", was.flow().name(), "revoked", why, 0));
            return;
        }
        plan.kept++;
        String limits = ChannelLimits.takenOver(was.flow(), now);
        if (!limits.isEmpty()) {
            plan.items.add(new ControlReply.Item("flow", now.name(), "limits", limits, 0));
        }
    }

    private static void added(PolicyMatch match, Change plan) {
        for (Domain domain : match.after().domains()) {
            if (match.oldEndpoint(domain.index()) == PolicyMatch.NONE) {
                plan.items.add(new ControlReply.Item(
                        "domain", domain.name(), "added", domain.position().toString(), 0));
            }
        }
        for (Flow flow : match.after().flows()) {
            if (match.oldFlow(flow.index()) == PolicyMatch.NONE) {
                plan.items.add(new ControlReply.Item(
                        "flow", flow.name(), "added", flow.position().toString(), 0));
            }
        }
    }

    /**
     * Puts a policy into force.
     *
     * @param next loaded and checked
     * @param epoch its number, which is on the medium
     * @param answer what is told when all has gone that goes
     * @return false if what it needs can't be recorded: then the policy before is in force
     */
    boolean begin(Policy next, int epoch, Consumer<ControlReply.PolicyLoad> answer) {
        Policy before = fabric.policy();
        PolicyMatch match = PolicyMatch.of(before, next);
        if (journal.failed() || !decider.change(match)) {
            return false;
        }
        beganNanos = System.nanoTime();
        change = new Change(before);
        change.answer = answer;
        List<Was> open = fabric.allChannels().stream()
                .filter(channel -> !channel.is(Channel.Stage.CLOSED))
                .map(channel -> new Was(channel, channel.flow()))
                .toList();
        Map<DomainRuntime, Domain> busyBefore = new LinkedHashMap<>();
        fabric.allDomains().stream().filter(DomainRuntime::busy).forEach(d -> busyBefore.put(d, d.domain()));
        journal.policy(next, epoch);
        journal.loaded(before.digest(), next.file());
        fabric.change(match);
        windows.change(next);
        time.change(next, fabric.allDomains());
        channels.changing(true);
        supervisor.changing(true);
        added(match, change);
        busyBefore.forEach((domain, was) -> domain(domain, was, before));
        open.forEach(this::channel);
        fabric.domains().stream()
                .filter(d -> match.oldEndpoint(d.domain().index()) == PolicyMatch.NONE)
                .filter(d -> d.domain().lifecycle().autostart())
                .forEach(change.starting::add);
        // Only now: what comes to rest at once must not look like the last of all.
        busy = true;
        progress();
        return true;
    }

    private static String gone(DomainRuntime domain) {
        return "the policy has no domain " + domain.name() + " any more; it was declared at "
                + domain.domain().position();
    }

    private static String gone(Was was) {
        return "the policy has no flow " + was.flow().name() + " from "
                + was.flow().from().name() + " to " + was.flow().to().name()
                + " any more; it was declared at " + was.flow().position();
    }

    private void domain(DomainRuntime domain, Domain was, Policy before) {
        boolean leaves = domain.domain() == was;
        String why;
        if (leaves) {
            why = gone(domain);
        } else {
            String differs = DomainChange.restarts(before, was, fabric.policy(), domain.domain());
            why = differs.isEmpty()
                    ? ""
                    : "the policy changes its " + differs + " at "
                            + domain.domain().position();
        }
        if (why.isEmpty()) {
            return;
        }
        change.stopped.put(was, why);
        change.stopped.put(domain.domain(), why);
        if (!leaves && domain.domain().lifecycle().autostart()) {
            change.starting.add(domain);
        }
        change.stopping.put(domain, new ControlReply.Item("domain", was.name(), "stopped", why, 0));
        journal.write(AuditKind.OPERATOR, was.name(), "", "stop: " + why);
        supervisor.stop(domain, why);
    }

    private void channel(Was was) {
        Channel channel = was.channel();
        if (channel.is(Channel.Stage.CLOSED)) {
            return;
        }
        change.closing.add(channel);
        if (channel.is(Channel.Stage.CLOSING)) {
            return;
        }
        Flow now = channel.flow();
        String why = now.index() == PolicyMatch.NONE ? gone(was) : whyRevoked(was, now, change, decider, false);
        if (why.isEmpty()) {
            change.closing.remove(channel);
            tell(change, was, why, now);
            return;
        }
        change.revoked.put(channel, new ControlReply.Item("flow", was.flow().name(), "revoked", why, 0));
        channels.revoke(channel, Channel.Hold.POLICY, why);
    }

    /** Why a live channel can't go on under what is in force now; empty if it can. */
    private String whyRevoked(Was was, Flow now, Change plan, Decider judge, boolean trial) {
        for (Endpoint end : List.of(was.flow().from(), was.flow().to())) {
            String stopped = end instanceof Domain domain ? plan.stopped.get(domain) : null;
            if (stopped != null) {
                return "its end " + end.name() + " is stopped: " + stopped;
            }
        }
        String remade = remade(was.flow(), now, plan, judge);
        if (!remade.isEmpty()) {
            return "the policy changes its " + remade + " at " + now.position();
        }
        Decision decision = judge.open(now);
        if (!decision.granted()) {
            if (!trial) {
                journal.write(decision, "policy change");
            }
            Explanation words = Explanation.of(decision);
            return words.deciding().text() + " (" + words.deciding().position() + ")";
        }
        boolean recorded = trial ? judge.tried(now) : judge.opened(now);
        return recorded ? "" : "its contacts can't be recorded";
    }

    /** A lane that takes leases, or doesn't, was made so. */
    private static String remade(Flow was, Flow now, Change plan, Decider judge) {
        boolean metered = plan.before.releaseQuota(was).isPresent()
                || was.limits().quota().isPresent();
        String differs = ChannelLimits.remade(was, now);
        return differs.isEmpty() && was.kind() != FlowKind.CONSOLE && metered != judge.metered(now)
                ? "guard's quota"
                : differs;
    }

    /** Something has come to rest: looks whether all is gone that goes. */
    void progress() {
        if (!busy || finishing) {
            return;
        }
        long micros = (System.nanoTime() - beganNanos) / NANOS_PER_MICRO;
        change.revoked.replaceAll(
                (channel, item) -> item.micros() == 0 && channel.is(Channel.Stage.CLOSED) ? at(item, micros) : item);
        change.stopping.replaceAll((domain, item) -> item.micros() == 0 && !domain.alive() ? at(item, micros) : item);
        boolean all = change.closing.stream().allMatch(channel -> channel.is(Channel.Stage.CLOSED))
                && change.stopping.keySet().stream().noneMatch(DomainRuntime::alive);
        if (all) {
            finishing = true;
            // We may be in the middle of closing the last one.
            loop.execute(this::finish);
        }
    }

    private static ControlReply.Item at(ControlReply.Item item, long micros) {
        return new ControlReply.Item(item.what(), item.name(), item.outcome(), item.reason(), Math.max(1, micros));
    }

    private void finish() {
        long micros = (System.nanoTime() - beganNanos) / NANOS_PER_MICRO;
        Change done = change;
        busy = false;
        finishing = false;
        fabric.forget();
        for (Channel channel : fabric.channels()) {
            channel.holds().remove(Channel.Hold.POLICY);
            channel.holds().remove(Channel.Hold.QUOTA);
        }
        channels.changing(false);
        metering.holdUsedUp();
        done.items.addAll(0, done.revoked.values());
        done.items.addAll(0, done.stopping.values());
        for (Channel channel : fabric.channels()) {
            directories.declare(channel).ifPresent(done.items::add);
        }
        supervisor.windowsChanged();
        supervisor.changing(false);
        supervisor.startIfPossible(done.starting);
        fabric.channels().forEach(channels::open);
        supervisor.check();
        done.answer.accept(reply(done, fabric.policy(), true, false, micros));
    }

    private ControlReply.PolicyLoad reply(Change done, Policy policy, boolean loaded, boolean dry, long micros) {
        long revoked = count(done, "revoked");
        long stopped = count(done, "stopped");
        String message = (loaded
                        ? "policy " + policy.name() + " is in force"
                        : "policy " + policy.name() + " may be loaded")
                + ": " + done.kept + " flows kept, " + revoked + " revoked, " + count(done, "added")
                + " domains and flows added, " + stopped + " domains stopped"
                + (loaded ? "; after " + micros + " us all that it takes away was gone" : "; nothing was changed");
        return new ControlReply.PolicyLoad(
                loaded,
                dry,
                message,
                policy.name(),
                policy.digest(),
                done.before.digest(),
                journal.policyEpoch(),
                micros,
                done.items,
                done.kept,
                List.of());
    }

    private static long count(Change done, String outcome) {
        return done.items.stream()
                .filter(item -> item.outcome().equals(outcome))
                .count();
    }
}
