package dev.cloister.cli.policy;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.JsonText;
import dev.cloister.cli.text.Table;
import dev.cloister.policy.analysis.Finding;
import dev.cloister.policy.analysis.PolicyCheck;
import dev.cloister.policy.analysis.ScheduleSummary;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Problem;
import dev.cloister.policy.model.Schedule;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister policy schedule}. */
@Command(
        name = "schedule",
        mixinStandardHelpOptions = true,
        description = "Draws a policy's cyclic schedule and tells what is wrong with it.",
        footer = {
            "",
            "One line for each CPU of each major frame; idle time is dotted. COLUMNS sets the width.",
            "Exits 0 if the schedule is sound or there is none, 65 if not.",
            "",
            "Example:",
            "  cloister policy schedule policy.json",
        })
final class ScheduleCommand implements Callable<Integer> {
    private static final int LEAST_COLUMNS = 40;
    private static final int MOST_COLUMNS = 240;
    private static final int USUAL_COLUMNS = 80;
    private static final String ANALYSIS = "schedule";

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "FILE", description = "the policy")
    private Path file;

    @Option(names = "--json", description = "print the schedule and the findings as JSON")
    private boolean json;

    @Override
    public Integer call() throws CommandFailure {
        Policy policy = PolicyFile.load(file);
        PrintWriter out = spec.commandLine().getOut();
        List<Finding> findings = findings(policy);
        boolean sound = findings.stream().map(Finding::problem).noneMatch(Problem::isError);
        Optional<Schedule> schedule = policy.schedule();
        if (json) {
            out.println(json(schedule.map(ScheduleSummary::of), sound, findings));
        } else if (schedule.isEmpty()) {
            out.println(policy.file() + ": no schedule; the host decides who runs when");
        } else {
            text(out, policy, schedule.get(), findings);
            out.println(policy.file() + (sound ? ": the schedule is sound" : ": the schedule can't be enforced"));
        }
        return sound ? ExitCodes.OK : ExitCodes.BAD_INPUT;
    }

    private static List<Finding> findings(Policy policy) {
        return PolicyCheck.check(policy, Optional.of(LocalDate.now())).analyses().stream()
                .filter(result -> ANALYSIS.equals(result.id()))
                .flatMap(result -> result.details().stream())
                .toList();
    }

    private static void text(PrintWriter out, Policy policy, Schedule schedule, List<Finding> findings) {
        ScheduleSummary summary = ScheduleSummary.of(schedule);
        for (Schedule.MajorFrame major : schedule.majors()) {
            draw(out, major, summary.longestNanos());
            out.println();
        }
        Table table = new Table("DOMAIN", "LABEL", ">TURNS", ">TIME", ">SHARE", ">LONGEST WAIT");
        for (ScheduleSummary.Row row : summary.rows()) {
            Domain domain = row.domain();
            table.row(
                    domain.name(),
                    policy.lattice().format(domain.label()),
                    row.turns(),
                    span(row.nanos()),
                    String.format(Locale.ROOT, "%.1f%%", row.nanos() * 100.0 / summary.cycleNanos()),
                    span(row.longestWaitNanos()));
        }
        table.lines().forEach(out::println);
        out.println("One cycle takes " + span(summary.cycleNanos()) + "; shares are of one CPU.");
        out.println();
        for (Finding finding : findings) {
            FindingText.print(out, finding.problem());
            out.println();
        }
    }

    private static void draw(PrintWriter out, Schedule.MajorFrame major, long longest) {
        out.println("major frame " + major.name());
        int lead = "CPU ".length() + width(major) + 1;
        // All major frames are drawn to one scale.
        Gantt gantt = new Gantt(columns() - lead - 1, longest);
        for (Schedule.CpuPlan plan : major.cpus()) {
            out.println(String.format(Locale.ROOT, "CPU %" + width(major) + "d %s", plan.cpu(), gantt.line(plan)));
        }
        out.println(" ".repeat(lead) + gantt.ruler());
    }

    private static int width(Schedule.MajorFrame major) {
        return major.cpus().stream()
                .mapToInt(plan -> Integer.toString(plan.cpu()).length())
                .max()
                .orElse(1);
    }

    /** The terminal's width as the shell states it. */
    private static int columns() {
        String stated = System.getenv("COLUMNS");
        if (stated == null || !stated.matches("[0-9]{1,4}")) {
            return USUAL_COLUMNS;
        }
        return Math.clamp(Integer.parseInt(stated), LEAST_COLUMNS, MOST_COLUMNS);
    }

    /** A span of time such as {@code 10 ms} or {@code 2.5 s}. */
    static String span(long nanos) {
        return ScheduleSummary.span(nanos);
    }

    private static String json(Optional<ScheduleSummary> summary, boolean sound, List<Finding> findings) {
        return JsonText.of(json -> {
            json.writeStartObject();
            json.writeBooleanField("sound", sound);
            json.writeArrayFieldStart("majors");
            for (Schedule.MajorFrame major :
                    summary.map(s -> s.schedule().majors()).orElse(List.of())) {
                json.writeStartObject();
                json.writeStringField("name", major.name());
                json.writeArrayFieldStart("cpus");
                for (Schedule.CpuPlan plan : major.cpus()) {
                    json.writeStartObject();
                    json.writeNumberField("cpu", plan.cpu());
                    json.writeNumberField("nanos", plan.nanos());
                    json.writeArrayFieldStart("minors");
                    for (Schedule.MinorFrame minor : plan.minors()) {
                        json.writeStartObject();
                        if (minor.domain().isPresent()) {
                            json.writeStringField("domain", minor.domain().get().name());
                        } else {
                            json.writeBooleanField("idle", true);
                        }
                        json.writeNumberField("nanos", minor.nanos());
                        json.writeEndObject();
                    }
                    json.writeEndArray();
                    json.writeEndObject();
                }
                json.writeEndArray();
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeNumberField(
                    "cycleNanos", summary.map(ScheduleSummary::cycleNanos).orElse(0L));
            json.writeArrayFieldStart("domains");
            for (ScheduleSummary.Row row : summary.map(ScheduleSummary::rows).orElse(List.of())) {
                json.writeStartObject();
                json.writeStringField("domain", row.domain().name());
                json.writeNumberField("turns", row.turns());
                json.writeNumberField("nanos", row.nanos());
                json.writeNumberField("longestWaitNanos", row.longestWaitNanos());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeArrayFieldStart("findings");
            for (Finding finding : findings) {
                FindingText.write(json, finding);
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }
}
