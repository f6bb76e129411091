package dev.cloister.cli.audit;

import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.audit.Severity;
import dev.cloister.policy.audit.export.AuditFilter;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The options that choose records; each narrows the choice. */
final class FilterOptions {
    private static final Pattern RANGE = Pattern.compile("([0-9]{1,18})|([0-9]{1,18})?\\.\\.([0-9]{1,18})?");

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--domain", paramLabel = "NAME", description = "concerning a domain; may be repeated")
    private List<String> domains = List.of();

    @Option(names = "--flow", paramLabel = "NAME", description = "concerning a flow; may be repeated")
    private List<String> flows = List.of();

    @Option(
            names = "--kind",
            paramLabel = "EVENT",
            description = "of a kind, such as refusal or channelOpen; may be repeated")
    private List<String> kinds = List.of();

    @Option(
            names = "--severity",
            paramLabel = "LEVEL",
            description = "at least critical, error, warning, notice or info")
    private String severity;

    @Option(
            names = "--since",
            paramLabel = "TIME",
            description = "not before a time or day, as in 2026-01-31T08:00:00Z")
    private String since;

    @Option(names = "--until", paramLabel = "TIME", description = "before a time or day")
    private String until;

    @Option(names = "--seq", paramLabel = "N[..M]", description = "a record's number, or from N to M; either may lack")
    private String seq;

    @Option(names = "--policy", paramLabel = "DIGEST", description = "under a policy; its digest's beginning is enough")
    private String policy = "";

    @Option(names = "--epoch", paramLabel = "N", description = "under the N-th policy that was loaded")
    private Integer epoch;

    @Option(names = "--reason", paramLabel = "TEXT", description = "with a text in its reasons, rule or details")
    private String reason = "";

    AuditFilter filter() {
        long[] range = seq == null ? new long[] {1, Long.MAX_VALUE} : range();
        return new AuditFilter(
                Set.copyOf(domains),
                Set.copyOf(flows),
                kinds(),
                severity == null
                        ? Optional.empty()
                        : Optional.of(Severity.ofText(severity)
                                .orElseThrow(() ->
                                        wrong("--severity", severity, "critical, error, warning, notice or info"))),
                Optional.ofNullable(since).map(text -> time("--since", text)),
                Optional.ofNullable(until).map(text -> time("--until", text)),
                range[0],
                range[1],
                policy,
                Optional.ofNullable(epoch),
                reason);
    }

    private Set<AuditKind> kinds() {
        Set<AuditKind> all = new LinkedHashSet<>();
        for (String kind : kinds) {
            all.add(AuditKind.ofJsonName(kind)
                    .orElseThrow(() -> wrong("--kind", kind, "an event's name as docs/audit.md lists them")));
        }
        return all;
    }

    private long[] range() {
        Matcher matcher = RANGE.matcher(seq);
        if (!matcher.matches() || seq.equals("..")) {
            throw wrong("--seq", seq, "N, N..M, N.. or ..M");
        }
        if (matcher.group(1) != null) {
            long only = Long.parseLong(seq);
            return new long[] {only, only};
        }
        return new long[] {number(matcher.group(2), 1), number(matcher.group(3), Long.MAX_VALUE)};
    }

    private static long number(String digits, long absent) {
        return digits == null ? absent : Long.parseLong(digits);
    }

    private Instant time(String option, String text) {
        try {
            return text.indexOf('T') >= 0
                    ? Instant.parse(text)
                    : LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
        } catch (DateTimeException _) {
            throw wrong(option, text, "a time in UTC as in 2026-01-31T08:00:00Z, or a day as in 2026-01-31");
        }
    }

    private ParameterException wrong(String option, String value, String expected) {
        return new ParameterException(spec.commandLine(), option + " " + value + ": expected " + expected);
    }
}
