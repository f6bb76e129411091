package dev.cloister.cli.daemon;

import dev.cloister.cli.text.Table;
import dev.cloister.policy.protocol.ControlCodec;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A daemon's snapshot as tables that fit eighty columns. */
public final class SnapshotText {
    private SnapshotText() {}

    /** Returns the domain and flow tables, with a line of totals. */
    public static List<String> tables(Snapshot snapshot) {
        List<String> lines = new ArrayList<>();
        lines.addAll(domains(snapshot).lines());
        Table ends = ends(snapshot);
        if (!ends.isEmpty()) {
            lines.add("");
            lines.addAll(ends.lines());
        }
        lines.add("");
        if (!snapshot.flows().isEmpty()) {
            lines.addAll(flows(snapshot).lines());
            lines.add("");
        }
        lines.add(String.format(
                Locale.ROOT,
                "policy %s, up %s, %d audit records%s",
                snapshot.policy(),
                uptime(snapshot.uptimeMillis()),
                snapshot.auditRecords(),
                snapshot.granting() ? "" : ", no longer granting"));
        return lines;
    }

    /** Returns the table of domains alone. */
    static Table domains(Snapshot snapshot) {
        Table table = new Table(
                "DOMAIN", "LABEL", "STATE", "ENGINE", ">EXITS", ">EXITS/S", ">EMULATED", ">REFUSED", ">VIOL.");
        for (Snapshot.DomainView domain : snapshot.domains()) {
            table.row(
                    domain.name(),
                    domain.label(),
                    domain.exitCode() > 0 ? domain.state() + " " + domain.exitCode() : domain.state(),
                    domain.engine(),
                    domain.exits(),
                    Math.round(domain.exitsPerSecond()),
                    domain.emulatedInstructions(),
                    domain.refusals(),
                    domain.violations());
        }
        return table;
    }

    /** Returns the table of domains that have a context id, or to whose serial line somebody is attached. */
    static Table ends(Snapshot snapshot) {
        Table table = new Table("DOMAIN", ">CID", "CONSOLE");
        for (Snapshot.DomainView domain : snapshot.domains()) {
            if (domain.cid() != 0 || !domain.consoles().isEmpty()) {
                table.row(domain.name(), domain.cid() == 0 ? "-" : domain.cid(), attached(domain.consoles()));
            }
        }
        return table;
    }

    /** Who types, and how many look on. */
    private static String attached(List<Snapshot.ConsoleView> consoles) {
        List<String> words = new ArrayList<>();
        int looking = 0;
        for (Snapshot.ConsoleView console : consoles) {
            if (console.access().equals("write")) {
                words.add(console.user() + (console.pid() == 0 ? "" : " (process " + console.pid() + ")") + " types");
            } else {
                looking++;
            }
        }
        if (looking > 0) {
            words.add(looking + (looking == 1 ? " looks on" : " look on"));
        }
        return words.isEmpty() ? "-" : String.join(", ", words);
    }

    /** Returns the table of flows alone. */
    static Table flows(Snapshot snapshot) {
        Table table = new Table("FLOW", "FROM", "TO", "KIND", "STATE", ">COUNT", ">COUNT/S", ">HELD", ">BACK");
        for (Snapshot.FlowView flow : snapshot.flows()) {
            table.row(
                    flow.name(),
                    flow.from(),
                    flow.to(),
                    flow.kind(),
                    flow.state(),
                    flow.units(),
                    Math.round(flow.unitsPerSecond()),
                    flow.refused(),
                    flow.reverse());
        }
        return table;
    }

    /** Returns the table of flows with what they have used of their limits. */
    static List<String> limits(Snapshot snapshot) {
        Table table = new Table("FLOW", "STATE", ">OPENED", ">TOKENS", ">QUOTA USED", ">ENDS IN", "WHY");
        for (Snapshot.FlowView flow : snapshot.flows()) {
            Snapshot.LimitsView limits = flow.limits();
            table.row(
                    flow.name(),
                    flow.state(),
                    flow.openings(),
                    limits.tokens() < 0 ? "-" : limits.tokens() + "/" + limits.burst(),
                    limits.quota() == 0 ? "-" : limits.quotaUsed() + "/" + limits.quota(),
                    limits.quota() == 0 ? "-" : uptime(limits.quotaEndsMillis()),
                    flow.note());
        }
        return table.lines();
    }

    /** Returns a duration as people read it: {@code 4.2 s}, {@code 3 min 20 s}. */
    static String uptime(long millis) {
        if (millis < 60_000) {
            return String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
        }
        return millis / 60_000 + " min " + millis / 1000 % 60 + " s";
    }

    /** Returns the snapshot as one line of JSON: the same text that crosses the control socket. */
    public static String json(Snapshot snapshot) {
        return ControlCodec.encode(new ControlReply.State(snapshot));
    }
}
