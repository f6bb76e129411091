package dev.cloister.vmm.debug.gdb;

import dev.cloister.emulator.cpu.CpuState;
import java.util.List;

/** The x87's environment as GDB knows it: every part 32 bits wide, the tag word with two bits for each register. */
final class X87Environment {
    private static final int CONTROL = 0;
    private static final int STATUS = 2;
    private static final int TAGS = 4;
    private static final int OPCODE = 6;
    private static final int CODE_OFFSET = 8;
    private static final int CODE_SEGMENT = 12;
    private static final int DATA_OFFSET = 16;
    private static final int DATA_SEGMENT = 20;
    private static final int REGISTERS = 32;
    private static final int SLOT = 16;
    private static final int TOP_SHIFT = 11;
    private static final int VALID = 0;
    private static final int ZERO = 1;
    private static final int SPECIAL = 2;
    private static final int EMPTY = 3;
    private static final int EXPONENT_MAX = 0x7fff;

    private X87Environment() {}

    static void addTo(List<Register> list) {
        list.add(part("fctrl", CONTROL, 2));
        list.add(part("fstat", STATUS, 2));
        list.add(new Register(
                "ftag",
                Integer.BYTES,
                "int32",
                "float",
                (_, state, into, at) -> Registers.put(into, at, Integer.BYTES, tagWord(state)),
                (state, from, at) -> {
                    state.extended().image()[TAGS] = tagByte((int) Registers.get(from, at, Integer.BYTES));
                    return true;
                }));
        list.add(part("fiseg", CODE_SEGMENT, 2));
        list.add(part("fioff", CODE_OFFSET, 4));
        list.add(part("foseg", DATA_SEGMENT, 2));
        list.add(part("fooff", DATA_OFFSET, 4));
        list.add(part("fop", OPCODE, 2));
    }

    private static Register part(String name, int place, int bytes) {
        return new Register(
                name,
                Integer.BYTES,
                "int32",
                "float",
                (_, state, into, at) -> Registers.put(
                        into, at, Integer.BYTES, Registers.get(state.extended().image(), place, bytes)),
                (state, from, at) -> {
                    System.arraycopy(from, at, state.extended().image(), place, bytes);
                    return true;
                });
    }

    /** The full tag word from the abridged byte and the registers (Intel SDM vol. 2, FXSAVE). */
    private static int tagWord(CpuState state) {
        byte[] image = state.extended().image();
        int top = (int) Registers.get(image, STATUS, 2) >> TOP_SHIFT & 7;
        int word = 0;
        for (int physical = 0; physical < 8; physical++) {
            boolean used = (image[TAGS] >> physical & 1) != 0;
            int place = REGISTERS + SLOT * (physical - top & 7);
            word |= (used ? tag(image, place) : EMPTY) << 2 * physical;
        }
        return word;
    }

    private static int tag(byte[] image, int place) {
        long fraction = Registers.get(image, place, Long.BYTES);
        int exponent = (int) Registers.get(image, place + Long.BYTES, 2) & EXPONENT_MAX;
        if (exponent == 0 && fraction == 0) {
            return ZERO;
        }
        return exponent == EXPONENT_MAX || fraction >= 0 ? SPECIAL : VALID;
    }

    private static byte tagByte(int word) {
        int result = 0;
        for (int i = 0; i < 8; i++) {
            result |= (word >> 2 * i & 3) == EMPTY ? 0 : 1 << i;
        }
        return (byte) result;
    }
}
