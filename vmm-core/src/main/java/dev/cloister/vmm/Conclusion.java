package dev.cloister.vmm;

import dev.cloister.emulator.model.CpuChoice;
import dev.cloister.vmm.board.Board;
import dev.cloister.vmm.board.RunControl;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.engine.Engine;
import dev.cloister.vmm.engine.ExitKind;
import dev.cloister.vmm.engine.VcpuBody;
import dev.cloister.vmm.report.FaultReport;
import dev.cloister.vmm.report.MachineExit;
import dev.cloister.vmm.report.ProcessFacts;
import dev.cloister.vmm.report.Report;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Draws up a machine's report, after its last vCPU thread, or in spite of one that does not end, and before its memory goes. */
final class Conclusion {
    private Conclusion() {}

    /**
     * What the report is made from.
     *
     * @param config the configuration
     * @param createdAt nanoTime of creation
     * @param firstEntryAt nanoTime of the first guest instruction, 0 if there was none
     * @param endedAt nanoTime when the last vCPU thread ended
     * @param end why it ended
     * @param whole whether all vCPU threads have ended; one that has not may own the lock of any device
     * @param engine what ran it
     * @param board its devices
     * @param violations how many there were
     * @param hostRanges guest memory in this process
     * @param notes what loader and machine want to say
     */
    @SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
    record Facts(
            MachineConfig config,
            long createdAt,
            long firstEntryAt,
            long endedAt,
            RunControl.End end,
            boolean whole,
            Engine engine,
            Board board,
            long violations,
            long[] hostRanges,
            List<String> notes) {}

    static MachineExit of(Machine machine) {
        Facts facts = machine.facts();
        RunControl.End end = facts.end();
        int code = end.outcome().exitCode(end.debugValue());
        List<String> notes = new ArrayList<>(facts.notes());
        if (facts.whole()) {
            notes.addAll(facts.board().notes());
            notes.addAll(facts.board().topUnclaimed());
        }
        long refusals = 0;
        for (VcpuBody vcpu : facts.engine().vcpus()) {
            refusals += vcpu.userRefusals();
        }
        if (refusals > 0) {
            notes.add(refusals + " instructions of user code that neither KVM nor the emulator knows raised #UD");
        }
        FaultReport fault = end.fault();
        Report report = new Report(
                facts.config().domain().name(),
                facts.engine().kind().jsonName(),
                CpuChoice.parse(facts.config().processor().model()).text(),
                end.outcome(),
                code,
                end.detail(),
                times(facts),
                exits(facts.engine().vcpus()),
                emulated(facts.engine().vcpus()),
                facts.board().unclaimed(),
                facts.violations(),
                ProcessFacts.memory(facts.hostRanges()),
                notes,
                fault == null ? null : fault.withConsole(facts.board().lastLines()));
        return new MachineExit(end.outcome(), code, report);
    }

    private static Report.Times times(Facts facts) {
        long now = System.nanoTime();
        long first = facts.firstEntryAt();
        long total = ProcessFacts.nanosSinceStart(now);
        if (first == 0) {
            return new Report.Times(-1, -1, 0, total);
        }
        return new Report.Times(
                ProcessFacts.nanosSinceStart(first), first - facts.createdAt(), facts.endedAt() - first, total);
    }

    static List<Report.Count> exits(List<? extends VcpuBody> vcpus) {
        List<Report.Count> result = new ArrayList<>();
        for (ExitKind kind : ExitKind.values()) {
            long sum = 0;
            for (VcpuBody vcpu : vcpus) {
                sum += vcpu.exitCounts()[kind.index()];
            }
            if (sum > 0) {
                result.add(new Report.Count(kind.label(), sum));
            }
        }
        result.sort(Comparator.comparingLong(Report.Count::count).reversed());
        return result;
    }

    private static Report.Emulated emulated(List<? extends VcpuBody> vcpus) {
        long total = 0;
        long exceptions = 0;
        Map<String, Long> sums = new TreeMap<>();
        for (VcpuBody vcpu : vcpus) {
            total += vcpu.emulated();
            exceptions += vcpu.exceptions();
            vcpu.emulatedByMnemonic().forEach(c -> sums.merge(c.name(), c.count(), Long::sum));
        }
        List<Report.Count> byMnemonic = new ArrayList<>();
        sums.forEach((name, count) -> byMnemonic.add(new Report.Count(name, count)));
        byMnemonic.sort(Comparator.comparingLong(Report.Count::count).reversed());
        return new Report.Emulated(total, exceptions, byMnemonic);
    }
}
