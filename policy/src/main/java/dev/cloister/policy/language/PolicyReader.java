package dev.cloister.policy.language;

import dev.cloister.policy.model.AuditFull;
import dev.cloister.policy.model.Cpus;
import dev.cloister.policy.model.DaemonLoss;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Guard;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import dev.cloister.policy.model.HostResource;
import dev.cloister.policy.model.Image;
import dev.cloister.policy.model.ImageFile;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.Lattice;
import dev.cloister.policy.model.Lifecycle;
import dev.cloister.policy.model.Memory;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.PolicyParts;
import dev.cloister.policy.model.Rate;
import dev.cloister.policy.model.SourcePosition;
import dev.cloister.policy.model.TypeEnforcement;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;

/** Turns the document into a compiled policy, reporting whatever is wrong with its structure and references. */
final class PolicyReader {
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_.-]{0,30}");
    private static final String NAME_WORDS = "a letter, then at most 30 letters, digits, '_', '.' or '-'";
    private static final Pattern FREE_TEXT = Pattern.compile("[^\\x00-\\x1f\\x7f]{0,1000}");
    private static final String FREE_WORDS = "at most 1000 characters without control characters";
    private static final Pattern STATED = Pattern.compile("[^\\x00-\\x1f\\x7f]{1,1000}");
    private static final Pattern CMDLINE = Pattern.compile("[\\x20-\\x7e]{0,2047}");
    private static final Pattern PATH = Pattern.compile("[^\\x00-\\x1f\\x7f]{1,1000}");
    private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern UUID_TEXT =
            Pattern.compile("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}");
    private static final UUID NIL = new UUID(0, 0);
    private static final int PAGE = 4096;

    /** Each domain's VMM process may ask for this many channels per second unless the policy says otherwise. */
    private static final int DEFAULT_REQUESTS_PER_SECOND = 10;

    private static final int DEFAULT_REQUEST_BURST = 20;
    static final int MAX_DOMAINS = 10_000;
    static final int MAX_FLOWS = 200_000;

    private static final Label NO_LABEL = new Label(0, 1, 0);

    private final Problems problems;
    private final Path folder;
    private Lattice lattice = Lattice.chain(List.of(), List.of(), new SourcePosition("", 0, 0));
    private final Names levels = new Names("level");
    private final Names compartments = new Names("compartment");
    private final Names domainNames = new Names("domain");
    private final Map<UUID, Json> ids = new HashMap<>();
    private final Map<String, Endpoint> endpoints = new HashMap<>();

    /** Names of one sort with their numbers. */
    private final class Names {
        private final String sort;
        private final Map<String, Integer> numbers = new HashMap<>();

        Names(String sort) {
            this.sort = sort;
        }

        void add(String name, Json at) {
            if (!name.isEmpty() && numbers.putIfAbsent(name, numbers.size()) != null) {
                problems.error(FindingId.DUPLICATE, at, "the " + sort + " is declared twice", "each name once", "");
            }
        }

        int number(String name, Json at) {
            Integer number = numbers.get(name);
            if (number == null && !name.isEmpty()) {
                problems.error(
                        FindingId.DANGLING,
                        at,
                        "no such " + sort,
                        "a declared " + sort,
                        Suggest.nearest(name, numbers.keySet()));
            }
            return number == null ? 0 : number;
        }
    }

    PolicyReader(Problems problems, Path folder) {
        this.problems = problems;
        this.folder = folder;
    }

    Policy read(Json root, String digest) throws PolicyException {
        Fields fields = open(
                root,
                "the policy",
                "$schema",
                "version",
                "name",
                "description",
                "lattice",
                "domains",
                "host",
                "guards",
                "flows",
                "requestRate",
                "audit",
                "onDaemonLoss");
        version(fields);
        fields.text("$schema", STATED, "the address of a schema", "");
        Lattice lattice = fields.required("lattice")
                .map(this::lattice)
                .orElseGet(() -> Lattice.chain(List.of(), List.of(), fields.position()));
        List<Domain> domains = domains(fields.items("domains", true, MAX_DOMAINS), fields);
        List<HostEndpoint> host =
                fields.optional("host").map(json -> host(json, domains.size())).orElse(List.of());
        List<Guard> guards = guards(fields.items("guards", false, MAX_DOMAINS));
        List<Flow> flows = flows(fields.items("flows", true, MAX_FLOWS));
        PolicyParts.Header header = header(fields, digest);
        problems.throwIfErrors();
        return new Policy(new PolicyParts(
                header,
                lattice,
                TypeEnforcement.NONE,
                List.of(),
                List.of(),
                domains,
                host,
                guards,
                flows,
                PolicyParts.Claims.NONE,
                List.of()));
    }

    private void version(Fields fields) {
        fields.required("version").ifPresent(json -> {
            if (!(json instanceof Json.Int number)) {
                problems.error(FindingId.WRONG_TYPE, json, "\"version\" is " + json.typeName(), "the integer 1", "");
            } else if (number.value() != 1) {
                problems.error(
                        FindingId.VERSION, json, "unknown version of the policy language", "1", "use another release");
            }
        });
    }

    private PolicyParts.Header header(Fields fields, String digest) {
        Rate requestRate = fields.optional("requestRate")
                .map(json -> rate(json, "requestRate"))
                .orElseGet(() -> new Rate(DEFAULT_REQUESTS_PER_SECOND, DEFAULT_REQUEST_BURST, fields.position()));
        AuditFull full = fields.optional("audit")
                .map(json -> open(json, "audit", "onFull")
                        .choice("onFull", AuditFull.values(), AuditFull::jsonName, AuditFull.HALT))
                .orElse(AuditFull.HALT);
        return new PolicyParts.Header(
                problems.file(),
                fields.text("name", NAME, NAME_WORDS),
                description(fields),
                digest,
                fields.choice("onDaemonLoss", DaemonLoss.values(), DaemonLoss::jsonName, DaemonLoss.SEVER),
                full,
                requestRate,
                fields.position(),
                fields.optional("flows").map(problems::at).orElseGet(fields::position));
    }

    private Lattice lattice(Json json) {
        Fields fields = open(json, "the lattice", "levels", "compartments");
        List<String> levelNames = names(fields, "levels", true, levels);
        List<String> compartmentNames = names(fields, "compartments", false, compartments);
        if (levelNames.isEmpty() && fields.optional("levels").isPresent()) {
            fields.outOfRange("levels", "at least one level");
        }
        return lattice = Lattice.chain(levelNames, compartmentNames, fields.position());
    }

    private List<String> names(Fields fields, String field, boolean required, Names names) {
        List<String> list = new ArrayList<>();
        for (Json item : fields.items(field, required, Lattice.MAX_NAMES)) {
            String name = fields.text(item, field, NAME, NAME_WORDS);
            names.add(name, item);
            list.add(name);
        }
        return list;
    }

    private Label label(Fields owner, String field, String what) {
        return owner.required(field).map(json -> label(json, what)).orElse(NO_LABEL);
    }

    private Label label(Json json, String what) {
        Fields fields = open(json, "the label of " + what, "level", "compartments");
        int level = fields.required("level")
                .map(item -> levels.number(fields.text(item, "level", NAME, NAME_WORDS), item))
                .orElse(0);
        long bits = 0;
        for (Json item : fields.items("compartments", false, Lattice.MAX_NAMES)) {
            long bit = 1L << compartments.number(fields.text(item, "compartments", NAME, NAME_WORDS), item);
            if ((bits & bit) != 0) {
                problems.error(FindingId.DUPLICATE, item, "the compartment is named twice", "each name once", "");
            }
            bits |= bit;
        }
        return level < lattice.levels().size() ? lattice.label(level, bits) : NO_LABEL;
    }

    private List<Domain> domains(List<Json> items, Fields policy) {
        List<Domain> domains = new ArrayList<>();
        for (Json item : items) {
            Domain domain = domain(item, domains.size());
            domains.add(domain);
            endpoints.putIfAbsent(domain.name(), domain);
        }
        if (items.isEmpty() && policy.optional("domains").orElse(policy.self()) instanceof Json.Arr) {
            policy.outOfRange("domains", "at least one domain");
        }
        return domains;
    }

    private Domain domain(Json json, int index) {
        Fields fields =
                open(json, "a domain", "id", "name", "description", "label", "image", "memory", "cpus", "engine");
        String name = fields.text("name", NAME, NAME_WORDS);
        fields.optional("name").ifPresent(at -> domainNames.add(name, at));
        long memory = fields.size("memory", Domain.MIN_MEMORY, Domain.MAX_MEMORY);
        if (memory % PAGE != 0) {
            fields.outOfRange("memory", "a multiple of " + PAGE);
        }
        return new Domain(
                index,
                id(fields),
                name,
                label(fields, "label", "domain " + name),
                Endpoint.NO_TYPE,
                Set.of(),
                image(fields),
                Memory.of(memory),
                Cpus.of((int) fields.integer("cpus", 1, Domain.MAX_CPUS, 1)),
                Optional.empty(),
                fields.choice("engine", Engine.values(), Engine::jsonName, Engine.AUTO),
                Optional.empty(),
                Lifecycle.DEFAULT,
                description(fields),
                fields.position());
    }

    private UUID id(Fields fields) {
        String text = fields.text("id", UUID_TEXT, "a UUID such as 6f1c0e9a-2b7d-4c55-9a63-0d2f1b8e4a10");
        Optional<Json> at = fields.optional("id");
        if (text.isEmpty() || at.isEmpty()) {
            return NIL;
        }
        UUID id = UUID.fromString(text.toLowerCase(Locale.ROOT));
        if (id.equals(NIL)) {
            problems.error(FindingId.MALFORMED, at.get(), "the nil UUID names nobody", "a UUID that is unique", "");
        } else if (ids.putIfAbsent(id, at.get()) != null) {
            problems.error(FindingId.DUPLICATE, at.get(), "two domains have one id", "each id once", "");
        }
        return id;
    }

    private Image image(Fields domain) {
        Fields fields = domain.required("image")
                .map(json -> open(json, "an image", "kernel", "initrd", "cmdline"))
                .orElse(domain);
        if (fields.self() == domain.self()) {
            return new Image(Optional.of(noFile(domain)), Optional.empty(), Optional.empty(), "", domain.position());
        }
        return new Image(
                fields.required("kernel").map(json -> imageFile(json, "kernel")),
                Optional.empty(),
                fields.optional("initrd").map(json -> imageFile(json, "initrd")),
                fields.text("cmdline", CMDLINE, "at most 2047 printable ASCII characters", ""),
                fields.position());
    }

    private ImageFile noFile(Fields fields) {
        return new ImageFile("", folder, "", fields.position());
    }

    private ImageFile imageFile(Json json, String what) {
        Fields fields = open(json, what, "path", "sha256");
        String path = fields.text("path", PATH, "a path");
        String sha256 = fields.text("sha256", DIGEST, "64 lower-case hexadecimal digits, as sha256sum prints them");
        SourcePosition position = fields.optional("sha256").map(problems::at).orElseGet(fields::position);
        return new ImageFile(path, folder.resolve(path).normalize(), sha256, position);
    }

    private List<HostEndpoint> host(Json json, int firstIndex) {
        Fields fields = open(json, "host", "audit", "console");
        List<HostEndpoint> list = new ArrayList<>();
        for (HostObject object : List.of(new HostObject.Audit(), new HostObject.Console())) {
            HostResource resource = object.resource();
            String name = "@" + resource.jsonName();
            fields.optional(resource.jsonName()).ifPresent(item -> {
                Fields host = open(item, name, "label");
                Label label = label(host, "label", name);
                list.add(new HostEndpoint(
                        firstIndex + list.size(), name, label, Endpoint.NO_TYPE, object, host.position()));
            });
        }
        list.forEach(endpoint -> endpoints.put(endpoint.name(), endpoint));
        return list;
    }

    private List<Guard> guards(List<Json> items) {
        List<Guard> guards = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (Json item : items) {
            Fields fields = open(item, "a guard", "domain", "from", "to", "obligation");
            Optional<Endpoint> endpoint = endpoint(fields, "domain");
            Label from = label(fields, "from", "a guard");
            Label to = label(fields, "to", "a guard");
            String obligation = fields.text("obligation", STATED, "what the guard promises to do; " + FREE_WORDS);
            endpoint.ifPresent(found -> {
                if (!(found instanceof Domain domain)) {
                    problems.error(FindingId.ENDPOINT_MISUSE, item, "the host can't be a guard", "a domain", "");
                } else if (!seen.add(domain.name())) {
                    problems.error(
                            FindingId.DUPLICATE,
                            item,
                            "domain \"" + domain.name() + "\" is a guard twice",
                            "one guard entry per domain",
                            "split the guard into two domains, one for each direction");
                } else {
                    guards.add(new Guard(domain, from, to, obligation, Optional.empty(), 0, fields.position()));
                }
            });
        }
        return guards;
    }

    private Optional<Endpoint> endpoint(Fields fields, String field) {
        Optional<Json> json = fields.required(field);
        if (json.isEmpty()) {
            return Optional.empty();
        }
        String name = fields.text(json.get(), field, FREE_TEXT, "the name of a domain, @audit or @console");
        Endpoint found = endpoints.get(name);
        if (found == null && json.get() instanceof Json.Text) {
            problems.error(
                    FindingId.DANGLING,
                    json.get(),
                    "\"" + field + "\" names nothing that is declared",
                    "a domain of this policy, or a resource declared in \"host\"",
                    name.startsWith("@")
                            ? "declare it in \"host\" with its label"
                            : Suggest.nearest(name, endpoints.keySet()));
        }
        return Optional.ofNullable(found);
    }

    private List<Flow> flows(List<Json> items) {
        FlowReader reader = new FlowReader(problems);
        List<Flow> flows = new ArrayList<>();
        for (Json item : items) {
            Fields fields = FlowReader.open(item, problems);
            Optional<Endpoint> from = endpoint(fields, "from");
            Optional<Endpoint> to = endpoint(fields, "to");
            Flow flow = reader.flow(
                    fields,
                    flows.size(),
                    from,
                    to,
                    fields.optional("rate").map(json -> rate(json, "rate")),
                    description(fields));
            flows.add(flow);
        }
        return flows;
    }

    private Rate rate(Json json, String what) {
        Fields fields = open(json, what, "perSecond", "burst");
        long perSecond = fields.integer("perSecond", 1, Rate.MAX);
        return new Rate(perSecond, fields.integer("burst", 1, Rate.MAX), fields.position());
    }

    private static String description(Fields fields) {
        return fields.text("description", FREE_TEXT, FREE_WORDS, "");
    }

    private Fields open(Json json, String what, String... allowed) {
        return Fields.of(json, what, Set.of(allowed), problems);
    }
}
