package dev.cloister.policy.language;

import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Quota;
import dev.cloister.policy.model.Rate;
import dev.cloister.policy.model.When;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Reads the flows: the fields that each kind has, and the endpoints that it may join. */
final class FlowReader {
    /** The most flows of a policy. */
    static final int MAX_FLOWS = 200_000;

    private static final Set<String> FIELDS = Set.of(
            "name",
            "description",
            "from",
            "to",
            "kind",
            "recordBytes",
            "records",
            "capacity",
            "ports",
            "answers",
            "rate",
            "quota",
            "when",
            "revokeWithin",
            "backChannel");
    private static final long SHORTEST_REVOKE = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long LONGEST_REVOKE = TimeUnit.MINUTES.toNanos(1);
    private static final int MIN_RECORD = 16;
    private static final int MAX_RECORD = 1 << 20;
    private static final int MAX_MESSAGE = 1 << 12;
    private static final int DEFAULT_MESSAGE = 1 << 10;
    private static final int DEFAULT_MESSAGES = 32;
    private static final int RECORD_STEP = 8;
    private static final int MAX_RECORDS = 1 << 16;
    private static final int MIN_CAPACITY = 1 << 12;
    private static final int MAX_CAPACITY = 1 << 24;
    private static final int DEFAULT_CAPACITY = 1 << 16;

    private final Endpoints endpoints;
    private final WindowReader windows;
    private final Set<String> seen = new HashSet<>();

    FlowReader(Endpoints endpoints, WindowReader windows) {
        this.endpoints = endpoints;
        this.windows = windows;
    }

    /** Reads the policy's flows. */
    List<Flow> read(Fields policy) {
        List<Json> items = policy.items("flows", true, MAX_FLOWS);
        List<Flow> flows = new ArrayList<>(items.size());
        for (Json item : items) {
            flows.add(flow(policy.open(item, "a flow", FIELDS), flows.size()));
        }
        FlowEnds.wires(flows, items, policy);
        FlowEnds.memories(flows, items, policy);
        new FlowSockets(flows, items, policy).join();
        return flows;
    }

    /** Reads one flow. Where an endpoint or the kind is missing, an error was reported and the flow is a stand-in. */
    private Flow flow(Fields fields, int index) {
        String name = fields.text("name", TextForm.FLOW_NAME);
        if (!name.isEmpty() && !seen.add(name)) {
            fields.optional("name")
                    .ifPresent(at ->
                            fields.error(FindingId.DUPLICATE, at, "two flows have one name", "each name once", ""));
        }
        Optional<Endpoint> from = endpoints.required(fields, "from");
        Optional<Endpoint> to = endpoints.required(fields, "to");
        Optional<FlowKind> known = fields.requiredChoice("kind", FlowKind.values(), FlowKind::jsonName);
        if (known.isPresent()) {
            foreignFields(fields, known.get());
            if (from.isPresent() && to.isPresent()) {
                FlowEnds.check(fields, from.get(), to.get(), known.get());
            }
        }
        // Nothing is said about the fields of a kind that doesn't exist; an event has none.
        FlowKind kind = known.orElse(FlowKind.EVENT);
        return new Flow(
                index,
                name,
                from.orElse(Endpoints.NOWHERE),
                to.orElse(Endpoints.NOWHERE),
                kind,
                kind.records() ? recordBytes(fields, kind) : 0,
                kind.records() ? records(fields, kind) : 0,
                kind == FlowKind.STREAM ? capacity(fields) : 0,
                limits(fields, known),
                LimitReader.backChannel(fields),
                kind == FlowKind.STREAM ? FlowSockets.read(fields) : Optional.empty(),
                Optional.empty(),
                fields.description(),
                fields.position());
    }

    private Flow.Limits limits(Fields fields, Optional<FlowKind> kind) {
        Optional<Rate> rate = LimitReader.rate(fields, "rate");
        // Nobody can keep a quota of a kind that isn't metered, in whatever it counts: the analysis of limits says so.
        Optional<LimitReader.Unit> unit = kind.filter(FlowKind::metered).map(LimitReader.Unit::of);
        Optional<Quota> quota = LimitReader.quota(fields, unit, "this kind of flow");
        When when = windows.when(fields);
        long revokeWithin = fields.duration("revokeWithin", SHORTEST_REVOKE, LONGEST_REVOKE, Flow.Limits.REVOKE_WITHIN);
        Flow.Limits limits = new Flow.Limits(rate, quota, when, revokeWithin);
        return limits.equals(Flow.Limits.NONE) ? Flow.Limits.NONE : limits;
    }

    private static void foreignFields(Fields fields, FlowKind kind) {
        if (!kind.records()) {
            foreign(fields, "recordBytes", kind, "the kinds memory, datagram, log");
            foreign(fields, "records", kind, "the kinds memory, datagram, log");
        }
        if (kind != FlowKind.STREAM) {
            foreign(fields, "capacity", kind, "kind stream");
            foreign(fields, "ports", kind, "kind stream");
            foreign(fields, "answers", kind, "kind stream");
        }
        if (!kind.inducesReverseEdge()) {
            foreign(fields, "backChannel", kind, "the kinds with a reverse edge: stream, datagram, wire, disk");
        }
    }

    private static void foreign(Fields fields, String field, FlowKind kind, String owner) {
        fields.optional(field)
                .ifPresent(at -> fields.error(
                        FindingId.WRONG_KIND,
                        at,
                        "a flow of kind " + kind.jsonName() + " has no \"" + field + "\"",
                        "\"" + field + "\" only with " + owner,
                        "remove it"));
    }

    private static int recordBytes(Fields fields, FlowKind kind) {
        long bytes = kind == FlowKind.MEMORY
                ? fields.size("recordBytes", MIN_RECORD, MAX_RECORD)
                : fields.size("recordBytes", MIN_RECORD, MAX_MESSAGE, DEFAULT_MESSAGE);
        if (bytes % RECORD_STEP != 0) {
            fields.outOfRange("recordBytes", "a multiple of " + RECORD_STEP + ", the record's header included");
        }
        return (int) bytes;
    }

    private static int records(Fields fields, FlowKind kind) {
        long records = kind == FlowKind.MEMORY
                ? fields.integer("records", 1, MAX_RECORDS)
                : fields.integer("records", 1, MAX_RECORDS, DEFAULT_MESSAGES);
        if (Long.bitCount(records) != 1) {
            fields.outOfRange("records", "a power of two");
        }
        return (int) records;
    }

    private static int capacity(Fields fields) {
        long bytes = fields.size("capacity", MIN_CAPACITY, MAX_CAPACITY, DEFAULT_CAPACITY);
        if (Long.bitCount(bytes) != 1) {
            fields.outOfRange("capacity", "a power of two");
        }
        return (int) bytes;
    }
}
