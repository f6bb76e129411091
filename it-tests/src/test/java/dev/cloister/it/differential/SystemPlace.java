package dev.cloister.it.differential;

/**
 * Where everything lies in the machine of the test kernel: physical addresses, which are linear ones too. A case brings its world with it:
 * one page of tables, stacks, data and code, all of which is compared afterwards.
 */
final class SystemPlace {
    static final int RAM = 0x2000000;

    /** Code and stubs of real mode. */
    static final int REAL = 0x8000;

    static final int REAL_STUBS = 0x400;
    static final int VARS = 0x9000;
    static final int CUR = 0x9100;
    static final int SAVE = 0x9200;
    static final int WORLD = 0x10000;
    static final int KERNEL = 0x100000;
    static final int STUBS = 0x101000;
    static final int IDT = 0x102000;
    /** Where real mode comes back to. */
    static final int BACK = 0x103000;

    static final int HOME_STACK = 0x108000;
    static final int CASES = 0x200000;
    static final int RESULTS = 0x1000000;
    static final int BATCH = 2048;

    /** Bytes of a case and of a result: a header and the world. */
    static final int CASE_SIZE = 0x1100;

    static final int HEADER = 0x100;
    static final int WORLD_BYTES = 0x1000;
    static final int VECTORS = 64;

    // Within the world.
    static final int GDT = 0;
    static final int GDT_ENTRIES = 48;
    static final int LDT = 0x180;
    static final int TSS_A = 0x200;
    static final int TSS_B = 0x300;
    /** The end of the stack of CPL 0 that cases of CPL 3 are interrupted on. */
    static final int INNER_STACK = 0x500;

    static final int DATA = 0x500;
    static final int DATA_BYTES = 0x300;
    static final int STACK = 0x900;
    static final int STACK_BYTES = 0x300;
    static final int CODE = 0xC00;
    static final int CODE_BYTES = 0x200;
    /** From here on the code is what raises #UD, at even offsets: branches lead here. */
    static final int LANDING = 0x100;

    // Selectors of the world's GDT.
    static final int CODE_32 = 0x08;
    static final int DATA_32 = 0x10;
    static final int CODE_16 = 0x18;
    static final int DATA_16 = 0x20;
    static final int USER_CODE_32 = 0x2B;
    static final int USER_DATA_32 = 0x33;
    static final int USER_CODE_16 = 0x3B;
    static final int USER_DATA_16 = 0x43;
    static final int TASK_A = 0x48;
    static final int TASK_B = 0x50;
    static final int LOCAL = 0x58;
    static final int CODE_REAL = 0x148;
    static final int DATA_REAL = 0x150;

    static final int PORT_DONE = 0x80;
    static final int PORT_END = 0xF4;

    // Kinds of cases.
    static final int KIND_SUPERVISOR = 0;
    static final int KIND_OUTWARD = 1;
    static final int KIND_REAL = 2;
    static final int KIND_VIRTUAL = 3;

    // Offsets in a case's header.
    static final int GPR = 4;
    static final int FRAME = 0x24;
    static final int FLAGS = 0x2C;
    static final int ES = 0x38;
    static final int DS = 0x3C;
    static final int FS = 0x40;
    static final int GS = 0x44;
    static final int CR0 = 0x48;
    static final int CR4 = 0x4C;
    static final int LDTR = 0x50;
    static final int TR = 0x54;
    static final int GDTR = 0x60;
    static final int IDTR = 0x68;
    static final int ENTRY = 0x70;
    static final int STACK_POINTER = 0x78;

    /** Names of the words of a result's header, in order. */
    static final String[] RESULT = {
        "vector",
        "eax",
        "ecx",
        "edx",
        "ebx",
        "esp",
        "ebp",
        "esi",
        "edi",
        "ss",
        "es",
        "ds",
        "fs",
        "gs",
        "flags in the handler",
        "cr0",
        "cr2",
        "cr3",
        "cr4",
        "gdtr",
        "gdtr base",
        "idtr",
        "idtr base",
        "ldtr",
        "tr",
        "dr7"
    };

    private SystemPlace() {}

    /** The constants that the sources of the kernel use, as lines of assembly. */
    static String constants() {
        StringBuilder text = new StringBuilder();
        equ(text, "COUNT", VARS);
        equ(text, "CASE_POINTER", VARS + 4);
        equ(text, "RESULT_POINTER", VARS + 8);
        equ(text, "VARS", VARS);
        equ(text, "VARS_SEGMENT", VARS >> 4);
        equ(text, "REAL", REAL);
        equ(text, "REAL_SEGMENT", REAL >> 4);
        equ(text, "CUR", CUR);
        equ(text, "SAVE", SAVE);
        equ(text, "WORLD", WORLD);
        equ(text, "KERNEL", KERNEL);
        equ(text, "HOME_STACK", HOME_STACK);
        equ(text, "CASE_SIZE", CASE_SIZE);
        equ(text, "CODE32", CODE_32);
        equ(text, "DATA32", DATA_32);
        equ(text, "CODE_REAL", CODE_REAL);
        equ(text, "DATA_REAL", DATA_REAL);
        equ(text, "PORT_DONE", PORT_DONE);
        equ(text, "PORT_END", PORT_END);
        equ(text, "KIND_REAL", KIND_REAL);
        equ(text, "KIND_OUTWARD", KIND_OUTWARD);
        equ(text, "KIND_VIRTUAL", KIND_VIRTUAL);
        Object[] current = {
            "KIND",
            0,
            "GPR",
            GPR,
            "FRAME",
            FRAME,
            "FLAGS",
            FLAGS,
            "ES",
            ES,
            "DS",
            DS,
            "FS",
            FS,
            "GS",
            GS,
            "CR0",
            CR0,
            "CR4",
            CR4,
            "LDT",
            LDTR,
            "TR",
            TR,
            "GDTR",
            GDTR,
            "IDTR",
            IDTR,
            "ENTRY",
            ENTRY,
            "STACK",
            STACK_POINTER
        };
        for (int n = 0; n < current.length; n += 2) {
            equ(text, "CUR_" + current[n], CUR + (int) current[n + 1]);
        }
        Object[] saved = {
            "VECTOR", 0, "GPR", 4, "SS", 0x24, "ES", 0x28, "DS", 0x2C, "FS", 0x30, "GS", 0x34, "FLAGS", 0x38, "CR0",
            0x3C, "CR2", 0x40, "CR3", 0x44, "CR4", 0x48, "GDTR", 0x4C, "IDTR", 0x54, "LDT", 0x5C, "TR", 0x60, "DR7",
            0x64
        };
        for (int n = 0; n < saved.length; n += 2) {
            equ(text, "SAVE_" + saved[n], SAVE + (int) saved[n + 1]);
        }
        return text.toString();
    }

    private static void equ(StringBuilder text, String name, int value) {
        text.append(name).append(" equ ").append(value).append('\n');
    }
}
