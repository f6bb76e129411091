package dev.cloister.policy.analysis;

import dev.cloister.policy.analysis.PolicyDiff.Change;
import dev.cloister.policy.model.BackChannel;
import dev.cloister.policy.model.ConflictSet;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Guard;
import dev.cloister.policy.model.Image;
import dev.cloister.policy.model.ImageFile;
import dev.cloister.policy.model.Mediation;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Protection;
import dev.cloister.policy.model.Quota;
import dev.cloister.policy.model.Rate;
import dev.cloister.policy.model.SocketUse;
import dev.cloister.policy.model.Window;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What two policies say differently of domains, guards and flows. Labels and types are compared by their names. */
final class Changes {
    private final Counterparts counterparts;
    private final Policy before;
    private final Policy after;
    private final List<Change> changes = new ArrayList<>();

    Changes(Counterparts counterparts) {
        this.counterparts = counterparts;
        this.before = counterparts.before();
        this.after = counterparts.after();
    }

    List<Change> list() {
        endpoints();
        guards();
        flows();
        once();
        return changes;
    }

    private void once() {
        String at = after.position().toString();
        named(
                "window",
                before.windows(),
                after.windows(),
                Window::name,
                Changes::span,
                window -> window.position().toString());
        named(
                "conflict set",
                before.conflicts(),
                after.conflicts(),
                ConflictSet::name,
                Changes::parties,
                set -> set.position().toString());
        changed(
                "requestRate",
                rate(Optional.of(before.requestRate())),
                rate(Optional.of(after.requestRate())),
                after.requestRate().position().toString());
        changed(
                "onDaemonLoss",
                before.onDaemonLoss().jsonName(),
                after.onDaemonLoss().jsonName(),
                at);
        changed(
                "audit onFull",
                before.onAuditFull().jsonName(),
                after.onAuditFull().jsonName(),
                at);
        changed(
                "confinement require",
                protections(before),
                protections(after),
                after.confinement().position().toString());
        changed("audit rotate", rotation(before), rotation(after), at);
    }

    private static String protections(Policy policy) {
        return policy.confinement().require().stream()
                .map(Protection::jsonName)
                .sorted()
                .collect(Collectors.joining(", "));
    }

    private static String rotation(Policy policy) {
        return policy.audit()
                .rotation()
                .map(r -> r.bytes() + " bytes, keep " + (r.keep() == 0 ? "all" : String.valueOf(r.keep())))
                .orElse("never");
    }

    private <T> void named(
            String sort,
            List<T> old,
            List<T> now,
            Function<T, String> name,
            Function<T, String> definition,
            Function<T, String> position) {
        Map<String, T> left = new LinkedHashMap<>();
        old.forEach(item -> left.put(name.apply(item), item));
        for (T item : now) {
            T was = left.remove(name.apply(item));
            changed(
                    sort + " \"" + name.apply(item) + "\"",
                    was == null ? "none" : definition.apply(was),
                    definition.apply(item),
                    position.apply(item));
        }
        left.values()
                .forEach(item -> changed(
                        sort + " \"" + name.apply(item) + "\"", definition.apply(item), "none", position.apply(item)));
    }

    private static String span(Window window) {
        return switch (window) {
            case Window.Calendar calendar ->
                calendar.from() + "-" + calendar.to() + " " + calendar.zone() + " " + new TreeSet<>(calendar.days())
                        + calendar.notBefore().map(day -> " from " + day).orElse("")
                        + calendar.notAfter().map(day -> " until " + day).orElse("");
            case Window.Relative relative ->
                "after " + relative.after()
                        + relative.length().map(length -> " for " + length).orElse("");
        };
    }

    private static String parties(ConflictSet set) {
        return set.mode().jsonName() + " of "
                + set.parties().stream()
                        .map(party ->
                                party.members().stream().map(Endpoint::name).collect(Collectors.joining("+")))
                        .collect(Collectors.joining(" | "));
    }

    private void changed(String what, String old, String now, String at) {
        if (!old.equals(now)) {
            changes.add(new Change(what, old + " -> " + now, at));
        }
    }

    private void endpoints() {
        for (Endpoint old : before.endpoints()) {
            if (counterparts.newOf(old.index()) < 0) {
                changes.add(new Change(name(old), "removed", old.position().toString()));
            } else {
                endpoint(old, after.endpoint(counterparts.newOf(old.index())));
            }
        }
        for (Endpoint now : after.endpoints()) {
            if (counterparts.oldOf(now.index()) < 0) {
                changes.add(new Change(
                        name(now),
                        "added, label " + after.lattice().format(now.label()),
                        now.position().toString()));
            }
        }
    }

    private static String name(Endpoint endpoint) {
        return endpoint instanceof Domain ? "domain \"" + endpoint.name() + "\"" : endpoint.name();
    }

    private void endpoint(Endpoint old, Endpoint now) {
        String at = now.position().toString();
        changed(name(now) + " name", old.name(), now.name(), at);
        changed(
                name(now) + " label",
                before.lattice().format(old.label()),
                after.lattice().format(now.label()),
                at);
        changed(name(now) + " type", type(before, old), type(after, now), at);
        if (old instanceof Domain was && now instanceof Domain is) {
            changed(
                    name(now) + " resources",
                    was.memory().bytes() + " bytes, " + was.cpus().count() + " CPUs "
                            + was.cpus().pin(),
                    is.memory().bytes() + " bytes, " + is.cpus().count() + " CPUs "
                            + is.cpus().pin(),
                    at);
            changed(name(now) + " image", image(was.image()), image(is.image()), at);
            changed(
                    name(now) + " windows",
                    windows(before, was.lifecycle().when().lists()),
                    windows(after, is.lifecycle().when().lists()),
                    at);
        }
    }

    private static String type(Policy policy, Endpoint endpoint) {
        return endpoint.type() == Endpoint.NO_TYPE
                ? "none"
                : policy.types().types().get(endpoint.type());
    }

    private static String image(Image image) {
        return image.files().stream()
                .map(ImageFile::sha256)
                .map(digest -> digest.substring(0, Math.min(12, digest.length())))
                .collect(Collectors.joining("+"));
    }

    private static String windows(Policy policy, List<Long> lists) {
        return lists.isEmpty()
                ? "always"
                : lists.stream()
                        .map(bits -> BitSet.valueOf(new long[] {bits}).stream()
                                .mapToObj(policy.windows()::get)
                                .map(Window::name)
                                .collect(Collectors.joining("|")))
                        .collect(Collectors.joining("&"));
    }

    private void guards() {
        for (Domain now : after.domains()) {
            int old = counterparts.oldOf(now.index());
            String was = old < 0 ? "none" : guard(before, old);
            String is = guard(after, now.index());
            if (old >= 0 || after.isGuard(now.index())) {
                changed("guard \"" + now.name() + "\"", was, is, now.position().toString());
            }
        }
    }

    private static String guard(Policy policy, int endpoint) {
        if (!policy.isGuard(endpoint)) {
            return "none";
        }
        Guard guard = policy.guard(endpoint);
        return "from " + policy.lattice().format(guard.from()) + " to "
                + policy.lattice().format(guard.to())
                + guard.quota().map(Changes::quota).map(" "::concat).orElse("");
    }

    private void flows() {
        BitSet kept = new BitSet();
        for (Flow old : before.flows()) {
            int now = counterparts.newFlow(old.index());
            if (now < 0) {
                changes.add(new Change(
                        "flow \"" + old.name() + "\"",
                        "removed, " + ends(old),
                        old.position().toString()));
            } else {
                kept.set(now);
                flow(old, after.flow(now));
            }
        }
        for (Flow now : after.flows()) {
            if (!kept.get(now.index())) {
                changes.add(new Change(
                        "flow \"" + now.name() + "\"",
                        "added, " + ends(now),
                        now.position().toString()));
            }
        }
    }

    private static String ends(Flow flow) {
        return flow.from().name() + " -> " + flow.to().name() + " ("
                + flow.kind().jsonName() + ")";
    }

    private void flow(Flow old, Flow now) {
        String what = "flow \"" + now.name() + "\"";
        String at = now.position().toString();
        changed(what + " name", old.name(), now.name(), at);
        changed(what + " gate declared", declared(old), declared(now), at);
        changed(what + " gate labels", labels(before, old), labels(after, now), at);
        changed(what + " gate types", types(before, old), types(after, now), at);
        changed(
                what + " gate time",
                windows(before, old.limits().when().lists()),
                windows(after, now.limits().when().lists()),
                at);
        changed(what + " rate", rate(old.rate()), rate(now.rate()), at);
        changed(
                what + " quota",
                old.limits().quota().map(Changes::quota).orElse("none"),
                now.limits().quota().map(Changes::quota).orElse("none"),
                at);
        changed(
                what + " revoke within",
                Words.span(old.limits().revokeWithinNanos()),
                Words.span(now.limits().revokeWithinNanos()),
                at);
        changed(what + " back channel", budget(old.backChannel()), budget(now.backChannel()), at);
        changed(
                what + " sockets",
                old.sockets().map(SocketUse::text).orElse("none"),
                now.sockets().map(SocketUse::text).orElse("none"),
                at);
        changed(what + " size", size(old), size(now), at);
    }

    private static String declared(Flow flow) {
        return flow.forbidden().map(rule -> "forbidden by " + rule.fragment()).orElse("allowed");
    }

    private static String labels(Policy policy, Flow flow) {
        return switch (Mediation.of(policy, flow.from().index(), flow.to().index())) {
            case DOMINATES -> "allowed by labels";
            case GUARD_ACCEPTS, GUARD_RELEASES -> "allowed by a guard";
            case FORBIDDEN, OUTSIDE_BOUNDS, TWO_GUARDS -> "refused";
        };
    }

    private static String types(Policy policy, Flow flow) {
        if (!policy.types().active()) {
            return "unrestricted";
        }
        return policy.types().allows(flow.from().type(), flow.to().type(), flow.kind()) ? "allowed" : "refused";
    }

    private static String rate(Optional<Rate> rate) {
        return rate.map(r -> r.perSecond() + "/s burst " + r.burst()).orElse("none");
    }

    private static String quota(Quota quota) {
        return quota.amount() + " per " + Duration.ofNanos(quota.periodNanos());
    }

    private static String budget(Optional<BackChannel> budget) {
        return budget.map(b -> b.bitsPerSecond() + " bits/s").orElse("none");
    }

    private static String size(Flow flow) {
        return switch (flow.kind()) {
            case MEMORY, DATAGRAM, LOG -> flow.records() + " records of " + flow.recordBytes() + " bytes";
            case STREAM -> flow.capacity() + " bytes";
            case EVENT, CONSOLE, WIRE, DISK -> "none";
        };
    }
}
