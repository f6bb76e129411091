package dev.cloister.emulator.assembler;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * A register that can stand in a source.
 *
 * @param name lower-case name
 * @param kind its file
 * @param bits width
 * @param number encoding 0 to 15; ah, ch, dh, bh are 4 to 7
 * @param rex how it stands to a REX prefix
 */
record Register(String name, Kind kind, int bits, int number, Rex rex) {
    enum Kind {
        GENERAL,
        SEGMENT,
        CONTROL,
        DEBUG,
        XMM,
        X87,
        INSTRUCTION_POINTER
    }

    /** SDM vol. 2A, 2.2.1: with any REX prefix, numbers 4 to 7 mean spl…dil instead of ah…bh. */
    enum Rex {
        FREE,
        NEEDED,
        FORBIDDEN
    }

    private static final Map<String, Register> BY_NAME = build();

    /** Returns the register of that name in any case, or null. */
    static Register find(String name) {
        return BY_NAME.get(name.toLowerCase(Locale.ROOT));
    }

    boolean isGeneral(int width) {
        return kind == Kind.GENERAL && bits == width;
    }

    private static Map<String, Register> build() {
        Map<String, Register> map = new HashMap<>();
        String[] old = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
        for (int i = 0; i < 8; i++) {
            add(map, old[i], Kind.GENERAL, 16, i);
            add(map, "e" + old[i], Kind.GENERAL, 32, i);
            add(map, "r" + old[i], Kind.GENERAL, 64, i);
            add(map, "st" + i, Kind.X87, 80, i);
        }
        addBytes(map);
        for (int i = 8; i < 16; i++) {
            map.put("r" + i + "b", new Register("r" + i + "b", Kind.GENERAL, 8, i, Rex.NEEDED));
            add(map, "r" + i + "w", Kind.GENERAL, 16, i);
            add(map, "r" + i + "d", Kind.GENERAL, 32, i);
            add(map, "r" + i, Kind.GENERAL, 64, i);
        }
        for (int i = 0; i < 16; i++) {
            add(map, "xmm" + i, Kind.XMM, 128, i);
            add(map, "cr" + i, Kind.CONTROL, 0, i);
            add(map, "dr" + i, Kind.DEBUG, 0, i);
        }
        String[] segments = {"es", "cs", "ss", "ds", "fs", "gs"};
        for (int i = 0; i < 6; i++) {
            add(map, segments[i], Kind.SEGMENT, 16, i);
        }
        add(map, "rip", Kind.INSTRUCTION_POINTER, 64, 0);
        return Map.copyOf(map);
    }

    private static void addBytes(Map<String, Register> map) {
        String[] low = {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"};
        String[] high = {"ah", "ch", "dh", "bh"};
        for (int i = 0; i < 8; i++) {
            map.put(low[i], new Register(low[i], Kind.GENERAL, 8, i, i < 4 ? Rex.FREE : Rex.NEEDED));
        }
        for (int i = 0; i < 4; i++) {
            map.put(high[i], new Register(high[i], Kind.GENERAL, 8, i + 4, Rex.FORBIDDEN));
        }
    }

    private static void add(Map<String, Register> map, String name, Kind kind, int bits, int number) {
        map.put(name, new Register(name, kind, bits, number, Rex.FREE));
    }
}
