package dev.cloister.policy.language;

import dev.cloister.policy.model.Cgroup;
import dev.cloister.policy.model.CpuFeatureNames;
import dev.cloister.policy.model.CpuidModel;
import dev.cloister.policy.model.Cpus;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Lifecycle;
import dev.cloister.policy.model.Memory;
import dev.cloister.policy.model.Restart;
import dev.cloister.policy.model.UnexpectedExit;
import dev.cloister.policy.model.VirtioBus;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** Reads the domains with their resources. */
final class DomainReader {
    /** The most domains of a policy. */
    static final int MAX_DOMAINS = 10_000;

    /** One more than the highest number of a host CPU that a policy may name. */
    static final int MAX_HOST_CPUS = 4096;

    private static final Set<String> FIELDS = Set.of(
            "id",
            "name",
            "description",
            "label",
            "type",
            "tags",
            "image",
            "memory",
            "cpus",
            "cgroup",
            "engine",
            "cpuid",
            "vsock",
            "virtio",
            "when",
            "autostart",
            "onUnexpectedExit",
            "restart");
    private static final Set<String> MEMORY_FIELDS = Set.of("size", "prefault", "hugePages", "balloon");
    private static final Set<String> CPUS_FIELDS = Set.of("count", "pin", "exclusive");
    private static final Set<String> CGROUP_FIELDS = Set.of("memoryMax", "cpuMaxPercent", "pidsMax", "ioWeight");
    private static final Set<String> CPUID_FIELDS = Set.of("model", "add", "hide");
    private static final Set<String> VSOCK_FIELDS = Set.of("cid");
    private static final Set<String> RESTART_FIELDS = Set.of("when", "attempts", "within", "delay");
    private static final TextForm UUID_FORM = new TextForm(
            Pattern.compile("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"),
            "a UUID such as 6f1c0e9a-2b7d-4c55-9a63-0d2f1b8e4a10");
    private static final TextForm FEATURE =
            new TextForm(Pattern.compile("[a-z0-9_]{1,31}"), "a feature as /proc/cpuinfo spells it, such as \"avx2\"");
    private static final UUID NIL = new UUID(0, 0);
    private static final int PAGE = 4096;
    private static final int MAX_TAGS = 32;
    private static final int MAX_HIDDEN = 256;
    private static final int PERCENT = 100;
    private static final int MAX_PIDS = 1 << 22;
    private static final int MAX_IO_WEIGHT = 10_000;
    private static final int MAX_ATTEMPTS = 1000;
    private static final int DEFAULT_ATTEMPTS = 3;
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long DEFAULT_WITHIN = TimeUnit.MINUTES.toNanos(10);
    private static final long MAX_WITHIN = TimeUnit.DAYS.toNanos(366);
    private static final long MAX_DELAY = TimeUnit.DAYS.toNanos(1);

    private final LatticeReader lattice;
    private final TypeReader types;
    private final WindowReader windows;
    private final FileReader files;
    private final Names names = new Names("domain");
    private final Set<UUID> ids = new HashSet<>();
    private final Set<Long> cids = new HashSet<>();

    /** Huge pages by their names. */
    private enum HugePages {
        TWO_MIB("2M", 1L << 21),
        ONE_GIB("1G", 1L << 30);

        private final String jsonName;
        private final long bytes;

        HugePages(String jsonName, long bytes) {
            this.jsonName = jsonName;
            this.bytes = bytes;
        }

        String jsonName() {
            return jsonName;
        }
    }

    /** Processors that a guest may be shown. */
    private enum Model {
        HOST("host"),
        V1("x86-64-v1"),
        V2("x86-64-v2"),
        V3("x86-64-v3"),
        MAX("max");

        private final String jsonName;

        Model(String jsonName) {
            this.jsonName = jsonName;
        }

        String jsonName() {
            return jsonName;
        }
    }

    DomainReader(LatticeReader lattice, TypeReader types, WindowReader windows, FileReader files) {
        this.lattice = lattice;
        this.types = types;
        this.windows = windows;
        this.files = files;
    }

    /** Reads the policy's domains and makes them known. */
    List<Domain> read(Fields policy, Endpoints endpoints) {
        List<Domain> domains = new ArrayList<>();
        for (Json item : policy.items("domains", true, MAX_DOMAINS)) {
            Domain domain = domain(policy.open(item, "a domain", FIELDS), domains.size());
            domains.add(domain);
            endpoints.add(domain);
        }
        policy.optional("domains")
                .filter(json -> json instanceof Json.Arr array && array.items().isEmpty())
                .ifPresent(json -> policy.none(json, "domains"));
        return domains;
    }

    private Domain domain(Fields fields, int index) {
        String name = fields.text("name", TextForm.NAME);
        fields.optional("name").ifPresent(at -> names.add(name, at, fields.problems()));
        return new Domain(
                index,
                id(fields),
                name,
                lattice.label(fields, "label", "the label of a domain"),
                types.type(fields),
                tags(fields),
                files.image(fields),
                memory(fields),
                cpus(fields),
                fields.optional("cgroup").map(json -> cgroup(fields.open(json, "a cgroup", CGROUP_FIELDS))),
                fields.choice("engine", Engine.values(), Engine::jsonName, Engine.AUTO),
                fields.optional("vsock")
                        .map(json -> cid(fields.open(json, "a vsock", VSOCK_FIELDS)))
                        .orElse(0L),
                fields.choice("virtio", VirtioBus.values(), VirtioBus::jsonName, VirtioBus.PCI),
                fields.optional("cpuid").map(json -> cpuid(fields.open(json, "a cpuid", CPUID_FIELDS))),
                lifecycle(fields),
                fields.description(),
                fields.position());
    }

    private UUID id(Fields fields) {
        String text = fields.text("id", UUID_FORM);
        Optional<Json> at = fields.optional("id");
        if (text.isEmpty() || at.isEmpty()) {
            return NIL;
        }
        UUID id = UUID.fromString(text.toLowerCase(Locale.ROOT));
        if (id.equals(NIL)) {
            fields.error(FindingId.MALFORMED, at.get(), "the nil UUID names nobody", "a UUID that is unique", "");
        } else if (!ids.add(id)) {
            fields.error(
                    FindingId.DUPLICATE, at.get(), "two domains have one id", "each id once", "make one with uuidgen");
        }
        return id;
    }

    private static Set<String> tags(Fields fields) {
        Set<String> tags = new LinkedHashSet<>();
        for (Json item : fields.items("tags", false, MAX_TAGS)) {
            if (item instanceof Json.Text text && text.value().startsWith("#")) {
                fields.malformed(
                        item, "tags", TextForm.NAME.words(), "write it without \"#\", which only selectors have");
            } else if (!tags.add(fields.text(item, "tags", TextForm.NAME))) {
                fields.error(FindingId.DUPLICATE, item, "the domain has the tag twice", "each tag once", "");
            }
        }
        return tags;
    }

    private static Memory memory(Fields domain) {
        Optional<Json> json = domain.required("memory");
        if (json.isEmpty() || !(json.get() instanceof Json.Obj)) {
            return Memory.of(pages(domain, "memory", PAGE));
        }
        Fields fields = domain.open(json.get(), "memory", MEMORY_FIELDS);
        long hugePage = fields.optional("hugePages")
                .flatMap(at -> fields.choice(at, "hugePages", HugePages.values(), HugePages::jsonName))
                .map(pages -> pages.bytes)
                .orElse(0L);
        long bytes = pages(fields, "size", Math.max(PAGE, hugePage));
        OptionalLong balloon = fields.has("balloon")
                ? OptionalLong.of(fields.size("balloon", 0, Math.max(bytes, 0)))
                : OptionalLong.empty();
        return new Memory(bytes, fields.bool("prefault", false), hugePage, balloon);
    }

    private static long pages(Fields fields, String field, long unit) {
        long bytes = fields.size(field, Domain.MIN_MEMORY, Domain.MAX_MEMORY);
        if (bytes % unit != 0) {
            fields.outOfRange(field, "a multiple of " + unit);
        }
        return bytes;
    }

    private static Cpus cpus(Fields domain) {
        Optional<Json> json = domain.optional("cpus");
        if (json.isEmpty() || !(json.get() instanceof Json.Obj)) {
            return Cpus.of((int) domain.integer("cpus", 1, Domain.MAX_CPUS, 1));
        }
        Fields fields = domain.open(json.get(), "cpus", CPUS_FIELDS);
        Set<Integer> pin = new TreeSet<>();
        fields.optional("pin").ifPresent(list -> {
            for (Json item : fields.someItems(list, "pin", MAX_HOST_CPUS)) {
                if (!pin.add((int) fields.integer(item, "pin", 0, MAX_HOST_CPUS - 1L))) {
                    fields.error(FindingId.DUPLICATE, item, "the CPU is named twice", "each CPU once", "");
                }
            }
        });
        boolean exclusive = fields.bool("exclusive", false);
        if (exclusive && !fields.has("pin")) {
            fields.missing("pin", "\"pin\" where \"exclusive\" is true: CPUs that nobody named can't be kept free");
        }
        return new Cpus((int) fields.integer("count", 1, Domain.MAX_CPUS, 1), List.copyOf(pin), exclusive);
    }

    private static Cgroup cgroup(Fields fields) {
        return new Cgroup(
                fields.size("memoryMax", Domain.MIN_MEMORY, Domain.MAX_MEMORY, 0),
                (int) fields.integer("cpuMaxPercent", 1, (long) PERCENT * MAX_HOST_CPUS, 0),
                (int) fields.integer("pidsMax", 1, MAX_PIDS, 0),
                (int) fields.integer("ioWeight", 1, MAX_IO_WEIGHT, 0),
                fields.position());
    }

    private long cid(Fields fields) {
        long cid = fields.integer("cid", Domain.MIN_CID, Domain.MAX_CID);
        if (!cids.add(cid)) {
            fields.optional("cid")
                    .ifPresent(at -> fields.error(
                            FindingId.DUPLICATE, at, "two domains have one context id", "each context id once", ""));
        }
        return cid;
    }

    private static CpuidModel cpuid(Fields fields) {
        Model model = fields.choice("model", Model.values(), Model::jsonName, Model.HOST);
        return new CpuidModel(model.jsonName(), features(fields, "add"), features(fields, "hide"), fields.position());
    }

    private static List<String> features(Fields fields, String member) {
        Set<String> names = new LinkedHashSet<>();
        for (Json item : fields.items(member, false, MAX_HIDDEN)) {
            String name = fields.text(item, member, FEATURE);
            if (!name.isEmpty() && !CpuFeatureNames.KNOWN.contains(name)) {
                fields.malformed(item, member, "one of " + String.join(" ", CpuFeatureNames.KNOWN), "");
            } else if (!names.add(name)) {
                fields.error(FindingId.DUPLICATE, item, "the feature is named twice", "each feature once", "");
            }
        }
        names.remove("");
        return List.copyOf(names);
    }

    private Lifecycle lifecycle(Fields fields) {
        return new Lifecycle(
                fields.bool("autostart", true),
                windows.when(fields),
                fields.choice(
                        "onUnexpectedExit", UnexpectedExit.values(), UnexpectedExit::jsonName, UnexpectedExit.STOP),
                fields.optional("restart")
                        .map(json -> restart(fields.open(json, "restart", RESTART_FIELDS)))
                        .orElse(Restart.NEVER));
    }

    private static Restart restart(Fields fields) {
        Restart.Rule rule = fields.requiredChoice("when", Restart.Rule.values(), Restart.Rule::jsonName)
                .orElse(Restart.Rule.NEVER);
        return new Restart(
                rule,
                (int) fields.integer("attempts", 1, MAX_ATTEMPTS, DEFAULT_ATTEMPTS),
                fields.duration("within", SECOND, MAX_WITHIN, DEFAULT_WITHIN),
                fields.duration("delay", 0, MAX_DELAY, SECOND));
    }
}
