package dev.cloister.policy.language;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.PortRange;
import dev.cloister.policy.model.SocketUse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads which streams carry connections of AF_VSOCK, and joins those that answer to what they answer. */
final class FlowSockets {
    private static final Pattern RANGE = Pattern.compile("([0-9]{1,10})-([0-9]{1,10})");
    private static final String PORTS = "ports";
    private static final String ANSWERS = "answers";
    private static final int SHIFT = 32;

    private final List<Flow> flows;
    private final List<Json> items;
    private final Fields policy;
    private final Map<String, Flow> byName = new HashMap<>();
    private final Map<String, Flow> answerOf = new HashMap<>();
    private final Map<Long, List<Flow>> byEnds = new HashMap<>();
    /** The domain that each socket of the host leads to. */
    private final Map<Integer, Endpoint> users = new HashMap<>();

    /** The flows of a policy, with what they were read from. */
    FlowSockets(List<Flow> flows, List<Json> items, Fields policy) {
        this.flows = flows;
        this.items = items;
        this.policy = policy;
    }

    /** Reads what one stream says of itself. */
    static Optional<SocketUse> read(Fields fields) {
        boolean ports = fields.has(PORTS);
        boolean answers = fields.has(ANSWERS);
        if (ports && answers) {
            fields.optional(ANSWERS)
                    .ifPresent(at -> fields.error(
                            FindingId.WRONG_KIND,
                            at,
                            "a stream either has \"ports\" or answers another",
                            "one of both",
                            "make it two flows"));
        }
        if (ports) {
            return Optional.of(new SocketUse(ports(fields), "", false));
        }
        return answers
                ? Optional.of(new SocketUse(List.of(), fields.text(ANSWERS, TextForm.FLOW_NAME), false))
                : Optional.empty();
    }

    private static List<PortRange> ports(Fields fields) {
        List<PortRange> ranges = new ArrayList<>();
        for (Json item : fields.oneOrMore(fields.required(PORTS).orElseThrow(), PORTS, SocketUse.MAX_RANGES)) {
            range(fields, item).ifPresent(ranges::add);
        }
        return ranges;
    }

    private static Optional<PortRange> range(Fields fields, Json item) {
        if (!(item instanceof Json.Text text)) {
            long port = fields.integer(item, PORTS, 0, PortRange.MAX);
            return Optional.of(new PortRange(port, port));
        }
        Matcher matcher = RANGE.matcher(text.value());
        if (matcher.matches()) {
            long first = Long.parseLong(matcher.group(1));
            long last = Long.parseLong(matcher.group(2));
            if (first <= last && last <= PortRange.MAX) {
                return Optional.of(new PortRange(first, last));
            }
        }
        fields.malformed(item, PORTS, "a port, or a range such as \"1000-1009\", from 0 to " + PortRange.MAX, "");
        return Optional.empty();
    }

    /** Reports what doesn't fit together, and tells each flow that is answered. */
    void join() {
        flows.forEach(flow -> byName.putIfAbsent(flow.name(), flow));
        for (Flow flow : List.copyOf(flows)) {
            host(flow);
            flow.sockets().ifPresent(use -> {
                device(flow, flow.from());
                device(flow, flow.to());
                if (use.answers().isEmpty()) {
                    distinct(flow, use);
                } else {
                    answer(flow, use.answers());
                }
            });
        }
    }

    /** A socket of the host has no ring, and what programs ask for there is a port: of one domain. */
    private void host(Flow flow) {
        boolean sends = flow.from() instanceof HostEndpoint;
        Endpoint end = sends ? flow.from() : flow.to();
        if (flow.kind() != FlowKind.STREAM || !(end instanceof HostEndpoint socket)) {
            return;
        }
        if (flow.sockets().isEmpty()) {
            error(
                    FindingId.WRONG_KIND,
                    flow,
                    "the stream \"" + flow.name() + "\" at " + socket.name() + " carries no connections",
                    "\"ports\", or \"answers\" with the name of a flow in the other direction");
        }
        Endpoint domain = sends ? flow.to() : flow.from();
        Endpoint first = users.putIfAbsent(socket.index(), domain);
        if (first != null && first.index() != domain.index()) {
            error(
                    FindingId.ENDPOINT_MISUSE,
                    flow,
                    socket.name() + " leads to " + first.name() + " and to " + domain.name(),
                    "a socket for each domain: programs name a port and no domain");
        }
    }

    private void device(Flow flow, Endpoint end) {
        if (end instanceof Domain domain && domain.cid() == 0) {
            error(
                    FindingId.ENDPOINT_MISUSE,
                    flow,
                    "the stream \"" + flow.name() + "\" carries connections of domain \"" + domain.name()
                            + "\", which has no socket device",
                    "\"vsock\": {\"cid\": N} in the domain");
        }
    }

    private void distinct(Flow flow, SocketUse use) {
        long ends = (long) flow.from().index() << SHIFT | flow.to().index();
        List<Flow> others = byEnds.computeIfAbsent(ends, _ -> new ArrayList<>());
        for (Flow other : others) {
            boolean both = other.sockets().orElseThrow().ports().stream()
                    .anyMatch(range -> use.ports().stream().anyMatch(range::overlaps));
            if (both) {
                error(
                        FindingId.DUPLICATE,
                        flow,
                        "the streams \"" + other.name() + "\" and \"" + flow.name() + "\" lead to the same port",
                        "each port of a receiver in one flow of a sender");
            }
        }
        others.add(flow);
    }

    private void answer(Flow flow, String name) {
        Flow asked = byName.get(name);
        if (asked == null) {
            error(
                    FindingId.DANGLING,
                    flow,
                    "the stream \"" + flow.name() + "\" answers \"" + name + "\", which is no flow",
                    "a flow with \"ports\" in the other direction");
            return;
        }
        boolean fits = asked.from().index() == flow.to().index()
                && asked.to().index() == flow.from().index()
                && asked.sockets().filter(use -> use.answers().isEmpty()).isPresent();
        if (!fits) {
            error(
                    FindingId.WRONG_KIND,
                    flow,
                    "the stream \"" + flow.name() + "\" can't answer \"" + name + "\"",
                    "a stream with \"ports\" from " + flow.to().name() + " to "
                            + flow.from().name());
        } else if (answerOf.putIfAbsent(name, flow) != null) {
            error(FindingId.DUPLICATE, flow, "two streams answer \"" + name + "\"", "one answer for a flow");
        } else {
            flows.set(
                    asked.index(),
                    asked.withSockets(asked.sockets().orElseThrow().withAnswer()));
        }
    }

    private void error(FindingId id, Flow flow, String message, String expected) {
        policy.error(id, items.get(flow.index()), message, expected, "");
    }
}
