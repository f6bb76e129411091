package dev.cloister.emulator.vector;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.ExtendedState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.HandlerRegistry;

/** The string comparisons of SSE4.2: PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM (Intel SDM vol. 2, 4.1). */
final class VectorStringOps {
    private static final int WORDS = 1;
    private static final int SIGNED = 2;
    private static final int NEGATIVE = 0x10;
    private static final int MASKED = 0x20;
    /** The index form returns the highest set bit, the mask form whole elements. */
    private static final int HIGHEST = 0x40;

    private VectorStringOps() {}

    static void register(HandlerRegistry table) {
        table.put((x, i) -> compare(x, i, true, true), "pcmpestri", "vpcmpestri");
        table.put((x, i) -> compare(x, i, true, false), "pcmpestrm", "vpcmpestrm");
        table.put((x, i) -> compare(x, i, false, true), "pcmpistri", "vpcmpistri");
        table.put((x, i) -> compare(x, i, false, false), "pcmpistrm", "vpcmpistrm");
    }

    private static void compare(Execution x, Instruction i, boolean explicit, boolean index) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 0, x.a);
        VectorUnit.load(x, i, 1, x.b);
        int control = (int) i.immediate & 0xFF;
        int bits = (control & WORDS) != 0 ? 16 : 8;
        int count = 128 / bits;
        int first = explicit ? length(x, i, CpuState.RAX, count) : terminator(x.a, bits);
        int second = explicit ? length(x, i, CpuState.RDX, count) : terminator(x.b, bits);
        int matches = polarity(matches(x, control, first, second), control, second, count);
        long flags = (matches != 0 ? Flags.CF : 0)
                | (second < count ? Flags.ZF : 0)
                | (first < count ? Flags.SF : 0)
                | ((matches & 1) != 0 ? Flags.OF : 0);
        if (index) {
            x.setRegister(CpuState.RCX, 4, index(matches, control, count));
        } else {
            putMask(x, i, matches, (control & HIGHEST) != 0 ? bits : 0);
        }
        x.state.setRflags(x.state.rflags() & ~Flags.STATUS | flags);
    }

    /** The magnitude of a length register, no more than there are elements. */
    private static int length(Execution x, Instruction i, int register, int count) {
        long value = x.state.gprs()[register];
        long magnitude = Math.abs(i.wide && x.long64 ? value : (int) value);
        return magnitude < 0 || magnitude > count ? count : (int) magnitude;
    }

    private static int terminator(long[] lanes, int bits) {
        int n = 0;
        while (n < 128 / bits && Lanes.get(lanes, n, bits) != 0) {
            n++;
        }
        return n;
    }

    private static long element(long[] lanes, int n, int control) {
        int bits = (control & WORDS) != 0 ? 16 : 8;
        return (control & SIGNED) != 0 ? Lanes.getSigned(lanes, n, bits) : Lanes.get(lanes, n, bits);
    }

    /** One bit for each element of the second string, before polarity. */
    private static int matches(Execution x, int control, int first, int second) {
        int count = (control & WORDS) != 0 ? 8 : 16;
        int matches = 0;
        for (int n = 0; n < count; n++) {
            boolean match = switch (control >> 2 & 3) {
                case 0 -> n < second && isAny(x, control, first, n);
                case 1 -> n < second && isInRange(x, control, first, n);
                case 2 -> isEqual(x, control, first, second, n);
                default -> startsHere(x, control, first, second, n, count);
            };
            matches |= match ? 1 << n : 0;
        }
        return matches;
    }

    private static boolean isAny(Execution x, int control, int first, int n) {
        long value = element(x.b, n, control);
        for (int k = 0; k < first; k++) {
            if (element(x.a, k, control) == value) {
                return true;
            }
        }
        return false;
    }

    private static boolean isInRange(Execution x, int control, int first, int n) {
        long value = element(x.b, n, control);
        for (int k = 0; k + 1 < first; k += 2) {
            if (value >= element(x.a, k, control) && value <= element(x.a, k + 1, control)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isEqual(Execution x, int control, int first, int second, int n) {
        if (n >= first || n >= second) {
            return n >= first && n >= second;
        }
        return element(x.a, n, control) == element(x.b, n, control);
    }

    /** Whether the first string begins at element {@code n} of the second, as far as the register reaches. */
    private static boolean startsHere(Execution x, int control, int first, int second, int n, int count) {
        for (int k = 0; k < first && n + k < count; k++) {
            if (n + k >= second || element(x.a, k, control) != element(x.b, n + k, control)) {
                return false;
            }
        }
        return true;
    }

    private static int polarity(int matches, int control, int second, int count) {
        if ((control & NEGATIVE) == 0) {
            return matches;
        }
        int inverted = (control & MASKED) != 0 ? (1 << second) - 1 : (1 << count) - 1;
        return matches ^ inverted;
    }

    private static int index(int matches, int control, int count) {
        if (matches == 0) {
            return count;
        }
        return (control & HIGHEST) != 0
                ? 31 - Integer.numberOfLeadingZeros(matches)
                : Integer.numberOfTrailingZeros(matches);
    }

    /** XMM0 receives the bits, or with {@code bits} a whole element for each. */
    private static void putMask(Execution x, Instruction i, int matches, int bits) {
        x.r[0] = bits == 0 ? matches : 0;
        x.r[1] = 0;
        for (int n = 0; bits != 0 && n < 128 / bits; n++) {
            Lanes.put(x.r, n, bits, -(matches >> n & 1));
        }
        ExtendedState state = x.state.extended();
        state.setLane(0, 0, x.r[0]);
        state.setLane(0, 1, x.r[1]);
        if (i.vex) {
            state.setLane(0, 2, 0);
            state.setLane(0, 3, 0);
        }
    }
}
