package dev.cloister.cli.testgen;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.cloister.cli.text.JsonText;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.Direction;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The folder of a connectivity test: writes it, and reads its expectations back. */
public final class SuiteFolder {
    /** The expectations. */
    public static final String EXPECTED = "expected.json";

    private static final String PROBE = "probe.elf";
    private static final int TICK_MILLIS = 100;
    private static final int PAUSE_TICKS = 3;
    private static final int LEAST_TICKS = 20;
    private static final int LEAST_TICKS_PER_DOMAIN = 5;
    private static final int PATIENCE_TICKS = 300;

    private final Path folder;

    /** A folder that exists or is made when something is written. */
    public SuiteFolder(Path folder) {
        this.folder = folder;
    }

    /** Returns the probe guest: a PVH image, assembled from {@code probe.asm}. */
    public static byte[] probe() throws IOException {
        try (InputStream in = SuiteFolder.class.getResourceAsStream(PROBE)) {
            if (in == null) {
                throw new IOException("this build has no " + PROBE);
            }
            return in.readAllBytes();
        }
    }

    /**
     * Writes everything: policies, probe, lists, expectations, README.
     *
     * @param policy the file under test, which has been loaded
     * @param suite what is tried
     */
    public void write(Path policy, Suite suite) throws IOException {
        Files.createDirectories(folder.resolve("lists"));
        byte[] probe = probe();
        Files.write(folder.resolve(PROBE), probe);
        ProbePolicy.FileRef kernel = new ProbePolicy.FileRef(PROBE, sha256(probe));
        ProbePolicy documents = ProbePolicy.of(policy, folder);
        for (int i = 0; i < suite.batches().size(); i++) {
            Suite.Batch batch = suite.batches().get(i);
            Map<String, ProbePolicy.FileRef> lists = lists(suite, i);
            write(
                    folder.resolve(batch.file()),
                    documents.document(batch, suite.batches().size() == 1, kernel, lists));
        }
        Files.writeString(folder.resolve(EXPECTED), JsonText.of(json -> expected(json, suite)) + "\n");
        Files.writeString(folder.resolve("README.md"), readme(suite));
    }

    /** Reads the expectations. */
    public Suite read() throws IOException {
        return SuiteReader.read(Files.readAllBytes(folder.resolve(EXPECTED)));
    }

    /** Returns the policy of a batch. */
    public Path policy(Suite.Batch batch) {
        return folder.resolve(batch.file());
    }

    static void write(Path file, Map<String, Object> document) throws IOException {
        Files.writeString(file, JsonText.of(json -> Tree.write(json, document)) + "\n");
    }

    private Map<String, ProbePolicy.FileRef> lists(Suite suite, int batch) throws IOException {
        List<String> domains = suite.batches().get(batch).domains();
        int most = 0;
        Map<String, List<ProbeList.Question>> questions = new LinkedHashMap<>();
        for (String domain : domains) {
            List<ProbeList.Question> asked = suite.checks().stream()
                    .filter(check -> check.batch() == batch
                            && check.deed() == Check.Deed.ASK
                            && check.actor().equals(domain))
                    .map(SuiteFolder::question)
                    .toList();
            most = Math.max(most, asked.size());
            questions.put(domain, asked);
        }
        int least = LEAST_TICKS + LEAST_TICKS_PER_DOMAIN * domains.size();
        Map<String, ProbePolicy.FileRef> lists = new LinkedHashMap<>();
        for (Map.Entry<String, List<ProbeList.Question>> each : questions.entrySet()) {
            ProbeList list = new ProbeList(
                    TICK_MILLIS, least, least + most * PAUSE_TICKS + PATIENCE_TICKS, PAUSE_TICKS, each.getValue());
            String name = "lists/" + (batch + 1) + "-" + each.getKey() + ".bin";
            byte[] bytes = list.bytes();
            Files.write(folder.resolve(name), bytes);
            lists.put(each.getKey(), new ProbePolicy.FileRef(name, sha256(bytes)));
        }
        return lists;
    }

    private static ProbeList.Question question(Check check) {
        boolean out = check.actor().equals(check.from());
        return new ProbeList.Question(
                check.number(),
                FlowKind.valueOf(check.kind().toUpperCase(Locale.ROOT)),
                out ? Direction.OUT : Direction.IN,
                out ? check.to() : check.from());
    }

    private static void expected(JsonGenerator json, Suite suite) throws IOException {
        json.writeStartObject();
        json.writeStringField("policy", suite.policy());
        json.writeStringField("digest", suite.digest());
        json.writeStringField(
                "validUntil", suite.validUntil().map(Instant::toString).orElse(""));
        json.writeArrayFieldStart("batches");
        for (Suite.Batch batch : suite.batches()) {
            json.writeStartObject();
            json.writeStringField("file", batch.file());
            JsonText.strings(json, "domains", batch.domains());
            json.writeEndObject();
        }
        json.writeEndArray();
        Verdicts.coverage(json, suite.coverage());
        json.writeArrayFieldStart("checks");
        for (Check check : suite.checks()) {
            json.writeStartObject();
            Verdicts.check(json, check);
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static String readme(Suite suite) {
        List<String> lines = new ArrayList<>(List.of(
                "# Connectivity test of policy " + suite.policy(),
                "",
                "    cloister policy testgen --run .",
                "",
                "runs it on this host and exits 0 if everything is as expected, 1 if not.",
                "",
                "`expected.json` says what is tried and what the decision core says of it; `policy*.json` are the"
                        + " policy with a",
                "probe (`probe.elf`) in the place of every guest; `lists/` holds what each probe asks for. Every probe"
                        + " sends",
                "over each channel it has, and asks for those that its list names, also for what is not declared.",
                "",
                suite.coverage().text() + ". Made from the policy with digest",
                suite.digest() + "."));
        suite.coverage().untested().forEach(line -> lines.add("- not tested: " + line));
        return String.join("\n", lines) + "\n";
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
