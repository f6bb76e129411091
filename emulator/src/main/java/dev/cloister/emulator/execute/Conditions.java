package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;

/** The sixteen conditions of Jcc, SETcc and CMOVcc (Intel SDM vol. 1, appendix B). */
public final class Conditions {
    public static final String[] NAMES = {
        "o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"
    };

    private Conditions() {}

    public static boolean holds(CpuState state, int condition) {
        boolean base = switch (condition >> 1 & 7) {
            case 0 -> state.flag(Flags.OF);
            case 1 -> state.flag(Flags.CF);
            case 2 -> state.flag(Flags.ZF);
            case 3 -> state.flag(Flags.CF | Flags.ZF);
            case 4 -> state.flag(Flags.SF);
            case 5 -> state.flag(Flags.PF);
            case 6 -> isLess(state);
            default -> isLess(state) || state.flag(Flags.ZF);
        };
        return base != ((condition & 1) != 0);
    }

    private static boolean isLess(CpuState state) {
        return state.flag(Flags.SF) != state.flag(Flags.OF);
    }
}
