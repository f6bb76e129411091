package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.cloister.emulator.assembler.Assembler;
import dev.cloister.emulator.assembler.Assembly;
import dev.cloister.emulator.assembler.AssemblyException;
import dev.cloister.emulator.assembler.OutputFormat;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** Fills a machine's memory: page tables, descriptor tables, the stubs of the vectors, the loader, the data template. */
final class Image {
    private static final long PRESENT = 1;
    private static final long WRITABLE = 2;
    private static final long USER = 4;
    private static final long ACCESSED_DIRTY = 0x60;
    /** Where the native program lies. */
    private static final long PROGRAM = 0x60000000L;

    private static final long NO_EXECUTE = 1L << 63;

    private final MemorySegment ram;
    private final boolean real;
    private long nextTable = Layout.TABLES + Layout.PAGE;
    private Assembly loader;

    private Image(MemorySegment ram, boolean real) {
        this.ram = ram;
        this.real = real;
    }

    /**
     * Fills the memory.
     *
     * @param ram {@link Layout#RAM} zeroed bytes
     * @param seed of the data template
     * @param real stubs that go on with the next case; else stubs that halt, for the emulator
     * @return the linear address where the vCPU starts, at CPL 0
     */
    static long fill(MemorySegment ram, long seed, boolean real) {
        Image image = new Image(ram, real);
        image.pages();
        image.descriptors();
        image.data(seed);
        image.loader();
        return image.stubs();
    }

    private void map(long linear, long frame, long rights) {
        long table = Layout.TABLES;
        for (int shift = 39; shift > 12; shift -= 9) {
            long entry = table + (linear >>> shift & 511) * 8;
            long value = ram.get(JAVA_LONG_UNALIGNED, entry);
            if (value == 0) {
                value = nextTable | PRESENT | WRITABLE | USER | ACCESSED_DIRTY;
                ram.set(JAVA_LONG_UNALIGNED, entry, value);
                nextTable += Layout.PAGE;
            }
            table = value & 0xFFFFF000L;
        }
        ram.set(JAVA_LONG_UNALIGNED, table + (linear >>> 12 & 511) * 8, frame | rights | PRESENT | ACCESSED_DIRTY);
    }

    private void pages() {
        for (long frame = 0; frame < Layout.RAM; frame += Layout.PAGE) {
            boolean supervisor = frame < Layout.STACK;
            boolean executable = frame >= Layout.STUBS && frame < Layout.CONTROL && frame != Layout.STACK;
            map(
                    Layout.ALIAS + frame,
                    frame,
                    (supervisor ? 0 : USER)
                            | (executable ? 0 : NO_EXECUTE)
                            | (executable && !supervisor ? 0 : WRITABLE));
        }
        for (long page = 0; page < Layout.CODE_BYTES; page += Layout.PAGE) {
            map(Layout.CODE_LINEAR + page, Layout.CODE + page, USER);
            map(Layout.DATA_LINEAR + page, Layout.DATA + page, USER | WRITABLE | NO_EXECUTE);
        }
        map(Layout.READ_ONLY_LINEAR, Layout.READ_ONLY, USER | NO_EXECUTE);
        map(Layout.SUPERVISOR_LINEAR, Layout.SUPERVISOR, WRITABLE | NO_EXECUTE);
    }

    private void descriptors() {
        long[] gdt = {
            0,
            0,
            0x00AF9B000000FFFFL,
            0x00CF93000000FFFFL,
            0x00CFFB000000FFFFL,
            0x00CFF3000000FFFFL,
            0x00AFFB000000FFFFL,
            0,
            system(Layout.ALIAS + Layout.TSS, 0x67),
            0
        };
        for (int n = 0; n < gdt.length; n++) {
            ram.set(JAVA_LONG_UNALIGNED, Layout.GDT + 8L * n, gdt[n]);
        }
        Segments.fill(ram);
        ram.set(JAVA_LONG_UNALIGNED, Layout.TSS + 4, Layout.STACK_TOP);
        ram.set(JAVA_INT_UNALIGNED, Layout.TSS + 100, 0x680000);
        for (int v = 0; v < Layout.VECTORS; v++) {
            long stub = Layout.stub(v);
            ram.set(
                    JAVA_LONG_UNALIGNED,
                    Layout.IDT + 16L * v,
                    stub & 0xFFFF
                            | (long) Layout.KERNEL_CODE << 16
                            | (v == 3 || v == 4 ? 0xEEL : 0x8EL) << 40
                            | (stub >>> 16 & 0xFFFF) << 48);
            ram.set(JAVA_LONG_UNALIGNED, Layout.IDT + 16L * v + 8, stub >>> 32);
        }
    }

    private static long system(long base, long limit) {
        return limit | (base & 0xFFFFFF) << 16 | 0x8BL << 40 | (base >>> 24 & 0xFF) << 56;
    }

    private void data(long seed) {
        Random random = new Random(seed);
        Values values = new Values(random);
        for (int at = 0; at < Layout.DATA_BYTES; at += 8) {
            ram.set(JAVA_LONG_UNALIGNED, Layout.TEMPLATE + at, values.lane());
        }
        for (int at = 0; at < Layout.PAGE; at += 8) {
            ram.set(JAVA_LONG_UNALIGNED, Layout.READ_ONLY + at, values.lane());
        }
        ram.asSlice(Layout.CODE, Layout.CODE_BYTES).fill(Layout.FILLER);
    }

    private void loader() {
        loader = assemble(
                OutputFormat.FLAT,
                "loader",
                constants() + "org " + (Layout.ALIAS + Layout.LOADER) + "\n" + source("kvm") + source("loader"));
        copy(Layout.LOADER, loader.image());
        frame(Layout.SAVE_FRAME, loader.symbols().get("save"));
        frame(Layout.START_FRAME, loader.symbols().get("start"));
    }

    /**
     * The program of {@link NativeSide}: an ELF executable.
     *
     * @param narrow whether it makes itself the local descriptor table that 16- and 32-bit cases use
     */
    static byte[] program(boolean narrow) {
        String text =
                constants() + "org " + PROGRAM + "\n" + source("native") + source("loader") + Segments.source(narrow);
        return assemble(OutputFormat.ELF64, "native", text).image();
    }

    static String source(String name) {
        try (InputStream in = Image.class.getResourceAsStream("/differential/" + name + ".asm")) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void frame(int offset, long rip) {
        long[] words = {rip, Layout.USER_CODE, 0x202, Layout.ALIAS + Layout.CONTROL + Layout.PAGE, Layout.USER_DATA};
        for (int n = 0; n < words.length; n++) {
            ram.set(JAVA_LONG_UNALIGNED, Layout.CONTROL + offset + 8L * n, words[n]);
        }
    }

    private static String constants() {
        StringBuilder text = new StringBuilder();
        String[] names = {
            "CASE_POINTER", "RESULT_POINTER", "COUNT", "DONE", "KEPT", "SAVE_FRAME", "START_FRAME", "ENTRY_FRAME"
        };
        int[] control = {
            Layout.CASE_POINTER,
            Layout.RESULT_POINTER,
            Layout.COUNT,
            Layout.DONE,
            Layout.KEPT,
            Layout.SAVE_FRAME,
            Layout.START_FRAME,
            Layout.ENTRY_FRAME
        };
        for (int n = 0; n < names.length; n++) {
            equ(text, names[n], Layout.ALIAS + Layout.CONTROL + control[n]);
        }
        equ(text, "STACK_TOP", Layout.STACK_TOP);
        equ(text, "DATA_LINEAR", Layout.DATA_LINEAR);
        equ(text, "TEMPLATE", Layout.ALIAS + Layout.TEMPLATE);
        equ(text, "ALIAS", Layout.ALIAS);
        equ(text, "RAM", Layout.RAM);
        equ(text, "CODE", Layout.CODE);
        equ(text, "CODE_LINEAR", Layout.CODE_LINEAR);
        equ(text, "CODE_BYTES", Layout.CODE_BYTES);
        equ(text, "DATA", Layout.DATA);
        equ(text, "DATA_BYTES", Layout.DATA_BYTES);
        equ(text, "READ_ONLY", Layout.READ_ONLY);
        equ(text, "READ_ONLY_LINEAR", Layout.READ_ONLY_LINEAR);
        equ(text, "SIGNAL_STACK", Layout.ALIAS + Layout.SIGNAL_STACK);
        equ(text, "SIGNAL_STACK_BYTES", Layout.SIGNAL_STACK_BYTES);
        equ(text, "XSAVE_WORDS", Layout.XSAVE_BYTES / 8);
        equ(text, "CASE_SIZE", Layout.CASE_SIZE);
        equ(text, "CASE_CODE_AT", Layout.CASE_CODE_AT);
        equ(text, "CASE_CODE", Layout.CASE_CODE);
        equ(text, "CASE_GPR", Layout.CASE_GPR);
        equ(text, "CASE_FRAME", Layout.CASE_FRAME);
        equ(text, "CASE_FS", Layout.CASE_FS);
        equ(text, "CASE_GS", Layout.CASE_GS);
        equ(text, "CASE_PATCH_AT", Layout.CASE_PATCH_AT);
        equ(text, "CASE_SELECTORS", Layout.CASE_SELECTORS);
        equ(text, "CASE_PATCH", Layout.CASE_PATCH);
        equ(text, "CASE_XSAVE", Layout.CASE_XSAVE);
        equ(text, "RESULT_SIZE", Layout.RESULT_SIZE);
        equ(text, "RESULT_GPR", Layout.RESULT_GPR);
        equ(text, "RESULT_FS", Layout.RESULT_FS);
        equ(text, "RESULT_GS", Layout.RESULT_GS);
        equ(text, "RESULT_FRAME", Layout.RESULT_FRAME);
        equ(text, "RESULT_SELECTORS", Layout.RESULT_SELECTORS);
        equ(text, "USER_DATA", Layout.USER_DATA);
        equ(text, "RESULT_XSAVE", Layout.RESULT_XSAVE);
        equ(text, "RESULT_DATA", Layout.RESULT_DATA);
        return text.toString();
    }

    private static void equ(StringBuilder text, String name, long value) {
        text.append(name).append(" equ ").append(value).append('\n');
    }

    /** A stub pushes what the processor did not, and returns to the loader; that of #UD is also the way out. */
    private long stubs() {
        StringBuilder text = new StringBuilder(constants());
        text.append("org ").append(Layout.ALIAS + Layout.STUBS).append("\nbits 64\n");
        for (int v = 0; v < Layout.VECTORS; v++) {
            text.append("align 32\n");
            stub(text, v);
        }
        text.append("align 32\nout_again: out 0x10, al\ngo: mov esp, START_FRAME\niretq\n");
        Assembly stubs = assemble(OutputFormat.FLAT, "stubs", text.toString());
        copy(Layout.STUBS, stubs.image());
        return stubs.symbols().get("go");
    }

    private void stub(StringBuilder text, int vector) {
        if (!real) {
            text.append("hlt\n");
            return;
        }
        if (!hasErrorCode(vector)) {
            text.append("push 0\n");
        }
        text.append("push ").append(vector).append('\n');
        if (vector == 14) {
            text.append("push rax\nmov rax, cr2\npush rax\nmov rax, [rsp + 8]\n");
        }
        if (vector == 6) {
            text.append("test byte [DONE], 1\njnz out_again\n");
        }
        text.append("mov esp, SAVE_FRAME\niretq\n");
    }

    /** Vectors that push an error code (Intel SDM vol. 3, table 6-1). */
    static boolean hasErrorCode(int vector) {
        return vector == 8 || vector >= 10 && vector <= 14 || vector == 17 || vector == 21;
    }

    private static Assembly assemble(OutputFormat format, String name, String text) {
        try {
            return Assembler.of(format).assemble(name, text);
        } catch (AssemblyException e) {
            throw new IllegalStateException(e);
        }
    }

    private void copy(long gpa, byte[] bytes) {
        MemorySegment.copy(bytes, 0, ram, JAVA_BYTE, gpa, bytes.length);
    }
}
