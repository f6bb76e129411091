package dev.cloister.policy.language;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import dev.cloister.policy.model.HostResource;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Which endpoints each kind of flow may join. */
final class FlowEnds {
    private static final int SHIFT = 32;

    private FlowEnds() {}

    /** Reports ends that the kind can't join. */
    static void check(Fields fields, Endpoint from, Endpoint to, FlowKind kind) {
        if (from.index() == to.index()) {
            fields.error(
                    FindingId.SELF_FLOW,
                    fields.self(),
                    "the flow's receiver is its sender, " + from.name(),
                    "two different endpoints",
                    "remove it: a domain needs no permission to keep what it has");
        } else if (is(to, HostResource.AUDIT)) {
            misuse(fields, "to", "nothing may write the audit stream", "@audit only as \"from\"");
        } else if (is(from, HostResource.LOG)) {
            misuse(fields, "from", "nothing may read a log file", "@log only as \"to\"");
        } else if (from instanceof HostEndpoint && to instanceof HostEndpoint) {
            misuse(fields, "to", "the host needs no flow to itself", "a domain at one end");
        } else if (readOnly(to)) {
            misuse(fields, "to", to.name() + " is read-only", "a disk without \"readOnly\": true");
        } else if (!joins(kind, from, to)) {
            misuse(
                    fields,
                    "kind",
                    "kind " + kind.jsonName() + " can't lead from " + sort(from) + " to " + sort(to),
                    ends(kind));
        }
    }

    private static void misuse(Fields fields, String field, String message, String expected) {
        fields.optional(field).ifPresent(at -> fields.error(FindingId.ENDPOINT_MISUSE, at, message, expected, ""));
    }

    private static boolean joins(FlowKind kind, Endpoint from, Endpoint to) {
        boolean domains = from instanceof Domain && to instanceof Domain;
        return switch (kind) {
            case EVENT, DATAGRAM -> domains;
            case STREAM -> domains || either(HostResource.SOCKET, from, to);
            case MEMORY -> domains || is(from, HostResource.AUDIT);
            case LOG -> domains || is(from, HostResource.AUDIT) || from instanceof Domain && is(to, HostResource.LOG);
            case CONSOLE -> either(HostResource.CONSOLE, from, to) || is(to, HostResource.LOG);
            case WIRE -> domains || either(HostResource.TAP, from, to);
            case DISK -> either(HostResource.DISK, from, to);
        };
    }

    private static String ends(FlowKind kind) {
        return switch (kind) {
            case EVENT, DATAGRAM -> "two domains";
            case STREAM -> "two domains, or a domain and @socket:NAME, either way";
            case MEMORY -> "two domains, or @audit to a domain";
            case LOG -> "two domains, @audit to a domain, or a domain to @log:NAME";
            case CONSOLE -> "a domain and @console, either way, or a domain to @log:NAME";
            case WIRE -> "two domains, or a domain and @tap:NAME";
            case DISK -> "a domain and @disk:NAME, either way";
        };
    }

    private static boolean is(Endpoint endpoint, HostResource resource) {
        return endpoint instanceof HostEndpoint host && host.resource() == resource;
    }

    private static boolean either(HostResource resource, Endpoint from, Endpoint to) {
        return is(from, resource) || is(to, resource);
    }

    private static boolean readOnly(Endpoint endpoint) {
        return endpoint instanceof HostEndpoint host
                && host.object() instanceof HostObject.Disk disk
                && disk.readOnly();
    }

    private static String sort(Endpoint endpoint) {
        return endpoint instanceof Domain ? "a domain" : endpoint.name();
    }

    /** Reports wires of which only one direction is declared: an Ethernet link always has both. */
    static void wires(List<Flow> flows, List<Json> items, Fields policy) {
        Set<Long> declared = new HashSet<>();
        for (Flow flow : flows) {
            if (flow.kind() == FlowKind.WIRE) {
                declared.add(key(flow.from(), flow.to()));
            }
        }
        for (Flow flow : flows) {
            boolean known = !flow.from().name().isEmpty() && !flow.to().name().isEmpty();
            if (flow.kind() == FlowKind.WIRE && known && !declared.contains(key(flow.to(), flow.from()))) {
                policy.error(
                        FindingId.WRONG_KIND,
                        items.get(flow.index()),
                        "the wire \"" + flow.name() + "\" has one direction only",
                        "a second flow of kind wire, from " + flow.to().name() + " to "
                                + flow.from().name(),
                        "declare it: an Ethernet link always has both; use kind datagram where one is enough");
            }
        }
    }

    /** Reports flows to and from persistent memory that nobody could keep: what a guest may write it reads, and nobody sees either. */
    static void memories(List<Flow> flows, List<Json> items, Fields policy) {
        Set<Long> read = new HashSet<>();
        for (Flow flow : flows) {
            if (isMemory(flow.from())) {
                read.add(key(flow.from(), flow.to()));
            }
        }
        for (Flow flow : flows) {
            boolean writes = isMemory(flow.to());
            if (writes && !read.contains(key(flow.to(), flow.from()))) {
                policy.error(
                        FindingId.WRONG_KIND,
                        items.get(flow.index()),
                        "flow \"" + flow.name() + "\" writes persistent memory that "
                                + flow.from().name() + " can't read",
                        "a second flow of kind disk, from " + flow.to().name() + " to "
                                + flow.from().name(),
                        "declare it: memory that can be written can be read; use a disk where one is enough");
            }
            boolean limited = flow.rate().isPresent() || flow.limits().quota().isPresent();
            if (limited && (writes || isMemory(flow.from()))) {
                policy.error(
                        FindingId.WRONG_KIND,
                        items.get(flow.index()),
                        "flow \"" + flow.name() + "\" has a limit, but nobody sees how much passes persistent memory",
                        "neither \"rate\" nor \"quota\"",
                        "remove it, or use a disk");
            }
        }
    }

    private static boolean isMemory(Endpoint endpoint) {
        return endpoint instanceof HostEndpoint host
                && host.object() instanceof HostObject.Disk disk
                && disk.persistentMemory();
    }

    private static long key(Endpoint from, Endpoint to) {
        return (long) from.index() << SHIFT | to.index();
    }
}
