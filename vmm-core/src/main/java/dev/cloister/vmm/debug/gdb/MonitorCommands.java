package dev.cloister.vmm.debug.gdb;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.linux.ErrnoException;
import dev.cloister.vmm.debug.DebugMachine;
import dev.cloister.vmm.debug.DebugTarget;
import dev.cloister.vmm.debug.GuestView;
import java.util.HexFormat;

/** What {@code monitor} offers besides GDB's own commands. */
final class MonitorCommands {
    private static final String HELP = """
        bits 16|32|64    how registers are shown from the next connection on
        gpa ADDRESS      bytes at a guest-physical address
        registers        all registers of the selected vCPU, with hidden parts
        translate ADDRESS  a linear address through the guest's page tables
        """;
    private static final int LINE = 16;
    private static final int LINES = 8;

    private final DebugMachine machine;
    private final GuestView view;

    MonitorCommands(DebugMachine machine, GuestView view) {
        this.machine = machine;
        this.view = view;
    }

    /** Runs one line; returns text for the user. */
    String run(String line, DebugTarget target) throws ErrnoException {
        String[] words = line.split("\\s+", 2);
        CpuState state = target.load();
        try {
            return switch (words[0]) {
                case "registers" -> machine.describe(state);
                case "translate" -> translate(state, address(words));
                case "gpa" -> dump(address(words));
                default -> HELP;
            };
        } catch (BadPacket e) {
            return "\"" + line + "\": expected an address in hexadecimal digits\n";
        }
    }

    private static long address(String[] words) throws BadPacket {
        String text = words.length < 2 ? "" : words[1];
        return Hex.number(text.startsWith("0x") ? text.substring(2) : text);
    }

    private String translate(CpuState state, long gva) {
        long gpa = view.translate(state, gva);
        String result = gpa == GuestView.UNMAPPED ? "not mapped" : "gpa 0x" + Long.toHexString(gpa);
        return "gva 0x" + Long.toHexString(gva) + ": " + result + "\n";
    }

    private String dump(long gpa) {
        StringBuilder text = new StringBuilder();
        byte[] bytes = new byte[LINE];
        for (int i = 0; i < LINES; i++) {
            long at = gpa + (long) LINE * i;
            if (!machine.memory().contains(at, LINE, false)) {
                return text.append("no memory at gpa 0x")
                        .append(Long.toHexString(at))
                        .append('\n')
                        .toString();
            }
            machine.memory().read(at, bytes, 0, LINE);
            text.append("0x%x: ".formatted(at))
                    .append(HexFormat.ofDelimiter(" ").formatHex(bytes))
                    .append('\n');
        }
        return text.toString();
    }
}
