package dev.cloister.it.isolation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.Json;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Up;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A guest tries to get out while the peer at the other end of its channels watches the memory that only the peer may write, and a
 * bystander counts. Every attempt must give what its row says; peer and bystander must notice nothing.
 */
@Timeout(900)
class IsolationTest {
    /** What a record says of violations that were only counted. */
    private static final String MORE = "( \\(and \\d+ more before it\\))?";

    private static final String PROBER = "prober    | ";
    private static final int STEP = 10;

    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    @Test
    void kernelCodeStaysInside() throws Exception {
        List<String> peer = probe("prober", KernelAttempts.all());
        assertThat(peer).filteredOn(line -> line.startsWith("peer: record")).containsExactly("peer: record f00d");
        // The stream's end is its VMM's doing; the one signal is the honest one.
        assertThat(peer)
                .filteredOn(line -> line.contains("bell"))
                .containsExactlyInAnyOrder("peer: bell talk", "peer: bell nudge");
    }

    @Test
    void userCodeStaysInside() throws Exception {
        List<String> peer = probe("user", UserAttempts.all());
        assertThat(peer)
                .filteredOn(line -> line.contains("bell") || line.contains("record"))
                .isEmpty();
    }

    /** Runs a prober to its end; returns what its peer said. */
    private static List<String> probe(String guest, List<Attempt> attempts) throws Exception {
        Cloister cloister = Cloister.fresh();
        Path folder = cloister.folder();
        Path policy = PolicyFile.in(folder, "isolation")
                .domain("prober", Guests.assemble(folder, "isolation/" + guest))
                .domain("peer", Guests.assemble(folder, "isolation/peer"))
                .domain("bystander", Guests.assemble(folder, "isolation/bystander"))
                .memory("down", "peer", "prober")
                .memory("up", "prober", "peer")
                .event("nudge", "prober", "peer")
                .event("poke", "peer", "prober")
                .stream("talk", "prober", "peer")
                .memory("private", "peer", "bystander")
                .write();
        String out;
        try (Up up = Up.start(cloister, policy)) {
            up.command().awaitOut("peer: ready");
            int ticks = ticks(up.command().out());
            for (int i = STEP; i < attempts.size(); i += STEP) {
                // Patience is for each step: where supervisor code is interpreted and others are busy all of them take
                // minutes.
                up.command().awaitOut(attempts.get(i).name() + "=");
            }
            up.command().awaitOut(guest + ": done");
            boolean signals = attempts.getLast().name().equals("bell-own");
            if (signals) {
                up.command().awaitOut("peer: bell nudge");
            }
            // Both siblings live on: one more whole look at the window, and more ticks.
            int then = ticks(up.command().out());
            assertThat(then).as("ticks of the bystander").isGreaterThan(ticks);
            up.command().awaitOut(text -> ticks(text) > then + 6, "more ticks of the bystander");
            assertThat(up.domain("prober").state()).isEqualTo("running");
            out = up.shutdown().expect(0).out();
        }
        compare(out, attempts, details(cloister));
        cloister.run("audit", "verify").expect(0);
        List<String> peer = lines(out, "peer      | ");
        assertThat(peer).noneMatch(line -> line.contains("CHANGED"));
        return peer;
    }

    private static int ticks(String out) {
        int at = out.lastIndexOf("| tick ");
        int end = at < 0 ? -1 : out.indexOf('\n', at);
        return end < 0 ? 0 : Integer.parseInt(out.substring(at + 7, end).strip());
    }

    private static List<String> lines(String out, String from) {
        return out.lines()
                .filter(line -> line.startsWith(from))
                .map(line -> line.substring(from.length()).strip())
                .toList();
    }

    private static void compare(String out, List<Attempt> attempts, List<String> violations) {
        Map<String, String> answers = new LinkedHashMap<>();
        for (String line : lines(out, PROBER)) {
            int equals = line.indexOf('=');
            if (equals > 0) {
                answers.put(line.substring(0, equals), line.substring(equals + 1));
            }
        }
        assertThat(answers.keySet())
                .as(out)
                .containsExactlyElementsOf(attempts.stream().map(Attempt::name).toList());
        List<String> wrong = new ArrayList<>();
        Iterator<String> records = violations.iterator();
        for (Attempt attempt : attempts) {
            String answer = answers.get(attempt.name());
            if (!answer.matches(attempt.shown())) {
                wrong.add(attempt.name() + " gave " + answer + "; expected " + attempt.shown());
            }
            if (!attempt.audited().isEmpty() && !found(records, attempt.audited())) {
                wrong.add(attempt.name() + ": no record " + attempt.audited() + " in its place");
            }
        }
        assertThat(wrong).as(out + "\n" + String.join("\n", violations)).isEmpty();
    }

    /** Records come in the order of the attempts; others may lie between them. */
    private static boolean found(Iterator<String> records, String pattern) {
        while (records.hasNext()) {
            if (records.next().matches(pattern + MORE)) {
                return true;
            }
        }
        return false;
    }

    private static List<String> details(Cloister cloister) throws IOException {
        return Files.readAllLines(cloister.auditLog("isolation")).stream()
                .map(Json::parse)
                .filter(record -> record.text("event").equals("violation"))
                .peek(record -> assertThat(record.text("domain")).isEqualTo("prober"))
                .map(record -> record.get("details").text("detail"))
                .toList();
    }
}
