package dev.cloister.cli.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.cli.Main;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.policy.audit.AuditEvent;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.audit.AuditListener;
import dev.cloister.policy.audit.AuditLog;
import dev.cloister.policy.audit.AuditReader;
import dev.cloister.policy.audit.AuditRecord;
import dev.cloister.policy.audit.AuditVerdict;
import dev.cloister.policy.model.AuditRule;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code cloister audit}: choice, formats and escaping, over a log of several files with hostile values in it. */
class AuditCommandsTest {
    private static final String HOSTILE = "a\u001b[2J\r\nb\\c]\"d\u202ee\u0000<é>";
    private static final Pattern SYSLOG = Pattern.compile(
            "<(1[0-9]{2})>1 ([0-9T:.Z-]+) (\\S+) cloister - ([a-zA-Z]+) ((?:\\[(?:[^\\]\\\\]|\\\\.)*\\])+) (.*)");
    private static final Pattern PARAMETER =
            Pattern.compile(" ([!-~&&[^= \\]\"]]{1,32})=\"((?:[^\"\\\\\\]]|\\\\.)*)\"");

    @TempDir
    Path directory;

    private Path log;
    private final List<AuditRecord> records = new ArrayList<>();
    private String out = "";
    private String err = "";

    @BeforeEach
    void write() throws Exception {
        log = directory.resolve("audit.log");
        Random random = new Random(7);
        AuditKind[] kinds = {AuditKind.GRANT, AuditKind.REFUSAL, AuditKind.VIOLATION, AuditKind.CHANNEL_OPEN};
        try (AuditLog writer = AuditLog.open(log, AuditListener.NONE)) {
            writer.rotation(Optional.of(new AuditRule.Rotation(6000, 0)));
            for (int i = 0; i < 120; i++) {
                AuditKind kind = kinds[random.nextInt(kinds.length)];
                AuditEvent event = AuditEvent.of(kind)
                        .withEpoch(1 + i / 60)
                        .withDomain(random.nextBoolean() ? "red" : "black")
                        .withFlow(random.nextInt(3) == 0 ? "f" + random.nextInt(3) : "")
                        .withDetail("detail", i % 10 == 0 ? HOSTILE : "plain " + i);
                writer.append(
                        kind == AuditKind.REFUSAL
                                ? event.withVerdicts(
                                        List.of(new AuditVerdict("labels", "refuse", HOSTILE + " flows up", "p:1:2")))
                                : event);
            }
        }
        try (AuditReader reader = AuditReader.open(log)) {
            for (Optional<AuditRecord> next = reader.next(); next.isPresent(); next = reader.next()) {
                records.add(next.get());
            }
        }
        assertThat(Files.exists(directory.resolve("audit.log.000003"))).isTrue();
    }

    private int run(String... words) {
        StringWriter outText = new StringWriter();
        StringWriter errText = new StringWriter();
        CommandLine line = Main.commandLine();
        line.setOut(new PrintWriter(outText, true)).setErr(new PrintWriter(errText, true));
        List<String> all = new ArrayList<>(List.of("audit"));
        all.addAll(List.of(words));
        int code = line.execute(all.toArray(String[]::new));
        out = outText.toString();
        err = errText.toString();
        return code;
    }

    private void chooses(Predicate<AuditRecord> wanted, String... options) {
        List<String> words = new ArrayList<>(List.of("query", log.toString(), "--json"));
        words.addAll(List.of(options));
        assertThat(run(words.toArray(String[]::new))).as(err).isZero();
        assertThat(out.lines())
                .as(String.join(" ", options))
                .containsExactlyElementsOf(
                        records.stream().filter(wanted).map(AuditRecord::toJson).toList());
    }

    @Test
    void queryChoosesByEveryProperty() {
        AuditRecord middle = records.get(60);
        chooses(_ -> true);
        chooses(r -> r.event().domain().equals("red"), "--domain", "red");
        chooses(r -> !r.event().domain().isEmpty(), "--domain", "red", "--domain", "black");
        chooses(r -> r.event().flow().equals("f1"), "--flow", "f1");
        chooses(r -> r.event().kind() == AuditKind.REFUSAL, "--kind", "refusal");
        chooses(r -> r.event().kind().severity().number() <= 4, "--severity", "warning");
        chooses(r -> r.seq() >= 20 && r.seq() <= 90, "--seq", "20..90");
        chooses(r -> r.seq() >= 100, "--seq", "100..");
        chooses(r -> r.seq() == 33, "--seq", "33");
        chooses(r -> !r.time().isBefore(middle.time()), "--since", middle.time().toString());
        chooses(r -> r.time().isBefore(middle.time()), "--until", middle.time().toString());
        chooses(r -> r.event().policyEpoch() == 2, "--epoch", "2");
        chooses(
                r -> r.event().kind() == AuditKind.REFUSAL && r.event().domain().equals("red"),
                "--reason",
                "FLOWS UP",
                "--domain",
                "red");
        chooses(_ -> false, "--policy", "abc");
        for (String[] wrong :
                new String[][] {{"--seq", "x"}, {"--severity", "bad"}, {"--kind", "nothing"}, {"--since", "yesterday"}
                }) {
            assertThat(run("query", log.toString(), wrong[0], wrong[1])).isEqualTo(ExitCodes.USAGE);
            assertThat(err).contains(wrong[0] + " " + wrong[1] + ": expected");
        }
    }

    @Test
    void nothingHostileReachesTheTerminal() {
        for (String[] words : new String[][] {
            {"query", log.toString()},
            {"query", log.toString(), "--wide"},
            {"query", log.toString(), "--json"},
            {"tail", log.toString(), "-n", "1000"},
            {"export", log.toString(), "--format", "syslog"},
            {"export", log.toString(), "--format", "journal"},
            {"export", log.toString()},
        }) {
            assertThat(run(words)).as(err).isZero();
            assertThat(out.replace("…", "").chars().allMatch(c -> c == '\n' || c >= ' ' && c <= '~'))
                    .as(String.join(" ", words))
                    .isTrue();
        }
    }

    @Test
    void theTableFitsEightyColumnsAndTellsOfEachRecord() {
        assertThat(run("query", log.toString())).isZero();
        assertThat(out.lines()).hasSize(records.size() + 1).allMatch(line -> line.length() <= 80);
        assertThat(run("query", log.toString(), "-n", "3")).isZero();
        assertThat(out.lines()).hasSize(4);
    }

    @Test
    void syslogLinesParseAndKeepEveryValue() {
        assertThat(run("export", log.toString(), "--format", "syslog", "--host", "h 1"))
                .isZero();
        List<String> lines = out.lines().toList();
        assertThat(lines).hasSize(records.size());
        for (int i = 0; i < lines.size(); i++) {
            AuditRecord record = records.get(i);
            Matcher line = SYSLOG.matcher(lines.get(i));
            assertThat(line.matches()).as(lines.get(i)).isTrue();
            assertThat(Integer.parseInt(line.group(1)))
                    .isEqualTo(13 * 8 + record.event().kind().severity().number());
            assertThat(line.group(3)).isEqualTo("h_1");
            assertThat(line.group(4)).isEqualTo(record.event().kind().jsonName());
            Map<String, String> parameters = new HashMap<>();
            Matcher each = PARAMETER.matcher(line.group(5));
            while (each.find()) {
                parameters.put(each.group(1), unescaped(each.group(2).replaceAll("\\\\(.)", "$1")));
            }
            assertThat(parameters)
                    .containsEntry("seq", Long.toString(record.seq()))
                    .containsEntry("hash", record.hash());
            if (record.event().details().containsKey("detail")) {
                assertThat(parameters)
                        .containsEntry("detail", record.event().details().get("detail"));
            }
        }
    }

    private static String unescaped(String text) {
        return Pattern.compile("\\\\u([0-9a-f]{4})")
                .matcher(text)
                .replaceAll(m -> Matcher.quoteReplacement(Character.toString((char) Integer.parseInt(m.group(1), 16))));
    }

    @Test
    void journalEntriesHaveOneLineForEachFieldAndTheRecordItself() {
        assertThat(run("export", log.toString(), "--format", "journal")).isZero();
        String[] entries = out.split("\n\n");
        assertThat(entries).hasSize(records.size());
        for (int i = 0; i < entries.length; i++) {
            Map<String, String> fields = new HashMap<>();
            for (String line : entries[i].split("\n")) {
                int equals = line.indexOf('=');
                assertThat(line.substring(0, equals)).matches("_{0,2}[A-Z][A-Z0-9_]{0,61}");
                assertThat(fields.put(line.substring(0, equals), line.substring(equals + 1)))
                        .isNull();
            }
            assertThat(fields)
                    .containsEntry("CLOISTER_RECORD", records.get(i).toJson())
                    .containsEntry("SYSLOG_IDENTIFIER", "cloister")
                    .containsKeys("__REALTIME_TIMESTAMP", "__MONOTONIC_TIMESTAMP", "MESSAGE", "PRIORITY");
        }
    }

    @Test
    void aSegmentAloneAndAFolderAreLogsToo() throws Exception {
        assertThat(run("verify", directory.toString())).as(out).isZero();
        assertThat(out).contains("whole: " + records.size() + " records").contains(" files, head ");
        assertThat(run("verify", directory.resolve("audit.log.000002").toString()))
                .isZero();
        assertThat(run("export", directory.resolve("audit.log.000002").toString()))
                .isZero();
        assertThat(out).isEqualTo(Files.readString(directory.resolve("audit.log.000002")));
        Path file = directory.resolve("out.jsonl");
        assertThat(run("export", log.toString(), "-o", file.toString(), "--seq", "5..50"))
                .isZero();
        assertThat(Files.readAllLines(file)).hasSize(46);
        assertThat(run("export", log.toString(), "-o", file.toString())).isEqualTo(ExitCodes.BAD_INPUT);
        Files.delete(directory.resolve("audit.log.000002"));
        assertThat(run("verify", directory.toString())).isEqualTo(ExitCodes.FOUND);
        assertThat(out).contains("NOT whole: audit.log.000003, line 1");
    }

    @Test
    void withoutAJournalItSaysSo() {
        assertThat(run("export", log.toString(), "--to-journal", "--journal-socket", "/nonexistent"))
                .isEqualTo(ExitCodes.HOST);
        assertThat(err).contains("no systemd journal listens at /nonexistent");
    }
}
