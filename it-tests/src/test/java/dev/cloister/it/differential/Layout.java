package dev.cloister.it.differential;

/**
 * Where everything lies in the machine that both sides run: guest-physical frames, and the linear addresses by which they are mapped.
 * The test area (code, data, read-only and supervisor pages) lies below 2 GiB, so that absolute displacements and 32-bit addresses reach it.
 */
final class Layout {
    static final int PAGE = 4096;
    static final int RAM = 0x800000;

    static final long TABLES = 0x10000;
    static final long GDT = 0x40000;
    static final long LDT = GDT + 0x200;
    static final long IDT = 0x41000;
    static final long TSS = 0x42000;
    static final long STUBS = 0x43000;
    static final long STACK = 0x44000;
    static final long LOADER = 0x46000;
    static final long CONTROL = 0x48000;
    static final long CODE = 0x50000;
    static final long DATA = 0x54000;
    static final long READ_ONLY = 0x58000;
    static final long SUPERVISOR = 0x59000;
    static final long TEMPLATE = 0x60000;
    /** The end of the stack on which a native process handles signals. */
    static final long SIGNAL_STACK = 0xA0000;

    static final int SIGNAL_STACK_BYTES = 0x30000;
    static final long CASES = 0x100000;
    static final long RESULTS = 0x200000;

    /** Every frame is mapped once more at this distance, for the loader. */
    static final long ALIAS = 0x70000000L;

    /** Two pages that user code may read and execute; what follows is not mapped. */
    static final long CODE_LINEAR = 0x10000000L;
    /** Two pages that user code may read and write, not execute; what follows is not mapped. */
    static final long DATA_LINEAR = 0x20000000L;

    static final long READ_ONLY_LINEAR = 0x20010000L;
    static final long SUPERVISOR_LINEAR = 0x20011000L;
    static final int CODE_BYTES = 2 * PAGE;
    static final int DATA_BYTES = 2 * PAGE;

    static final long STACK_TOP = ALIAS + STACK + PAGE;
    /** Bytes of a stub of one vector. */
    static final int STUB = 32;

    static final int VECTORS = 32;

    static final int KERNEL_CODE = 0x10;
    static final int FLAT_CODE = 0x23;
    static final int USER_DATA = 0x2B;
    static final int USER_CODE = 0x33;
    static final int TSS_SELECTOR = 0x40;
    static final int LDT_SELECTOR = 0x50;

    // The control page.
    static final int CASE_POINTER = 0;
    static final int RESULT_POINTER = 8;
    static final int COUNT = 16;
    static final int DONE = 24;
    static final int KEPT = 32;
    /** What the stubs return through: to the saver. */
    static final int SAVE_FRAME = 64;
    /** What the start returns through: to the first case. */
    static final int START_FRAME = 112;
    /** What a case is entered through. */
    static final int ENTRY_FRAME = 160;

    // A case.
    static final int CASE_SIZE = 0x600;
    static final int CASE_CODE_AT = 0;
    static final int CASE_CODE = 8;
    static final int CASE_GPR = 40;
    static final int CASE_FRAME = 168;
    static final int CASE_FS = 208;
    static final int CASE_GS = 216;
    static final int CASE_PATCH_AT = 224;
    /** DS, ES, FS, GS, two bytes each. */
    static final int CASE_SELECTORS = 232;

    static final int CASE_XSAVE = 256;
    static final int CASE_PATCH = 0x480;
    static final int PATCH_BYTES = 128;
    /** Bytes of code restored before and erased after each case. */
    static final int CODE_SLOT = 32;

    // A result.
    static final int RESULT_SIZE = 0x2600;
    static final int RESULT_GPR = 0;
    static final int RESULT_FS = 128;
    static final int RESULT_GS = 136;
    /** CR2, RAX, vector, error code, RIP, CS, RFLAGS, RSP, SS, as they stand on the stack. */
    static final int RESULT_FRAME = 144;

    static final int FRAME_WORDS = 9;
    /** DS, ES, FS, GS, two bytes each. */
    static final int RESULT_SELECTORS = 216;

    static final int RESULT_XSAVE = 256;
    static final int RESULT_DATA = 0x600;

    static final int XSAVE_BYTES = 832;
    static final int BATCH = 512;

    static final long CR0 = 0x80050033L;
    /** PAE, OSFXSR, OSXMMEXCPT, UMIP, FSGSBASE, OSXSAVE. */
    static final long CR4 = 0x50E20L;

    static final long EFER = 0xD01;
    static final byte FILLER = (byte) 0xCC;

    private Layout() {}

    /** The linear address of a vector's stub. */
    static long stub(int vector) {
        return ALIAS + STUBS + (long) STUB * vector;
    }
}
