package dev.cloister.cli.testgen;

import dev.cloister.policy.text.Canonical;
import dev.cloister.policy.text.TextException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A policy with a probe in the place of every domain's guest: labels, types, windows, conflicts, guards, flows, limits and
 * fragments as they are. Left out is what no gate reads and a test host may lack: pinned processors, much memory, schedules,
 * assertions, accepted risks. Added is, for each domain without one, a console flow for the probe to report on.
 */
final class ProbePolicy {
    private static final int LONGEST_NAME = 31;
    private static final String SUFFIX = "-probe";
    private static final List<String> NOT_READ_BY_GATES =
            List.of("$schema", "assertions", "residualRisks", "schedule", "covertLimit", "description");
    private static final List<String> DOMAIN_FIELDS = List.of("id", "name", "label", "type", "tags", "when");
    private static final String OBSERVER = "probe-observer";

    private final Map<String, Object> document;
    private final Path folder;
    private final Path out;
    private int fragments;

    private ProbePolicy(Map<String, Object> document, Path folder, Path out) {
        this.document = document;
        this.folder = folder;
        this.out = out;
    }

    /**
     * Reads a policy that a loader has accepted, and copies its fragments.
     *
     * @param policy the file
     * @param out the folder that shall hold the result and the fragments
     */
    static ProbePolicy of(Path policy, Path out) throws IOException {
        Path folder = policy.toAbsolutePath().normalize().getParent();
        ProbePolicy made = new ProbePolicy(read(policy), folder, out);
        made.rewrite();
        return made;
    }

    /**
     * Returns the document for a batch.
     *
     * @param batch the domains that run
     * @param whole whether these are all
     * @param kernel the probe
     * @param lists the lists, by domain; those that do not run need none
     */
    Map<String, Object> document(Suite.Batch batch, boolean whole, FileRef kernel, Map<String, FileRef> lists)
            throws IOException {
        Map<String, Object> result = new LinkedHashMap<>(document);
        List<Object> domains = new ArrayList<>();
        for (Object each : Tree.list(document.get("domains"))) {
            Map<String, Object> domain = new LinkedHashMap<>(Tree.map(each));
            Map<String, Object> image = new LinkedHashMap<>();
            image.put("kernel", kernel.tree());
            FileRef list = lists.get(domain.get("name"));
            if (list != null) {
                image.put("initrd", list.tree());
            }
            domain.put("image", image);
            domain.put("memory", "8M");
            if (!whole) {
                domain.put("autostart", batch.domains().contains(domain.get("name")));
            }
            domains.add(domain);
        }
        result.put("domains", domains);
        return result;
    }

    /** A file with its digest, as policies name it. */
    record FileRef(String path, String sha256) {
        private Map<String, Object> tree() {
            Map<String, Object> tree = new LinkedHashMap<>();
            tree.put("path", path);
            tree.put("sha256", sha256);
            return tree;
        }
    }

    private static Map<String, Object> read(Path file) throws IOException {
        try {
            return Tree.object(Canonical.bytes(Files.readAllBytes(file)));
        } catch (TextException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private void rewrite() throws IOException {
        NOT_READ_BY_GATES.forEach(document::remove);
        document.put("name", probeName(String.valueOf(document.get("name"))));
        List<Object> domains = new ArrayList<>();
        for (Object each : Tree.list(document.get("domains"))) {
            Map<String, Object> kept = new LinkedHashMap<>();
            for (String field : DOMAIN_FIELDS) {
                if (Tree.map(each).containsKey(field)) {
                    kept.put(field, Tree.map(each).get(field));
                }
            }
            domains.add(kept);
        }
        document.put("domains", domains);
        document.put("include", includes(document.get("include"), folder));
        if (Tree.list(document.get("include")).isEmpty()) {
            document.remove("include");
        }
        host();
    }

    private static String probeName(String name) {
        int room = LONGEST_NAME - SUFFIX.length();
        return (name.length() > room ? name.substring(0, room) : name) + SUFFIX;
    }

    /** Copies fragments, those that they include as well; returns the names of the copies. */
    private List<Object> includes(Object declared, Path from) throws IOException {
        List<Object> copies = new ArrayList<>();
        for (Object path : Tree.list(declared)) {
            Path source = from.resolve(String.valueOf(path)).normalize();
            Map<String, Object> fragment = read(source);
            String name = "fragment-" + ++fragments + ".json";
            fragment.put("include", includes(fragment.get("include"), source.getParent()));
            if (Tree.list(fragment.get("include")).isEmpty()) {
                fragment.remove("include");
            }
            fragment.remove("assertions");
            fragment.remove("covertLimit");
            SuiteFolder.write(out.resolve(name), fragment);
            copies.add(name);
        }
        return copies;
    }

    private void host() throws IOException {
        Map<String, Object> host = document.containsKey("host")
                ? new LinkedHashMap<>(Tree.map(document.get("host")))
                : new LinkedHashMap<>();
        host.remove("capacity");
        if (!host.containsKey("console")) {
            host.put("console", observer());
        }
        document.put("host", host);
        Set<String> reporting = new HashSet<>();
        List<Object> flows = new ArrayList<>(Tree.list(document.get("flows")));
        for (Object flow : flows) {
            if ("@console".equals(Tree.map(flow).get("to"))) {
                reporting.add(String.valueOf(Tree.map(flow).get("from")));
            }
        }
        for (Object each : Tree.list(document.get("domains"))) {
            String domain = String.valueOf(Tree.map(each).get("name"));
            if (!reporting.contains(domain)) {
                flows.add(report(domain, flows.size()));
            }
        }
        document.put("flows", flows);
    }

    private static Map<String, Object> report(String domain, int number) {
        Map<String, Object> flow = new LinkedHashMap<>();
        flow.put("name", "probe-report-" + number);
        flow.put("from", domain);
        flow.put("to", "@console");
        flow.put("kind", "console");
        return flow;
    }

    /** A console above everything, for policies that have none: a level of its own that dominates all others. */
    private Map<String, Object> observer() throws IOException {
        Map<String, Object> lattice = new LinkedHashMap<>(Tree.map(document.get("lattice")));
        if (lattice.get("levels") instanceof Map<?, ?> order) {
            Map<String, Object> levels = new LinkedHashMap<>(Tree.map(order));
            levels.put(OBSERVER, new ArrayList<Object>(levels.keySet()));
            lattice.put("levels", levels);
        } else {
            List<Object> levels = new ArrayList<>(Tree.list(lattice.get("levels")));
            levels.add(OBSERVER);
            lattice.put("levels", levels);
        }
        document.put("lattice", lattice);
        Map<String, Object> label = new LinkedHashMap<>();
        label.put("level", OBSERVER);
        label.put("compartments", Tree.list(lattice.get("compartments")));
        Map<String, Object> console = new LinkedHashMap<>();
        console.put("label", label);
        if (!Tree.list(document.get("types")).isEmpty()) {
            console.put("type", observerType());
        }
        return console;
    }

    private String observerType() throws IOException {
        List<Object> types = new ArrayList<>(Tree.list(document.get("types")));
        types.add(OBSERVER);
        document.put("types", types);
        Map<String, Object> rule = new LinkedHashMap<>();
        rule.put("from", "*");
        rule.put("to", OBSERVER);
        rule.put("kinds", List.of("console"));
        List<Object> rules = new ArrayList<>(Tree.list(document.get("typeRules")));
        rules.add(rule);
        document.put("typeRules", rules);
        return OBSERVER;
    }
}
