package dev.cloister.it.harness;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** A policy in the making: one label for all, digests computed, a console for each domain. */
public final class PolicyFile {
    private final Path folder;
    private final String name;
    private final List<String> domains = new ArrayList<>();
    private final List<String> flows = new ArrayList<>();
    private String onDaemonLoss = "sever";
    private String extra = "";

    private PolicyFile(Path folder, String name) {
        this.folder = folder;
        this.name = name;
    }

    /** Begins a policy that will be written to the folder. */
    public static PolicyFile in(Path folder, String name) {
        return new PolicyFile(folder, name);
    }

    /** Adds a domain whose image is measured now. */
    public PolicyFile domain(String domain, Path image) throws IOException {
        return domain(domain, image, sha256(image));
    }

    /** Adds a domain with a digest that need not be its image's. */
    public PolicyFile domain(String domain, Path image, String digest) {
        domains.add("""
            {"id": "6c0c1f0e-0000-4000-8000-%012x", "name": "%s", "label": {"level": "public"}, "memory": "8M",
             "image": {"kernel": {"path": "%s", "sha256": "%s"}}}\
            """.formatted(domains.size() + 1, domain, folder.relativize(image), digest));
        flows.add("{\"name\": \"%s-console\", \"from\": \"%s\", \"to\": \"@console\", \"kind\": \"console\"}"
                .formatted(domain, domain));
        return this;
    }

    /** Has the last domain run without KVM. */
    public PolicyFile emulated() {
        String last = domains.removeLast();
        domains.add(last.substring(0, last.length() - 1) + ", \"engine\": \"emulated\"}");
        return this;
    }

    /** Adds the flow from the operator's terminal to a domain. */
    public PolicyFile input(String domain) {
        flows.add("{\"name\": \"%s-input\", \"from\": \"@console\", \"to\": \"%s\", \"kind\": \"console\"}"
                .formatted(domain, domain));
        return this;
    }

    /** Adds a memory flow of 64-byte records. */
    public PolicyFile memory(String flow, String from, String to) {
        flows.add(
                "{\"name\": \"%s\", \"from\": \"%s\", \"to\": \"%s\", \"kind\": \"memory\", \"recordBytes\": 64, \"records\": 64}"
                        .formatted(flow, from, to));
        return this;
    }

    /** Adds a memory flow of 64-byte records that is allowed in one window only. */
    public PolicyFile memory(String flow, String from, String to, String window) {
        flows.add("""
            {"name": "%s", "from": "%s", "to": "%s", "kind": "memory", "recordBytes": 64, "records": 64, "when": "%s"}\
            """.formatted(flow, from, to, window));
        return this;
    }

    /** Adds an event whose signals are counted, since it has a rate. */
    public PolicyFile event(String flow, String from, String to) {
        flows.add("""
            {"name": "%s", "from": "%s", "to": "%s", "kind": "event", "rate": {"perSecond": 1000, "burst": 1000}}\
            """.formatted(flow, from, to));
        return this;
    }

    /** Adds a stream with a back channel of 100 credits a second. */
    public PolicyFile backStream(String flow, String from, String to) {
        flows.add("""
            {"name": "%s", "from": "%s", "to": "%s", "kind": "stream", "capacity": "4K", "backChannel": {"bitsPerSecond": 100}}\
            """.formatted(flow, from, to));
        return this;
    }

    /** Adds a stream. */
    public PolicyFile stream(String flow, String from, String to) {
        flows.add("{\"name\": \"%s\", \"from\": \"%s\", \"to\": \"%s\", \"kind\": \"stream\", \"capacity\": \"4K\"}"
                .formatted(flow, from, to));
        return this;
    }

    /** Adds a flow of any kind; further fields each with a comma in front. */
    public PolicyFile flow(String flow, String from, String to, String kind, String more) {
        flows.add("{\"name\": \"%s\", \"from\": \"%s\", \"to\": \"%s\", \"kind\": \"%s\"%s}"
                .formatted(flow, from, to, kind, more));
        return this;
    }

    /** Says what happens to channels when the daemon is gone. */
    public PolicyFile onDaemonLoss(String what) {
        onDaemonLoss = what;
        return this;
    }

    /** Adds fields at the top, each with a comma in front. */
    public PolicyFile with(String fields) {
        extra += fields;
        return this;
    }

    /** Writes the file. */
    public Path write() throws IOException {
        return Files.writeString(folder.resolve(name + ".json"), """
            {"version": 1, "name": "%s",
             "lattice": {"levels": ["public"]},
             "domains": [
            %s],
             "host": {"console": {"label": {"level": "public"}}, "audit": {"label": {"level": "public"}}},
             "flows": [
            %s],
             "onDaemonLoss": "%s"%s}
            """.formatted(
                        name, String.join(",\n", domains), String.join(",\n", flows), onDaemonLoss, extra));
    }

    /** The SHA-256 of a file as policies write it. */
    public static String sha256(Path file) throws IOException {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
