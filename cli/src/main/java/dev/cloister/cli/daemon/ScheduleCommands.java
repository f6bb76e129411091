package dev.cloister.cli.daemon;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.CommandGroup;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.Table;
import dev.cloister.policy.analysis.ScheduleSummary;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.ControlCodec;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.ScheduleView;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister schedule}: the schedule of a running policy. */
@Command(
        name = "schedule",
        mixinStandardHelpOptions = true,
        description = "Shows and switches the schedule of a running policy; cloister policy schedule draws one.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {ScheduleCommands.Show.class, ScheduleCommands.Use.class},
        footer = {"", "Examples:", "  cloister schedule show", "  cloister schedule use maintenance"})
public final class ScheduleCommands extends CommandGroup {
    private static final double NANOS_PER_MICRO = 1000;

    /** {@code cloister schedule show}. */
    @Command(
            name = "show",
            mixinStandardHelpOptions = true,
            description = "Shows which major frame runs, how domains are stopped outside their frames, and how late "
                    + "each frame began: median, 99 of 100, and the latest, in microseconds.",
            footer = {"", "Examples:", "  cloister schedule show", "  cloister schedule show --json"})
    static final class Show implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Mixin
        private DaemonOption daemon;

        @Option(names = "--json", description = "print one line of JSON for each schedule")
        private boolean json;

        @Override
        public Integer call() throws IOException {
            boolean any = false;
            for (Path socket : daemon.running()) {
                try (PolicyDaemonClient client = PolicyDaemonClient.connect(socket)) {
                    Snapshot snapshot = client.ps();
                    for (ScheduleView schedule : snapshot.schedule()) {
                        any = true;
                        print(snapshot.policy(), schedule);
                    }
                }
            }
            if (!any && !json) {
                spec.commandLine().getOut().println("no running policy has a schedule");
            }
            return ExitCodes.OK;
        }

        private void print(String policy, ScheduleView schedule) {
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                out.println(ControlCodec.json(schedule));
                return;
            }
            Table table = new Table("MAJOR", ">CPU", ">NO", "DOMAIN", ">FOR", ">STARTS", ">P50", ">P99", ">MAX");
            for (ScheduleView.FrameView frame : schedule.frames()) {
                table.row(
                        frame.major(),
                        frame.cpu(),
                        frame.index(),
                        frame.domain().isEmpty() ? "(idle)" : frame.domain(),
                        ScheduleSummary.span(frame.nanos()),
                        frame.starts(),
                        micros(frame.lateP50Nanos()),
                        micros(frame.lateP99Nanos()),
                        micros(frame.lateMaxNanos()));
            }
            table.lines().forEach(out::println);
            out.println();
            out.println("policy " + policy + ": major frame " + schedule.major()
                    + (schedule.next().equals(schedule.major()) ? "" : ", then " + schedule.next()) + "; "
                    + schedule.cycles() + " walked, " + schedule.overruns() + " spans missed");
            out.println("stopped by " + schedule.mechanism() + (schedule.enforced() ? "" : " (a VMM can undo it)")
                    + (schedule.realTime() ? ", real-time priority" : ", no real-time priority"));
            out.println("standing after a frame's end: p50 " + micros(schedule.standP50Nanos()) + ", p99 "
                    + micros(schedule.standP99Nanos()) + ", max " + micros(schedule.standMaxNanos()) + " us; "
                    + schedule.unconfirmed() + " not seen in time");
        }

        private static String micros(long nanos) {
            return String.format(Locale.ROOT, "%.0f", nanos / NANOS_PER_MICRO);
        }
    }

    /** {@code cloister schedule use}. */
    @Command(
            name = "use",
            mixinStandardHelpOptions = true,
            description = "Lets another major frame follow at the end of the one that runs.",
            footer = {"", "Example:", "  cloister schedule use maintenance"})
    static final class Use extends DaemonQuestion<ControlReply.Done> {
        @Parameters(index = "0", paramLabel = "MAJOR", description = "the major frame's name")
        private String major;

        @Override
        PolicyDaemonClient connect(DaemonOption choice) throws IOException, CommandFailure {
            return choice.connectToMajor(major);
        }

        @Override
        ControlReply.Done ask(PolicyDaemonClient client) throws IOException {
            return new ControlReply.Done(client.useMajor(major));
        }

        @Override
        String text(ControlReply.Done answer) {
            return answer.message();
        }
    }
}
