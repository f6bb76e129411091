package dev.cloister.emulator.decode;

/** Names of registers in Intel syntax. */
public final class RegisterNames {
    private static final String[] LOW = {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"};
    private static final String[] HIGH = {"ah", "ch", "dh", "bh"};
    private static final String[] WORD = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
    private static final String[] SEGMENT = {"es", "cs", "ss", "ds", "fs", "gs"};

    private RegisterNames() {}

    public static String general(int register, int size) {
        if (register == Instruction.RIP_BASE) {
            return size == 8 ? "rip" : "eip";
        }
        if (register >= 8) {
            String suffix = size == 1 ? "b" : size == 2 ? "w" : size == 4 ? "d" : "";
            return "r" + register + suffix;
        }
        return switch (size) {
            case 1 -> LOW[register];
            case 2 -> WORD[register];
            case 4 -> "e" + WORD[register];
            default -> "r" + WORD[register];
        };
    }

    public static String high(int register) {
        return HIGH[register];
    }

    public static String segment(int register) {
        return SEGMENT[register];
    }
}
