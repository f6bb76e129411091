package dev.cloister.it.differential;

import java.util.ArrayList;
import java.util.List;

/** Compares two results of the test kernel. */
final class SystemComparison {
    private static final int HANDLER_FLAGS = 14;
    private static final int CR2 = 16;

    private SystemComparison() {}

    /** What differs, a line each, the emulator's value first. */
    static List<String> differences(SystemCase c, SystemOutcome mine, SystemOutcome their) {
        List<String> found = new ArrayList<>();
        for (int n = 0; n < SystemPlace.RESULT.length; n++) {
            int mask = n == HANDLER_FLAGS ? ~SystemPermitted.undefined(c) : -1;
            if (n != CR2 && (mine.word(n) & mask) != (their.word(n) & mask)) {
                found.add(
                        String.format("%s: emulator %x, other %x", SystemPlace.RESULT[n], mine.word(n), their.word(n)));
            }
        }
        int flags = flagsAt(mine);
        int based = basedFlagsAt(mine);
        for (int at = 0; at < SystemPlace.WORLD_BYTES; at++) {
            int mask = ignored(c, at, flags) | ignored(c, at, based);
            int differing =
                    (mine.bytes()[SystemPlace.HEADER + at] ^ their.bytes()[SystemPlace.HEADER + at]) & 0xFF & ~mask;
            if (differing != 0) {
                at &= ~3;
                found.add(String.format(
                        "%s: emulator %08x, other %08x (was %08x)",
                        place(at), mine.world(at), their.world(at), before(c, at)));
                at += 3;
            }
        }
        return found;
    }

    /** Bits of a byte of the world that aren't compared: RF and undefined flags where a frame has them, accessed bits of descriptors. */
    private static int ignored(SystemCase c, int at, int flags) {
        if (at >= flags && at < flags + 4) {
            return (SystemPermitted.undefined(c) | SystemPermitted.RESUME) >>> 8 * (at - flags) & 0xFF;
        }
        return at < SystemPlace.TSS_A && (at & 7) == 5 ? SystemPermitted.ACCESSED : 0;
    }

    /** Where in the world the flags lie that the exception saved. */
    private static int flagsAt(SystemOutcome mine) {
        int ss = mine.word(9);
        int esp = mine.word(5);
        if (mine.word(15) % 2 == 0) {
            return (ss << 4) + (esp & 0xFFFF) + 4 - SystemPlace.WORLD;
        }
        int error = Image.hasErrorCode(mine.vector()) ? 4 : 0;
        boolean narrow = ss == SystemPlace.DATA_16;
        return (narrow ? esp & 0xFFFF : esp - SystemPlace.WORLD) + 8 + error;
    }

    /** The same for a stack whose base is the world's. */
    private static int basedFlagsAt(SystemOutcome mine) {
        int error = Image.hasErrorCode(mine.vector()) ? 4 : 0;
        return (mine.word(5) & 0xFFFF) + 8 + error;
    }

    private static int before(SystemCase c, int at) {
        return c.world[at] & 0xFF
                | (c.world[at + 1] & 0xFF) << 8
                | (c.world[at + 2] & 0xFF) << 16
                | c.world[at + 3] << 24;
    }

    private static String place(int at) {
        if (at < SystemPlace.LDT) {
            return String.format("gdt+%x", at);
        }
        if (at < SystemPlace.TSS_A) {
            return String.format("ldt+%x", at - SystemPlace.LDT);
        }
        if (at < SystemPlace.TSS_B) {
            return String.format("task A+%x", at - SystemPlace.TSS_A);
        }
        if (at < SystemPlace.INNER_STACK - 0x100) {
            return String.format("task B+%x", at - SystemPlace.TSS_B);
        }
        return String.format("%s+%x", at < SystemPlace.INNER_STACK ? "inner stack" : "world", at);
    }
}
