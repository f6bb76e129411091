package dev.cloister.it.differential;

import java.util.ArrayList;
import java.util.List;

/** Compares two results of the test kernel of IA-32e mode. */
final class LongComparison {
    private static final int STACK_POINTER = LongPlace.SAVED_GPR + 8 * 4;
    private static final int FLAGS_IN_FRAME = 16;

    private LongComparison() {}

    /** What differs, a line each, the emulator's value first. */
    static List<String> differences(SystemCase c, SystemOutcome mine, SystemOutcome their) {
        List<String> found = new ArrayList<>();
        long undefined = SystemPermitted.undefined(c);
        for (LongPlace.Field field : LongPlace.FIELDS) {
            compare(found, field, mine, their, field.name().equals("flags") ? ~undefined : -1);
        }
        for (int r = 0; r < 16; r++) {
            LongPlace.Field field =
                    new LongPlace.Field(LongPlace.REGISTERS[r], LongPlace.SAVED_GPR + 8 * r, Long.BYTES);
            compare(found, field, mine, their, -1);
        }
        long flags = flagsAt(mine);
        for (int at = 0; at < SystemPlace.WORLD_BYTES; at += 4) {
            int mask = at < SystemPlace.TSS_A && (at & 4) != 0 ? ~(SystemPermitted.ACCESSED << 8) : -1;
            if (at >= flags - 3 && at < flags + 4) {
                mask = 0;
                long own = mine.field(SystemPlace.HEADER + (int) flags, 4);
                long other = their.field(SystemPlace.HEADER + (int) flags, 4);
                if (at >= flags && ((own ^ other) & ~undefined & ~SystemPermitted.RESUME) != 0) {
                    found.add(String.format("saved flags: emulator %x, other %x", own, other));
                }
            }
            if (((mine.world(at) ^ their.world(at)) & mask) != 0) {
                found.add(String.format("world+%x: emulator %08x, other %08x", at, mine.world(at), their.world(at)));
            }
        }
        return found;
    }

    private static void compare(
            List<String> found, LongPlace.Field field, SystemOutcome mine, SystemOutcome their, long mask) {
        long own = mine.field(field.offset(), field.bytes());
        long other = their.field(field.offset(), field.bytes());
        if (((own ^ other) & mask) != 0) {
            found.add(String.format("%s: emulator %x, other %x", field.name(), own, other));
        }
    }

    /** Where in the world the flags lie that the exception saved. */
    private static long flagsAt(SystemOutcome mine) {
        int error = Image.hasErrorCode(mine.vector()) ? 8 : 0;
        long at = (mine.field(STACK_POINTER, Long.BYTES) & 0xFFF) + error + FLAGS_IN_FRAME;
        return at < SystemPlace.WORLD_BYTES - 8 ? at : -8;
    }
}
