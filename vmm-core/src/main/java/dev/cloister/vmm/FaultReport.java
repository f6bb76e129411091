package dev.cloister.vmm;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why a guest was ended, readable by a person.
 *
 * @param reason one line: what happened
 * @param vcpu the vCPU it happened on
 * @param registers the registers, if they could be read
 * @param instruction the instruction at RIP in Intel syntax, or why it is unknown
 * @param codeBytes bytes at RIP in hexadecimal, empty if they could not be read
 * @param lastExits the last exits of that vCPU, oldest first
 * @param suggestion what a person can do
 */
public record FaultReport(
        String reason,
        int vcpu,
        @Nullable RegisterDump registers,
        String instruction,
        String codeBytes,
        List<String> lastExits,
        String suggestion) {
    /** Copies the list. */
    public FaultReport {
        lastExits = List.copyOf(lastExits);
    }

    /**
     * The report as lines for a terminal.
     *
     * @return text that ends with a line feed
     */
    public String text() {
        StringBuilder out = new StringBuilder(2048);
        out.append("guest fault on vCPU ")
                .append(vcpu)
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
        out.append("  last exits, oldest first:\n");
        for (String exit : lastExits) {
            out.append("    ").append(exit).append('\n');
        }
        if (lastExits.isEmpty()) {
            out.append("    none\n");
        }
        return out.append("  what to do: ").append(suggestion).append('\n').toString();
    }
}
