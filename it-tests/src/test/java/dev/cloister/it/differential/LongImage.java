package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.cloister.emulator.assembler.Assembly;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Builds the test kernel of IA-32e mode: code, stubs, page tables, gates. */
final class LongImage {
    private static final int PAGE = 4096;
    private static final int RIGHTS = 0x63;
    /** User, writable and present, at the levels above. */
    private static final int OPEN = 7;

    /** Of {@link LongPlace#HIGH} in the highest table. */
    private static final int HIGH_ENTRY = (int) (LongPlace.HIGH >> 39);

    private static final long LARGE = 0x80;

    private LongImage() {}

    /** Fills a machine's memory. */
    static void fill(MemorySegment ram) {
        StringBuilder text = new StringBuilder(LongPlace.constants())
                .append("org ")
                .append(SystemPlace.KERNEL)
                .append('\n')
                .append(Image.source("system-long"))
                .append("times 0x1000-($-$$) db 0\n");
        for (int v = 0; v < SystemPlace.VECTORS; v++) {
            text.append("align 16\npush ").append(v).append("\njmp near common\n");
        }
        Assembly kernel = SystemImage.assemble("system-long", text.toString());
        SystemImage.copy(ram, SystemPlace.KERNEL, kernel.image());
        pages(ram);
        for (int v = 0; v < SystemPlace.VECTORS; v++) {
            gate(ram, v);
        }
    }

    private static void entry(MemorySegment ram, int table, int index, long value) {
        ram.set(JAVA_LONG_UNALIGNED, LongPlace.TABLES + (long) table * PAGE + 8L * index, value);
    }

    private static long table(int table) {
        return LongPlace.TABLES + (long) table * PAGE;
    }

    /** Only what the kernel needs: other pages would keep what stray cases write. */
    private static void low(MemorySegment ram, int from, int bytes) {
        for (int at = from; at < from + bytes; at += PAGE) {
            entry(ram, 3, at / PAGE, at | RIGHTS);
        }
    }

    private static void pages(MemorySegment ram) {
        entry(ram, 0, 0, table(1) | OPEN);
        entry(ram, 1, 0, table(2) | OPEN);
        entry(ram, 2, 0, table(3) | OPEN);
        low(ram, SystemPlace.VARS, PAGE);
        low(ram, SystemPlace.WORLD, PAGE);
        low(ram, SystemPlace.KERNEL, SystemPlace.HOME_STACK - SystemPlace.KERNEL);
        entry(ram, 0, HIGH_ENTRY, table(5) | OPEN);
        entry(ram, 5, 0, table(6) | OPEN);
        for (int n = 0; n < SystemPlace.RAM >> 21; n++) {
            entry(ram, 6, n, (long) n << 21 | RIGHTS | LARGE);
        }
        entry(ram, 2, LongPlace.WINDOW >> 21, table(4) | OPEN);
        for (int n = 0; n < LongPlace.WINDOW_RIGHTS.length; n++) {
            entry(ram, 4, n, SystemPlace.WORLD | LongPlace.WINDOW_RIGHTS[n]);
        }
    }

    /** Gates good and bad beyond the vectors of exceptions. */
    private static void gate(MemorySegment ram, int vector) {
        long stub = SystemPlace.STUBS + 16L * vector;
        int code = LongPlace.CODE_64;
        List<int[]> kinds = List.of(
                new int[] {0xEE, code, 0},
                new int[] {0xEF, code, 0},
                new int[] {0x8E, code, 0},
                new int[] {0x6E, code, 0},
                new int[] {0xEE, code, 2},
                new int[] {0xEE, 0, 0},
                new int[] {0xEE, LongPlace.CONFORMING, 0},
                new int[] {0xEE, LongPlace.DATA_32, 0},
                new int[] {0xEE, LongPlace.CODE_32, 0},
                new int[] {0xEE, LongPlace.USER_CODE_64, 0},
                new int[] {0xE6, code, 0},
                new int[] {0xE5, LongPlace.TASK_A, 0},
                new int[] {0xEC, code, 0},
                new int[] {0xEE, 0xF8, 0},
                new int[] {0xEF, code, 3},
                new int[] {0xEE, code, 4});
        int[] kind =
                vector == 3 || vector == 4 ? kinds.getFirst() : vector < 32 ? kinds.get(2) : kinds.get(vector & 15);
        int stack = vector == 8 ? 1 : kind[2];
        long low = stub & 0xFFFF
                | (long) kind[1] << 16
                | (long) stack << 32
                | (long) kind[0] << 40
                | (stub >>> 16 & 0xFFFF) << 48;
        ram.set(JAVA_LONG_UNALIGNED, SystemPlace.IDT + 16L * vector, low);
        // A gate whose target is no canonical address.
        ram.set(JAVA_LONG_UNALIGNED, SystemPlace.IDT + 16L * vector + 8, vector == 0x30 ? 0x8000L : 0);
    }
}
