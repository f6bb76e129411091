package dev.cloister.vmm.report;

import java.util.List;

/**
 * A vCPU's registers, frozen for a report.
 *
 * @param mode the operating mode, such as {@code LONG_64}
 * @param cpl current privilege level, 0..3
 * @param general RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15, RIP, RFLAGS, in this order
 * @param segments ES, CS, SS, DS, FS, GS, LDTR, TR
 * @param tables GDTR and IDTR
 * @param control CR0, CR2, CR3, CR4, CR8, EFER
 */
public record RegisterDump(
        String mode, int cpl, List<Value> general, List<Segment> segments, List<Segment> tables, List<Value> control) {
    private static final int PER_LINE = 4;

    /** Copies the lists. */
    public RegisterDump {
        general = List.copyOf(general);
        segments = List.copyOf(segments);
        tables = List.copyOf(tables);
        control = List.copyOf(control);
    }

    /**
     * A named 64-bit register.
     *
     * @param name lower case
     * @param value the bits
     */
    public record Value(String name, long value) {}

    /**
     * A segment or descriptor table register.
     *
     * @param name lower case
     * @param selector the visible part, 0 for tables
     * @param base linear base
     * @param limit last offset, unsigned
     * @param attributes the descriptor's access bits as the emulator keeps them, 0 for tables
     */
    public record Segment(String name, int selector, long base, long limit, int attributes) {}

    /** Appends the lines that a person reads. */
    public void appendTo(StringBuilder out) {
        out.append("  mode ")
                .append(mode)
                .append(", privilege level ")
                .append(cpl)
                .append('\n');
        appendValues(out, general);
        for (Segment s : segments) {
            out.append("  %-4s sel %04x base %016x limit %08x attr %05x%n"
                    .formatted(s.name(), s.selector(), s.base(), s.limit(), s.attributes()));
        }
        for (Segment s : tables) {
            out.append("  %-4s          base %016x limit %08x%n".formatted(s.name(), s.base(), s.limit()));
        }
        appendValues(out, control);
    }

    private static void appendValues(StringBuilder out, List<Value> values) {
        for (int i = 0; i < values.size(); i++) {
            out.append(i % PER_LINE == 0 ? "  " : " ");
            out.append(
                    "%-6s %016x".formatted(values.get(i).name(), values.get(i).value()));
            if (i % PER_LINE == PER_LINE - 1 || i == values.size() - 1) {
                out.append('\n');
            }
        }
    }
}
