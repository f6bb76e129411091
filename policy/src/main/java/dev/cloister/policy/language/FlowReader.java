package dev.cloister.policy.language;

import dev.cloister.policy.model.BackChannel;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import dev.cloister.policy.model.HostResource;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.Rate;
import dev.cloister.policy.model.SourcePosition;
import dev.cloister.policy.model.When;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads one flow: the fields that its kind has, and the endpoints that its kind may join. */
final class FlowReader {
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_.-]{0,38}");
    private static final String NAME_WORDS = "a letter, then at most 38 letters, digits, '_', '.' or '-'";
    private static final Set<String> FIELDS = Set.of(
            "name", "description", "from", "to", "kind", "recordBytes", "records", "capacity", "rate", "backChannel");
    private static final List<String> MEMORY_FIELDS = List.of("recordBytes", "records");
    private static final int MIN_RECORD = 16;
    private static final int MAX_RECORD = 1 << 20;
    private static final int RECORD_STEP = 8;
    private static final int MAX_RECORDS = 1 << 16;
    private static final int MIN_CAPACITY = 1 << 12;
    private static final int MAX_CAPACITY = 1 << 24;
    private static final int DEFAULT_CAPACITY = 1 << 16;

    private final Problems problems;
    private final Set<String> seen = new HashSet<>();

    FlowReader(Problems problems) {
        this.problems = problems;
    }

    static Fields open(Json json, Problems problems) {
        return Fields.of(json, "a flow", FIELDS, problems);
    }

    /** Reads what isn't resolved yet. Where an endpoint is missing, an error was reported and the flow is a stand-in. */
    Flow flow(
            Fields fields,
            int index,
            Optional<Endpoint> from,
            Optional<Endpoint> to,
            Optional<Rate> rate,
            String description) {
        String name = fields.text("name", NAME, NAME_WORDS);
        if (!name.isEmpty() && !seen.add(name)) {
            fields.optional("name")
                    .ifPresent(at ->
                            problems.error(FindingId.DUPLICATE, at, "two flows have one name", "each name once", ""));
        }
        FlowKind kind = fields.requiredChoice("kind", FlowKind.values(), FlowKind::jsonName);
        if (!known(fields, kind)) {
            // Nothing more can be said about the fields and ends of a kind that doesn't exist.
            kind = FlowKind.EVENT;
        } else {
            foreignFields(fields, kind);
        }
        if (known(fields, kind) && from.isPresent() && to.isPresent()) {
            ends(fields, from.get(), to.get(), kind);
        }
        return new Flow(
                index,
                name,
                from.orElse(NOWHERE),
                to.orElse(NOWHERE),
                kind,
                kind == FlowKind.MEMORY ? recordBytes(fields) : 0,
                kind == FlowKind.MEMORY ? records(fields) : 0,
                kind == FlowKind.STREAM ? capacity(fields) : 0,
                new Flow.Limits(rate, Optional.empty(), When.ALWAYS),
                fields.optional("backChannel").map(this::backChannel),
                Optional.empty(),
                description,
                fields.position());
    }

    /** Stands in where a reference dangles; never leaves the loader, since the error keeps the policy from loading. */
    private static final Endpoint NOWHERE = new HostEndpoint(
            0, "", new Label(0, 1, 0), Endpoint.NO_TYPE, new HostObject.Audit(), new SourcePosition("", 0, 0));

    private static boolean known(Fields fields, FlowKind kind) {
        return fields.optional("kind")
                .filter(json -> json instanceof Json.Text text && text.value().equals(kind.jsonName()))
                .isPresent();
    }

    private void foreignFields(Fields fields, FlowKind kind) {
        for (String field : MEMORY_FIELDS) {
            foreign(fields, field, kind, FlowKind.MEMORY);
        }
        foreign(fields, "capacity", kind, FlowKind.STREAM);
        foreign(fields, "backChannel", kind, FlowKind.STREAM);
    }

    private void foreign(Fields fields, String field, FlowKind kind, FlowKind owner) {
        if (kind != owner) {
            fields.optional(field)
                    .ifPresent(at -> problems.error(
                            FindingId.WRONG_KIND,
                            at,
                            "a flow of kind " + kind.jsonName() + " has no \"" + field + "\"",
                            "\"" + field + "\" only with kind " + owner.jsonName(),
                            "remove it"));
        }
    }

    private void ends(Fields fields, Endpoint from, Endpoint to, FlowKind kind) {
        if (from.index() == to.index()) {
            problems.error(
                    FindingId.SELF_FLOW,
                    fields.self(),
                    "the flow's receiver is its sender, " + from.name(),
                    "two different endpoints",
                    "remove it: a domain needs no permission to keep what it has");
            return;
        }
        boolean console = isHost(from, HostResource.CONSOLE) || isHost(to, HostResource.CONSOLE);
        if (isHost(to, HostResource.AUDIT)) {
            misuse(fields, "to", "nothing may write the audit stream", "@audit only as \"from\"");
        } else if (from instanceof HostEndpoint && to instanceof HostEndpoint) {
            misuse(fields, "to", "the host needs no flow to itself", "a domain at one end");
        } else if (isHost(from, HostResource.AUDIT) && kind != FlowKind.MEMORY) {
            misuse(fields, "kind", "the audit stream is a memory channel", "kind memory");
        } else if (console != (kind == FlowKind.CONSOLE)) {
            misuse(
                    fields,
                    "kind",
                    "kind console and @console belong together",
                    console ? "kind console" : "@console as \"from\" or \"to\"");
        }
    }

    private static boolean isHost(Endpoint endpoint, HostResource resource) {
        return endpoint instanceof HostEndpoint host && host.resource() == resource;
    }

    private void misuse(Fields fields, String field, String message, String expected) {
        fields.optional(field).ifPresent(at -> problems.error(FindingId.ENDPOINT_MISUSE, at, message, expected, ""));
    }

    private static int recordBytes(Fields fields) {
        long bytes = fields.size("recordBytes", MIN_RECORD, MAX_RECORD);
        if (bytes % RECORD_STEP != 0) {
            fields.outOfRange("recordBytes", "a multiple of " + RECORD_STEP + ", the record's header included");
        }
        return (int) bytes;
    }

    private static int records(Fields fields) {
        long records = fields.integer("records", 1, MAX_RECORDS);
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

    private BackChannel backChannel(Json json) {
        Fields fields = Fields.of(json, "a back channel", Set.of("bitsPerSecond"), problems);
        return new BackChannel(fields.integer("bitsPerSecond", 1, BackChannel.MAX), fields.position());
    }
}
