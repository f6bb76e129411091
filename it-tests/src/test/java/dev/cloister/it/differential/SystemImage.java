package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.cloister.emulator.assembler.Assembler;
import dev.cloister.emulator.assembler.Assembly;
import dev.cloister.emulator.assembler.AssemblyException;
import dev.cloister.emulator.assembler.OutputFormat;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Builds the test kernel: the very same bytes for the emulator, KVM and QEMU. */
final class SystemImage {
    private SystemImage() {}

    /** Fills a machine's memory with the kernel, its stubs and its tables. */
    static void fill(MemorySegment ram) {
        String constants = SystemPlace.constants();
        StringBuilder real = new StringBuilder(constants).append("org 0\n").append(Image.source("system-real"));
        real.append("times ").append(SystemPlace.REAL_STUBS).append("-($-$$) db 0\n");
        for (int v = 0; v < SystemPlace.VECTORS; v++) {
            real.append("align 8\npush byte ").append(v).append("\njmp near common\n");
        }
        StringBuilder text = new StringBuilder(constants)
                .append("ENTER_REAL equ 0\norg ")
                .append(SystemPlace.KERNEL)
                .append('\n')
                .append(Image.source("system"))
                .append("times 0x1000-($-$$) db 0\n");
        for (int v = 0; v < SystemPlace.VECTORS; v++) {
            text.append("align 16\npush byte ").append(v).append("\njmp near common\n");
        }
        Assembly kernel = assemble("system", text.toString());
        copy(ram, SystemPlace.KERNEL, kernel.image());
        int back = kernel.symbols().get("tail").intValue();
        // In real mode the way back loads the flat stack segment first.
        byte[] low = assemble("system-real", "BACK equ " + SystemPlace.BACK + "\n" + real)
                .image();
        copy(ram, SystemPlace.REAL, low);
        Assembly bridge = assemble(
                "bridge",
                constants + "bits 32\norg " + SystemPlace.BACK
                        + "\nmov ax, DATA32\nmov ds, ax\nmov ss, ax\nmov esp, HOME_STACK\njmp near " + back + "\n");
        copy(ram, SystemPlace.BACK, bridge.image());
        tables(ram);
    }

    /** What the processor finds at reset in place of firmware: 64 KiB that end at 4 GiB. */
    static byte[] rom() {
        byte[] rom = new byte[0x10000];
        byte[] code = assemble("rom", SystemPlace.constants() + "org 0\n" + Image.source("system-rom"))
                .image();
        System.arraycopy(code, 0, rom, 0, code.length);
        rom[0xFFF0] = (byte) 0xE9;
        rom[0xFFF1] = 0x0D;
        rom[0xFFF2] = 0;
        return rom;
    }

    private static void tables(MemorySegment ram) {
        for (int v = 0; v < 256; v++) {
            int stub = SystemPlace.REAL_STUBS + 8 * Math.min(v, SystemPlace.VECTORS - 1);
            ram.set(JAVA_INT_UNALIGNED, 4L * v, SystemPlace.REAL >> 4 << 16 | stub);
        }
        for (int v = 0; v < SystemPlace.VECTORS; v++) {
            ram.set(JAVA_LONG_UNALIGNED, SystemPlace.IDT + 8L * v, gate(v));
        }
    }

    /** Gates of every type, good and bad, beyond the vectors of exceptions. */
    private static long gate(int vector) {
        int stub = SystemPlace.STUBS + 16 * vector;
        int code = SystemPlace.CODE_32;
        List<int[]> kinds = List.of(
                new int[] {0xEE, code},
                new int[] {0xEF, code},
                new int[] {0x8E, code},
                new int[] {0x6E, code},
                new int[] {0xEC, code},
                new int[] {0xEE, 0},
                new int[] {0xEE, 0x80},
                new int[] {0xEE, SystemPlace.DATA_32},
                new int[] {0xEE, 0xD8},
                new int[] {0xEE, SystemPlace.USER_CODE_32},
                new int[] {0xE5, SystemPlace.TASK_B},
                new int[] {0xE5, SystemPlace.TASK_A},
                new int[] {0xE2, code},
                new int[] {0xE6, 0x18},
                new int[] {0xEE, 0xD0},
                new int[] {0xEE, 0x88});
        int[] kind =
                vector == 3 || vector == 4 ? kinds.getFirst() : vector < 32 ? kinds.get(2) : kinds.get(vector & 15);
        if (kind[0] == 0xE6) {
            stub = SystemPlace.CODE + SystemPlace.CODE_BYTES - 16;
        }
        return stub & 0xFFFFL | (long) kind[1] << 16 | (long) kind[0] << 40 | (long) (stub >>> 16) << 48;
    }

    /** Sets the kernel to work on cases that lie in memory already. */
    static void arm(MemorySegment ram, int first, int count) {
        ram.set(JAVA_INT_UNALIGNED, SystemPlace.VARS, count);
        ram.set(JAVA_INT_UNALIGNED, SystemPlace.VARS + 4, SystemPlace.CASES + first * SystemPlace.CASE_SIZE);
        ram.set(JAVA_INT_UNALIGNED, SystemPlace.VARS + 8, SystemPlace.RESULTS + first * SystemPlace.CASE_SIZE);
        ram.set(JAVA_SHORT_UNALIGNED, SystemPlace.VARS + 16, (short) 0);
    }

    static Assembly assemble(String name, String text) {
        try {
            return Assembler.of(OutputFormat.FLAT).assemble(name, text);
        } catch (AssemblyException e) {
            throw new IllegalStateException(e);
        }
    }

    static void copy(MemorySegment ram, int at, byte[] bytes) {
        MemorySegment.copy(bytes, 0, ram, JAVA_BYTE, at, bytes.length);
    }
}
