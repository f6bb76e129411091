package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.HexFormat;

/** One instruction, the registers and the world in which the test kernel executes it. Mutable while it is made. */
class SystemCase {
    /** How the group of forms and the mode are called in reports. */
    String group = "";

    String text = "";
    int bits = 32;
    byte[] code = new byte[0];
    /** Of {@link #code} in the world, beyond {@link SystemPlace#CODE}. */
    int codeOffset;

    /** Whether it reaches memory or a branch target through a segment. */
    boolean isSegmented;

    final byte[] header = new byte[SystemPlace.HEADER];
    final byte[] world = new byte[SystemPlace.WORLD_BYTES];
    private final MemorySegment headerWords = MemorySegment.ofArray(header);
    private final MemorySegment worldWords = MemorySegment.ofArray(world);

    void set(int offset, int value) {
        headerWords.set(JAVA_INT_UNALIGNED, offset, value);
    }

    int get(int offset) {
        return headerWords.get(JAVA_INT_UNALIGNED, offset);
    }

    void setLong(int offset, long value) {
        headerWords.set(JAVA_LONG_UNALIGNED, offset, value);
    }

    long getLong(int offset) {
        return headerWords.get(JAVA_LONG_UNALIGNED, offset);
    }

    void setShort(int offset, int value) {
        headerWords.set(JAVA_SHORT_UNALIGNED, offset, (short) value);
    }

    int getShort(int offset) {
        return headerWords.get(JAVA_SHORT_UNALIGNED, offset) & 0xFFFF;
    }

    int gpr(int register) {
        return get(SystemPlace.GPR + 4 * register);
    }

    void setGpr(int register, int value) {
        set(SystemPlace.GPR + 4 * register, value);
    }

    void pokeShort(int offset, int value) {
        worldWords.set(JAVA_SHORT_UNALIGNED, offset, (short) value);
    }

    void poke(int offset, int value) {
        worldWords.set(JAVA_INT_UNALIGNED, offset, value);
    }

    void pokeLong(int offset, long value) {
        worldWords.set(JAVA_LONG_UNALIGNED, offset, value);
    }

    /** CS:EIP and SS:ESP as every way of entering takes them. */
    void enter(int cs, int eip, int ss, int esp) {
        set(SystemPlace.FRAME, eip);
        set(SystemPlace.FRAME + 4, cs);
        set(SystemPlace.FRAME + 12, esp);
        set(SystemPlace.FRAME + 16, ss);
        set(SystemPlace.ENTRY, eip);
        set(SystemPlace.ENTRY + 4, cs);
        set(SystemPlace.STACK_POINTER, esp);
        set(SystemPlace.STACK_POINTER + 4, ss);
    }

    /** Puts the code into the world, before what raises #UD. */
    void place() {
        for (int n = SystemPlace.CODE; n < SystemPlace.CODE + SystemPlace.CODE_BYTES; n += 2) {
            pokeShort(n, 0x0B0F);
        }
        System.arraycopy(code, 0, world, SystemPlace.CODE + codeOffset, code.length);
        int end = SystemPlace.CODE + codeOffset + code.length;
        for (int n = end; n < SystemPlace.CODE + SystemPlace.LANDING - 1; n += 2) {
            pokeShort(n, 0x0B0F);
        }
    }

    void write(MemorySegment ram, int index) {
        long at = SystemPlace.CASES + (long) index * SystemPlace.CASE_SIZE;
        MemorySegment.copy(header, 0, ram, JAVA_BYTE, at, header.length);
        MemorySegment.copy(world, 0, ram, JAVA_BYTE, at + SystemPlace.HEADER, world.length);
    }

    /** What a report shows of it. */
    String describe() {
        return String.format(
                "%s: %s [%s] eax=%x ecx=%x edx=%x ebx=%x ebp=%x esi=%x edi=%x cs:eip=%x:%x flags=%x ss:esp=%x:%x es=%x"
                        + " ds=%x fs=%x gs=%x cr0=%x cr4=%x",
                group,
                text,
                HexFormat.of().formatHex(code),
                gpr(0),
                gpr(1),
                gpr(2),
                gpr(3),
                gpr(5),
                gpr(6),
                gpr(7),
                get(SystemPlace.FRAME + 4),
                get(SystemPlace.FRAME),
                get(SystemPlace.FLAGS),
                get(SystemPlace.FRAME + 16),
                get(SystemPlace.FRAME + 12),
                get(SystemPlace.ES),
                get(SystemPlace.DS),
                get(SystemPlace.FS),
                get(SystemPlace.GS),
                get(SystemPlace.CR0),
                get(SystemPlace.CR4));
    }
}
