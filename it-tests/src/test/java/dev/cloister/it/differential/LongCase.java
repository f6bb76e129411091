package dev.cloister.it.differential;

import java.util.HexFormat;

/** One instruction and its world in IA-32e mode. */
final class LongCase extends SystemCase {
    /** Where the world lies for this case's code, stack and data. */
    int base = SystemPlace.WORLD;

    /** Whether it runs at CPL 3. */
    boolean isUser;

    /** Whether an address that may not be canonical comes into play. */
    boolean isStrange;

    @Override
    void setGpr(int register, int value) {
        setWide(register, value & 0xFFFFFFFFL);
    }

    /** Sets a register, cut to what compatibility mode has; the stack pointer is {@link LongPlace#FRAME}'s. */
    void setWide(int register, long value) {
        setLong(8 * register, bits == 64 ? value : value & 0xFFFFFFFFL);
    }

    long wide(int register) {
        return register == 4 ? getLong(LongPlace.FRAME + 24) : getLong(8 * register);
    }

    @Override
    String describe() {
        StringBuilder text = new StringBuilder(
                String.format("%s: %s [%s]", group, this.text, HexFormat.of().formatHex(code)));
        for (int r = 0; r < 16; r++) {
            text.append(String.format(" %s=%x", LongPlace.REGISTERS[r], wide(r)));
        }
        String[] names = {"rip", "cs", "flags", "rsp", "ss", "fs_base", "gs_base", "kernel_base", "cr0", "cr4"};
        for (int n = 0; n < names.length; n++) {
            text.append(String.format(" %s=%x", names[n], getLong(LongPlace.FRAME + 8 * n)));
        }
        return text.append(String.format(
                        " es=%x ds=%x fs=%x gs=%x",
                        getShort(LongPlace.ES), getShort(LongPlace.DS), getShort(LongPlace.FS), getShort(LongPlace.GS)))
                .toString();
    }
}
