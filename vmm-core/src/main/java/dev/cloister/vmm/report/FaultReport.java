package dev.cloister.vmm.report;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why a guest was ended, readable by a person.
 *
 * @param reason one line: what happened
 * @param vcpu the vCPU it happened on, or -1 where that is unknown
 * @param registers the registers, if they could be read
 * @param instruction the instruction at RIP in Intel syntax, or why it is unknown
 * @param codeBytes bytes at RIP in hexadecimal, empty if they could not be read
 * @param lastExits the last exits of that vCPU, oldest first
 * @param suggestion what a person can do
 * @param console the last lines that the guest printed, oldest first
 */
public record FaultReport(
        String reason,
        int vcpu,
        @Nullable RegisterDump registers,
        String instruction,
        String codeBytes,
        List<String> lastExits,
        String suggestion,
        List<String> console) {
    /** Copies the lists. */
    public FaultReport {
        lastExits = List.copyOf(lastExits);
        console = List.copyOf(console);
    }

    /** A fault that the guest told of itself, before it reset the machine. */
    public static FaultReport told(String reason, List<String> console) {
        String suggestion = "the lines that the guest printed tell its reason";
        return new FaultReport(
                reason, -1, null, "unknown: the guest reset the machine", "", List.of(), suggestion, console);
    }

    /** The same with what the guest printed. */
    public FaultReport withConsole(List<String> lines) {
        return new FaultReport(reason, vcpu, registers, instruction, codeBytes, lastExits, suggestion, lines);
    }

    /**
     * The report as lines for a terminal.
     *
     * @return text that ends with a line feed
     */
    public String text() {
        StringBuilder out = new StringBuilder(2048);
        out.append("guest fault")
                .append(vcpu < 0 ? "" : " on vCPU " + vcpu)
                .append(": ")
                .append(reason)
                .append('\n');
        out.append("  instruction  ").append(instruction).append('\n');
        if (!codeBytes.isEmpty()) {
            out.append("  bytes at rip ").append(codeBytes).append('\n');
        }
        if (registers != null) {
            registers.appendTo(out);
        }
        if (vcpu >= 0) {
            append(out, "last exits", lastExits);
        }
        if (!console.isEmpty()) {
            append(out, "last lines of the console", console);
        }
        return out.append("  what to do: ").append(suggestion).append('\n').toString();
    }

    private static void append(StringBuilder out, String what, List<String> lines) {
        out.append("  ").append(what).append(", oldest first:\n");
        for (String line : lines.isEmpty() ? List.of("none") : lines) {
            out.append("    ").append(line).append('\n');
        }
    }
}
