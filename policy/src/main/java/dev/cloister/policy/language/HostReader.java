package dev.cloister.policy.language;

import dev.cloister.policy.model.Capacity;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import dev.cloister.policy.model.HostResource;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Reads the host's resources that flows may name, and what the host has for domains. */
final class HostReader {
    private static final Set<String> FIELDS =
            Set.of("audit", "console", "disks", "taps", "sockets", "logs", "capacity");
    private static final Set<String> PLAIN_FIELDS = Set.of("label", "type");
    private static final Set<String> DISK_FIELDS =
            Set.of("path", "sha256", "readOnly", "persistentMemory", "label", "type");
    private static final Set<String> TAP_FIELDS = Set.of("interface", "label", "type");
    private static final Set<String> SOCKET_FIELDS = Set.of("path", "label", "type");
    private static final Set<String> LOG_FIELDS = Set.of("path", "maxBytes", "label", "type");
    private static final Set<String> CAPACITY_FIELDS = Set.of("memory", "cpus", "ratePerSecond");
    private static final TextForm INTERFACE = new TextForm(
            Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9_.-]{0,14}"), "a network interface's name, 1 to 15 characters");
    private static final int MAX_EACH = 1024;
    private static final long MIN_LOG = 1L << 12;
    private static final long MAX_LOG = 1L << 40;
    private static final long MAX_MEMORY = 1L << 50;
    private static final long MAX_RATE = 1_000_000_000_000L;

    private final LatticeReader lattice;
    private final TypeReader types;
    private final FileReader files;
    private final Endpoints endpoints;
    private final Map<Object, String> owners = new HashMap<>();
    private final List<HostEndpoint> list = new ArrayList<>();
    private Optional<Capacity> capacity = Optional.empty();

    HostReader(LatticeReader lattice, TypeReader types, FileReader files, Endpoints endpoints) {
        this.lattice = lattice;
        this.types = types;
        this.files = files;
        this.endpoints = endpoints;
    }

    /** Reads the policy's host resources and makes them known. Their numbers follow those of the domains. */
    List<HostEndpoint> read(Fields policy) {
        policy.optional("host").ifPresent(json -> {
            Fields host = policy.open(json, "host", FIELDS);
            plain(host, new HostObject.Audit());
            plain(host, new HostObject.Console());
            named(host, "disks", HostResource.DISK, DISK_FIELDS, this::disk);
            named(host, "taps", HostResource.TAP, TAP_FIELDS, this::tap);
            named(host, "sockets", HostResource.SOCKET, SOCKET_FIELDS, this::socket);
            new HostSocketPaths(list, host).check();
            named(host, "logs", HostResource.LOG, LOG_FIELDS, this::log);
            capacity = host.optional("capacity").map(at -> capacity(host.open(at, "capacity", CAPACITY_FIELDS)));
        });
        return list;
    }

    /** Returns what the host has, where the policy states it; after {@link #read}. */
    Optional<Capacity> capacity() {
        return capacity;
    }

    private void plain(Fields host, HostObject object) {
        String field = object.resource().jsonName();
        host.optional(field).ifPresent(json -> add("@" + field, host.open(json, "@" + field, PLAIN_FIELDS), object));
    }

    private void add(String name, Fields fields, HostObject object) {
        HostEndpoint endpoint = new HostEndpoint(
                endpoints.domains().size() + list.size(),
                name,
                lattice.label(fields, "label", "the label of " + name),
                types.type(fields),
                object,
                fields.position());
        list.add(endpoint);
        endpoints.add(endpoint);
    }

    private void named(
            Fields host,
            String field,
            HostResource resource,
            Set<String> allowed,
            Function<Fields, HostObject> object) {
        Optional<Json> json = host.optional(field);
        if (json.isEmpty()) {
            return;
        }
        if (!(json.get() instanceof Json.Obj objects)) {
            host.wrongType(json.get(), field, "an object: name to " + resource.jsonName());
            return;
        }
        if (objects.members().size() > MAX_EACH) {
            host.outOfRange(field, "at most " + MAX_EACH);
            return;
        }
        objects.members().forEach((name, member) -> {
            String full = "@" + resource.jsonName() + ":" + name;
            if (!TextForm.NAME.matches(name)) {
                host.problems()
                        .errorAt(
                                FindingId.MALFORMED,
                                member.line(),
                                member.column(),
                                "bad name in \"" + field + "\": \"" + Problems.shorten(name) + "\"",
                                TextForm.NAME.words(),
                                "");
                return;
            }
            Fields fields = host.open(member.value(), full, allowed);
            add(full, fields, object.apply(fields));
        });
    }

    private HostObject disk(Fields fields) {
        String path = fields.text("path", TextForm.PATH);
        Path resolved = files.resolve(fields, path);
        once(fields, "path", resolved);
        Optional<String> sha256 = fields.optional("sha256").map(json -> fields.text(json, "sha256", TextForm.DIGEST));
        boolean readOnly = fields.bool("readOnly", false);
        if (sha256.isPresent() && !readOnly) {
            fields.optional("sha256")
                    .ifPresent(at -> fields.error(
                            FindingId.WRONG_KIND,
                            at,
                            "a disk that may be written has no fixed digest",
                            "\"readOnly\": true with \"sha256\"",
                            "add \"readOnly\": true, or remove the digest"));
        }
        return new HostObject.Disk(path, resolved, sha256, readOnly, fields.bool("persistentMemory", false));
    }

    private HostObject tap(Fields fields) {
        String name = fields.text("interface", INTERFACE);
        once(fields, "interface", name);
        return new HostObject.Tap(name);
    }

    private HostObject socket(Fields fields) {
        String path = fields.text("path", TextForm.PATH);
        Path resolved = files.resolve(fields, path);
        once(fields, "path", resolved);
        if (resolved.toString().getBytes(StandardCharsets.UTF_8).length > HostObject.Socket.MAX_PATH_BYTES) {
            fields.outOfRange(
                    "path",
                    "at most " + HostObject.Socket.MAX_PATH_BYTES
                            + " bytes with its folder, so that a port's number fits behind it");
        }
        return new HostObject.Socket(path, resolved);
    }

    private HostObject log(Fields fields) {
        String path = fields.text("path", TextForm.PATH);
        Path resolved = files.resolve(fields, path);
        once(fields, "path", resolved);
        return new HostObject.Log(path, resolved, fields.size("maxBytes", MIN_LOG, MAX_LOG));
    }

    /** Refuses two names for one object: information would pass between them unseen by the analyses. */
    private void once(Fields fields, String field, Object object) {
        String first = owners.putIfAbsent(object, fields.what());
        if (first != null) {
            fields.optional(field)
                    .filter(Json.Text.class::isInstance)
                    .ifPresent(at -> fields.error(
                            FindingId.DUPLICATE,
                            at,
                            fields.what() + " is the same as " + first,
                            "each object of the host under one name",
                            "use " + first + " for both"));
        }
    }

    private static Capacity capacity(Fields fields) {
        return new Capacity(
                fields.size("memory", 1, MAX_MEMORY, 0),
                (int) fields.integer("cpus", 1, DomainReader.MAX_HOST_CPUS, 0),
                fields.integer("ratePerSecond", 1, MAX_RATE, 0),
                fields.position());
    }
}
