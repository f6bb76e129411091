package dev.cloister.it.differential;

/**
 * Where everything lies in the test kernel of IA-32e mode, beyond what {@link SystemPlace} says. What the kernel needs is mapped one to
 * one for the supervisor, all of memory at {@link #HIGH}; the case's world appears again at addresses with other rights.
 */
final class LongPlace {
    static final int TABLES = 0x110000;
    /** Where the kernel reads cases and writes results: no case reaches it by chance. */
    static final long HIGH = 0x5A0000000000L;

    /** Page n of the window is the world with the rights of entry n of {@link #WINDOW_RIGHTS}. */
    static final int WINDOW = 0x4000000;

    /** The world where CPL 3 may read, write and execute it. */
    static final int USER_WORLD = WINDOW;

    /** Bits of page-table entries: user, supervisor, read-only, not executable, absent, with a reserved bit. */
    static final long[] WINDOW_RIGHTS = {
        0x07, 0x03, 0x05, 0x01, 0x8000000000000007L, 0x8000000000000003L, 0x06, 0x8000000000007L, 0x107, 0x17
    };

    static final int HOME_CR4 = 0x40020;
    static final int HOME_EFER = 0xD01;

    // Offsets in a case's header.
    static final int FRAME = 0x80;
    static final int FS_BASE = 0xA8;
    static final int GS_BASE = 0xB0;
    static final int KERNEL_BASE = 0xB8;
    static final int CR0 = 0xC0;
    static final int CR4 = 0xC8;
    static final int ES = 0xD0;
    static final int DS = 0xD2;
    static final int FS = 0xD4;
    static final int GS = 0xD6;
    static final int LDT = 0xD8;
    static final int TR = 0xDA;
    static final int GDTR = 0xE6;
    static final int IDTR = 0xF0;

    // Selectors of the world's GDT.
    static final int CODE_64 = 0x08;
    static final int DATA_32 = 0x10;
    static final int CODE_32 = 0x18;
    static final int USER_CODE_32 = 0x2B;
    static final int USER_DATA = 0x33;
    static final int USER_CODE_64 = 0x3B;
    static final int CONFORMING = 0x40;
    static final int TASK_A = 0x48;
    static final int LOCAL = 0x58;

    // Ends of stacks in the world.
    static final int FAULT_STACK = 0xF00;
    static final int OTHER_STACK = 0x1000;

    /**
     * A word of a result.
     *
     * @param name in reports
     * @param offset in the header
     * @param bytes 2, 4 or 8
     */
    record Field(String name, int offset, int bytes) {}

    static final String[] REGISTERS = {
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"
    };

    static final Field[] FIELDS = {
        new Field("vector", 0, 4),
        new Field("cr8", 4, 4),
        new Field("ss", 0x88, 2),
        new Field("es", 0x8A, 2),
        new Field("ds", 0x8C, 2),
        new Field("fs", 0x8E, 2),
        new Field("gs", 0x90, 2),
        new Field("ldt", 0x92, 2),
        new Field("tr", 0x94, 2),
        new Field("dr7", 0x98, 4),
        new Field("dr6", 0x9C, 4),
        new Field("fs_base", 0xA0, 8),
        new Field("gs_base", 0xA8, 8),
        new Field("kernel_base", 0xB0, 8),
        new Field("flags", 0xB8, 8),
        new Field("cr0", 0xC0, 8),
        new Field("cr2", 0xC8, 8),
        new Field("cr3", 0xD0, 8),
        new Field("cr4", 0xD8, 8),
        new Field("gdtr", 0xE0, 2),
        new Field("gdtr_base", 0xE2, 8),
        new Field("idtr", 0xEC, 2),
        new Field("idtr_base", 0xEE, 8),
        new Field("efer", 0xF8, 4),
        new Field("xcr0", 0xFC, 4)
    };

    static final int SAVED_GPR = 8;

    private LongPlace() {}

    /** What the kernel's source needs. */
    static String constants() {
        StringBuilder text = new StringBuilder();
        Object[] values = {
            "COUNT",
            SystemPlace.VARS,
            "CASE_POINTER",
            SystemPlace.VARS + 4,
            "RESULT_POINTER",
            SystemPlace.VARS + 8,
            "CUR",
            SystemPlace.CUR,
            "SAVE",
            SystemPlace.SAVE,
            "WORLD",
            SystemPlace.WORLD,
            "HOME_STACK",
            SystemPlace.HOME_STACK,
            "CASE_SIZE",
            SystemPlace.CASE_SIZE,
            "PORT_DONE",
            SystemPlace.PORT_DONE,
            "PORT_END",
            SystemPlace.PORT_END,
            "TABLES",
            TABLES,
            "HIGH",
            HIGH,
            "CODE64",
            CODE_64,
            "DATA",
            DATA_32,
            "MSR_EFER",
            0xC0000080L,
            "MSR_FS",
            0xC0000100L,
            "HOME_EFER",
            HOME_EFER,
            "HOME_CR4",
            HOME_CR4,
            "STAR_HIGH",
            USER_CODE_32 << 16 | CODE_64,
            "SYSENTER_STACK",
            SystemPlace.WORLD + OTHER_STACK - 0x40,
            "SYSENTER_TARGET",
            target(),
            "SYSCALL_TARGET",
            target() + 2
        };
        for (int n = 0; n < values.length; n += 2) {
            equ(text, (String) values[n], ((Number) values[n + 1]).longValue());
        }
        Object[] current = {
            "GPR",
            0,
            "FRAME",
            FRAME,
            "FS_BASE",
            FS_BASE,
            "GS_BASE",
            GS_BASE,
            "KERNEL_BASE",
            KERNEL_BASE,
            "CR0",
            CR0,
            "CR4",
            CR4,
            "ES",
            ES,
            "DS",
            DS,
            "FS",
            FS,
            "GS",
            GS,
            "LDT",
            LDT,
            "TR",
            TR,
            "GDTR",
            GDTR,
            "IDTR",
            IDTR
        };
        for (int n = 0; n < current.length; n += 2) {
            equ(text, "CUR_" + current[n], SystemPlace.CUR + (int) current[n + 1]);
        }
        for (Field field : FIELDS) {
            equ(text, "SAVE_" + field.name.toUpperCase(java.util.Locale.ROOT), SystemPlace.SAVE + field.offset);
        }
        equ(text, "SAVE_GPR", SystemPlace.SAVE + SAVED_GPR);
        return text.toString();
    }

    /** Where gates and fast calls lead: to code that raises #UD at once. */
    static int target() {
        return SystemPlace.WORLD + SystemPlace.CODE + SystemPlace.CODE_BYTES - 32;
    }

    private static void equ(StringBuilder text, String name, long value) {
        text.append(name).append(" equ ").append(value).append('\n');
    }
}
