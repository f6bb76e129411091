package dev.cloister.policy.reference;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Small random policies with every feature that a decision depends on: structurally right, so that the loader takes them, but not
 * always sound. Deterministic for a seed. Fragments, if any, are left in {@link #fragments()}.
 */
public final class RandomPolicies {
    static final String[] KINDS = {"memory", "event", "stream", "console", "datagram", "wire", "disk", "log"};
    private static final String[] DAYS = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    private static final String[] ZONES = {
        "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"
    };

    private final Random random;
    private final Map<String, Object> fragments = new TreeMap<>();
    private final List<String> levels = new ArrayList<>();
    private final List<String> windows = new ArrayList<>();
    private final List<String> sets = new ArrayList<>();
    private final List<String> domains = new ArrayList<>();
    private final List<String> hosts = new ArrayList<>();
    private final List<Map<String, Object>> flows = new ArrayList<>();
    private boolean typed;
    private boolean flat;

    private RandomPolicies(Random random) {
        this.random = random;
    }

    /** Returns a generator of one policy. */
    public static RandomPolicies of(Random random) {
        return new RandomPolicies(random);
    }

    /** Returns a digest of the right shape for a number. */
    static String digest(int number) {
        return String.format("%02x", number & 0xff).repeat(32);
    }

    /** Returns the fragments that the policy includes, by path; after {@link #next}. */
    public Map<String, Object> fragments() {
        return fragments;
    }

    /** Returns a policy's document. Call once. */
    public Map<String, Object> next() {
        typed = oneIn(4);
        flat = oneIn(3);
        Map<String, Object> policy = Doc.of("version", 1, "name", "random");
        Map<String, Object> lattice = lattice();
        Map<String, Object> windowed = Doc.of();
        windows(windowed, "w");
        int count = 2 + random.nextInt(5);
        for (int i = 0; i < count; i++) {
            domains.add("d" + i);
        }
        Map<String, Object> host = host();
        Map<String, Object> conflicting = Doc.of();
        conflicts(conflicting, "s");
        List<Object> domainList = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            domainList.add(domain(i));
        }
        if (random.nextInt(4) == 0) {
            policy.put("include", List.of("site.json"));
        }
        policy.put("lattice", lattice);
        if (typed) {
            policy.put("types", List.of("t0", "t1", "t2"));
            policy.put("typeRules", typeRules());
        }
        policy.putAll(windowed);
        policy.put("domains", domainList);
        policy.put("host", host);
        policy.putAll(conflicting);
        policy.put("guards", guards());
        flows();
        policy.put("flows", new ArrayList<Object>(flows));
        if (random.nextInt(3) > 0) {
            policy.put("requestRate", Doc.of("perSecond", 1 + random.nextInt(20), "burst", 1 + random.nextInt(4)));
        }
        if (policy.containsKey("include")) {
            fragments.put("site.json", fragment(policy));
        }
        return Doc.object(Doc.copy(policy));
    }

    private String any(List<String> list) {
        return list.get(random.nextInt(list.size()));
    }

    private boolean oneIn(int n) {
        return random.nextInt(n) == 0;
    }

    private Map<String, Object> lattice() {
        Object order;
        if (random.nextBoolean()) {
            levels.addAll(List.of("l0", "l1", "l2"));
            order = new ArrayList<>(levels);
        } else {
            levels.addAll(List.of("top", "low", "eu", "us"));
            order = Doc.of("top", List.of("eu", "us"), "eu", List.of("low"), "us", List.of("low"), "low", List.of());
        }
        return Doc.of("levels", order, "compartments", List.of("a", "b"));
    }

    private Map<String, Object> label() {
        if (flat) {
            return Doc.of("level", levels.getFirst(), "compartments", List.of());
        }
        List<String> compartments = switch (random.nextInt(5)) {
            case 0 -> List.of("a");
            case 1 -> List.of("b");
            case 2 -> List.of("a", "b");
            default -> List.of();
        };
        return Doc.of("level", any(levels), "compartments", compartments);
    }

    private void type(Map<String, Object> owner) {
        if (typed) {
            owner.put("type", "t" + random.nextInt(3));
        }
    }

    private List<Object> typeRules() {
        List<Object> rules = new ArrayList<>();
        for (int i = random.nextInt(4); i >= 0; i--) {
            rules.add(Doc.of("from", typeNames(), "to", typeNames(), "kinds", oneIn(2) ? "*" : someKinds()));
        }
        return rules;
    }

    private Object typeNames() {
        return switch (random.nextInt(3)) {
            case 0 -> "*";
            case 1 -> "t" + random.nextInt(3);
            default -> List.of("t0", "t" + (1 + random.nextInt(2)));
        };
    }

    private List<Object> someKinds() {
        List<Object> kinds = new ArrayList<>();
        for (String kind : KINDS) {
            if (oneIn(2)) {
                kinds.add(kind);
            }
        }
        return kinds.isEmpty() ? new ArrayList<>(List.of("event")) : kinds;
    }

    private void windows(Map<String, Object> owner, String prefix) {
        List<Object> list = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            String name = prefix + i;
            windows.add(name);
            list.add(oneIn(2) ? relative(name) : calendar(name));
        }
        if (!list.isEmpty()) {
            owner.put("windows", list);
        }
    }

    private Map<String, Object> relative(String name) {
        Map<String, Object> window = Doc.of("name", name, "after", random.nextInt(30) + (oneIn(2) ? "s" : "m"));
        if (!oneIn(4)) {
            window.put("for", 1 + random.nextInt(40) + (oneIn(2) ? "m" : "h"));
        }
        return window;
    }

    private Map<String, Object> calendar(String name) {
        Map<String, Object> window = Doc.of("name", name, "zone", ZONES[random.nextInt(ZONES.length)]);
        window.put("from", clock());
        window.put("to", clock());
        if (oneIn(2)) {
            List<Object> days = new ArrayList<>();
            for (String day : DAYS) {
                if (oneIn(2)) {
                    days.add(day);
                }
            }
            if (!days.isEmpty()) {
                window.put("days", days);
            }
        }
        if (oneIn(4)) {
            window.put("notBefore", "2026-10-2" + random.nextInt(10));
        }
        if (oneIn(4)) {
            window.put("notAfter", "2026-11-0" + (1 + random.nextInt(9)));
        }
        return window;
    }

    private String clock() {
        return String.format("%02d:%02d", random.nextInt(24), 15 * random.nextInt(4));
    }

    private void when(Map<String, Object> owner) {
        if (!windows.isEmpty() && oneIn(3)) {
            List<String> both = List.of(windows.getFirst(), windows.getLast());
            owner.put("when", oneIn(2) ? any(windows) : both.stream().distinct().toList());
        }
    }

    private Map<String, Object> domain(int i) {
        Map<String, Object> image = new LinkedHashMap<>();
        boolean kernel = !oneIn(4);
        if (kernel) {
            image.put("kernel", Doc.of("path", "k", "sha256", digest(i)));
        }
        if (!kernel || oneIn(3)) {
            image.put("firmware", Doc.of("path", "f", "sha256", digest(i + 64)));
        }
        if (kernel && oneIn(2)) {
            image.put("initrd", Doc.of("path", "i", "sha256", digest(i + 128)));
        }
        Map<String, Object> domain = Doc.of("id", "00000000-0000-4000-8000-00000000000" + (i + 1), "name", "d" + i);
        domain.put("label", label());
        domain.put("memory", "1M");
        domain.put("image", image);
        domain.put("tags", List.of("g" + i % 2));
        type(domain);
        when(domain);
        return domain;
    }

    private Map<String, Object> host() {
        Map<String, Object> host = Doc.of("audit", labelled(), "console", labelled());
        hosts.addAll(List.of("@audit", "@console"));
        if (oneIn(2)) {
            Map<String, Object> disk = labelled();
            disk.put("path", "x.img");
            boolean fixed = !oneIn(3);
            if (fixed) {
                disk.put("sha256", digest(200));
                disk.put("readOnly", true);
            }
            host.put("disks", Doc.of(fixed ? "fixed" : "x", disk));
            hosts.add(fixed ? "@disk:fixed" : "@disk:x");
        }
        if (oneIn(3)) {
            Map<String, Object> tap = labelled();
            tap.put("interface", "tap0");
            host.put("taps", Doc.of("t", tap));
            hosts.add("@tap:t");
        }
        if (oneIn(3)) {
            Map<String, Object> log = labelled();
            log.put("path", "x.log");
            log.put("maxBytes", "1M");
            host.put("logs", Doc.of("l", log));
            hosts.add("@log:l");
        }
        return host;
    }

    private Map<String, Object> labelled() {
        Map<String, Object> owner = Doc.of("label", label());
        type(owner);
        return owner;
    }

    private void conflicts(Map<String, Object> owner, String prefix) {
        List<Object> list = new ArrayList<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            boolean historic = !oneIn(3);
            List<String> free = new ArrayList<>(domains);
            hosts.stream()
                    .filter(_ -> historic)
                    .filter(name -> name.contains(":"))
                    .forEach(free::add);
            java.util.Collections.shuffle(free, random);
            List<Object> members = new ArrayList<>();
            for (int p = 0; p < 3 && !free.isEmpty(); p++) {
                int size = Math.min(free.size(), 1 + random.nextInt(2));
                List<String> party = new ArrayList<>(free.subList(0, size));
                free.subList(0, size).clear();
                members.add(size == 1 && oneIn(2) ? party.getFirst() : Doc.of("name", "p" + p, "domains", party));
            }
            if (oneIn(6)) {
                members = new ArrayList<>(List.of("#g0", "#g1"));
            }
            sets.add(prefix + i);
            list.add(Doc.of("name", prefix + i, "mode", historic ? "historic" : "concurrent", "members", members));
        }
        if (!list.isEmpty()) {
            owner.put("conflicts", list);
        }
    }

    private List<Object> guards() {
        List<Object> guards = new ArrayList<>();
        for (String domain : domains) {
            if (oneIn(3)) {
                Map<String, Object> guard = Doc.of("domain", domain, "from", label(), "to", label(), "obligation", "o");
                if (oneIn(2)) {
                    guard.put("quota", Doc.of("bytes", 1 + random.nextInt(40), "per", period()));
                }
                if (!sets.isEmpty() && oneIn(2)) {
                    guard.put("sanitizes", List.of(any(sets)));
                }
                guards.add(guard);
            }
        }
        return guards;
    }

    private String period() {
        return oneIn(2) ? 1 + random.nextInt(90) + "s" : 1 + random.nextInt(3) + "h";
    }

    private void flows() {
        int count = 1 + random.nextInt(14);
        for (int i = 0; i < count; i++) {
            switch (random.nextInt(6)) {
                case 0 -> withHost(any(hosts), any(domains));
                case 1 -> {
                    String from = any(domains);
                    String to = other(from);
                    flow(from, to, "wire");
                    flow(to, from, "wire");
                }
                default -> {
                    String from = any(domains);
                    String kind = List.of("memory", "event", "stream", "datagram", "log", "event")
                            .get(random.nextInt(6));
                    flow(from, other(from), kind);
                }
            }
        }
    }

    private String other(String domain) {
        int at = domains.indexOf(domain);
        return domains.get((at + 1 + random.nextInt(domains.size() - 1)) % domains.size());
    }

    private void withHost(String host, String domain) {
        switch (host.replaceAll(":.*", "")) {
            case "@audit" -> flow(host, domain, oneIn(2) ? "memory" : "log");
            case "@console" -> eitherWay(host, domain, "console");
            case "@log" -> flow(domain, host, "console");
            case "@disk" -> {
                if (host.equals("@disk:x")) {
                    flow(domain, host, "disk");
                }
                flow(host, domain, "disk");
            }
            default -> {
                flow(host, domain, "wire");
                flow(domain, host, "wire");
            }
        }
    }

    private void eitherWay(String host, String domain, String kind) {
        boolean out = oneIn(2);
        flow(out ? domain : host, out ? host : domain, kind);
    }

    private void flow(String from, String to, String kind) {
        Map<String, Object> flow = Doc.of("name", "f" + flows.size(), "from", from, "to", to, "kind", kind);
        if (kind.equals("memory")) {
            flow.put("recordBytes", 16);
            flow.put("records", 2);
        }
        if (oneIn(2)) {
            flow.put("rate", Doc.of("perSecond", 1 + random.nextInt(50), "burst", 1 + random.nextInt(30)));
        }
        boolean metered = !kind.equals("memory") && !kind.equals("log");
        if (metered && oneIn(3)) {
            String unit = kind.equals("event") ? "units" : "bytes";
            flow.put("quota", Doc.of(unit, 1 + random.nextInt(60), "per", period()));
        }
        when(flow);
        flows.add(flow);
    }

    /** A fragment that forbids and narrows; rates and quotas only where none stands, so that nothing is wider. */
    private Map<String, Object> fragment(Map<String, Object> policy) {
        Map<String, Object> fragment = Doc.of("version", 1, "fragment", "site");
        windows(fragment, "v");
        conflicts(fragment, "z");
        if (!oneIn(3)) {
            Map<String, Object> forbid = Doc.of("from", selector(), "to", selector(), "because", "b");
            if (oneIn(2)) {
                forbid.put("kinds", someKinds());
            }
            fragment.put("forbid", List.of(forbid));
        }
        Map<String, Object> flow = flows.get(random.nextInt(flows.size()));
        Map<String, Object> limit = Doc.of("flows", List.of(flow.get("name")));
        if (!flow.containsKey("rate")) {
            limit.put("rate", Doc.of("perSecond", 1 + random.nextInt(9), "burst", 1 + random.nextInt(9)));
        }
        if (!windows.isEmpty()) {
            limit.put("when", any(windows));
        }
        if (limit.size() > 1) {
            fragment.put("limits", List.of(limit));
        }
        if (!policy.containsKey("requestRate")) {
            fragment.put("requestRate", Doc.of("perSecond", 1 + random.nextInt(10), "burst", 1 + random.nextInt(9)));
        }
        return fragment;
    }

    private Object selector() {
        return switch (random.nextInt(3)) {
            case 0 -> "*";
            case 1 -> "#g0";
            default -> List.of(any(domains), any(hosts));
        };
    }
}
