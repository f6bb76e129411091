package dev.cloister.vmm.loader;

import dev.cloister.vmm.loader.EntryState.General;
import dev.cloister.vmm.loader.EntryState.Mode;
import dev.cloister.vmm.loader.EntryState.Segment;
import dev.cloister.vmm.loader.EntryState.Table;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Makes entry states, with the descriptor and page tables that they need placed in guest memory. */
final class Entries {
    /** The address space that identity-mapped page tables cover. */
    static final long IDENTITY_BYTES = MemoryMap.FOUR_GIB;

    private static final long RFLAGS_FIXED = 0x2;
    private static final long CR0_PE = 1;
    private static final long CR0_ET = 1 << 4;
    private static final long CR0_PG = 1L << 31;
    private static final long CR4_PAE = 1 << 5;
    private static final long EFER_LME_LMA = 0x500;
    private static final long RESET_CR0 = 0x6000_0010;

    /** Code as the Linux boot protocol names it, __BOOT_CS; data, __BOOT_DS, is next. */
    private static final int LINUX_CODE = 0x10;

    /**
     * Multiboot and PVH leave selectors open, but xv6 and others go on with those that they find: code and data where most kernels have
     * them in their own tables, and where other loaders have them as well.
     */
    private static final int FIRST_CODE = 0x08;

    private static final long DATA_DESCRIPTOR = 0x00cf_9300_0000_ffffL;
    private static final long CODE32_DESCRIPTOR = 0x00cf_9b00_0000_ffffL;
    private static final long CODE64_DESCRIPTOR = 0x00af_9b00_0000_ffffL;
    private static final int GDT_BYTES = 4 * 8;
    private static final int STACK_BYTES = 4096;
    private static final int TYPE_CODE = 11;
    private static final int TYPE_DATA = 3;
    private static final long FLAT_LIMIT = 0xffff_ffffL;

    private static final int ENTRIES_PER_TABLE = 512;
    private static final int TABLE_BYTES = 4096;
    private static final int DIRECTORIES = 4;
    private static final long PRESENT_WRITABLE = 3;
    private static final long PRESENT_WRITABLE_LARGE = 0x83;
    private static final long LARGE_PAGE = 2L << 20;

    private Entries() {}

    /** Real mode at a flat address below 1 MiB, the boot drive in DL as a BIOS passes it. */
    static EntryState flat(int gpa) {
        int selector = gpa <= 0xffff ? 0 : gpa >> 4;
        long ip = gpa - ((long) selector << 4);
        long bootDrive = 0x80;
        General general = new General(ip, LoadOptions.DEFAULT_FLAT_ADDRESS, RFLAGS_FIXED, 0, 0, bootDrive, 0);
        return real(general, realSegment(selector, (long) selector << 4, TYPE_CODE));
    }

    /** The reset vector (Intel SDM volume 3, section 10.1.4): CS base 0xffff0000, IP 0xfff0; DX is the CPU signature. */
    static EntryState reset() {
        General general = new General(0xfff0, 0, RFLAGS_FIXED, 0, 0, 0x600, 0);
        return real(general, realSegment(0xf000, 0xffff_0000L, TYPE_CODE));
    }

    private static EntryState real(General general, Segment code) {
        Table table = new Table(0, 0xffff);
        return new EntryState(
                Mode.REAL16,
                general,
                code,
                realSegment(0, 0, TYPE_DATA),
                system(TYPE_CODE, 0xffff),
                system(2, 0xffff),
                table,
                table,
                RESET_CR0,
                0,
                0,
                0);
    }

    /** Protected mode without paging, with a GDT and a one-page stack placed. */
    static EntryState protected32(Plan plan, long eip, long eax, long ebx) throws ImageException {
        return protected32(plan, FIRST_CODE, new General(eip, 0, RFLAGS_FIXED, eax, ebx, 0, 0));
    }

    /** Protected mode as the 32-bit boot protocol of Linux asks: ESI points to boot_params, the other registers are 0. */
    static EntryState linux32(Plan plan, long eip, long esi) throws ImageException {
        return protected32(plan, LINUX_CODE, new General(eip, 0, RFLAGS_FIXED, 0, 0, 0, esi));
    }

    private static EntryState protected32(Plan plan, int selector, General start) throws ImageException {
        long gdt = placeGdt(plan, selector, CODE32_DESCRIPTOR);
        long stack = plan.allocate("boot stack", STACK_BYTES, Plan.LOWEST, MemoryMap.FOUR_GIB, false);
        return new EntryState(
                Mode.PROTECTED32,
                start.withStack(stack + STACK_BYTES),
                code(selector, false),
                data(selector),
                system(TYPE_CODE, 0x67),
                system(2, 0xffff),
                new Table(gdt, GDT_BYTES - 1),
                new Table(0, 0),
                CR0_PE | CR0_ET,
                0,
                0,
                0);
    }

    /** 64-bit mode on page tables that map the first 4 GiB to themselves, with a GDT and a one-page stack placed. */
    static EntryState long64(Plan plan, long rip, long rsi) throws ImageException {
        long gdt = placeGdt(plan, LINUX_CODE, CODE64_DESCRIPTOR);
        long stack = plan.allocate("boot stack", STACK_BYTES, Plan.LOWEST, MemoryMap.FOUR_GIB, false);
        long tables = placeIdentityTables(plan);
        return new EntryState(
                Mode.LONG64,
                new General(rip, stack + STACK_BYTES, RFLAGS_FIXED, 0, 0, 0, rsi),
                code(LINUX_CODE, true),
                data(LINUX_CODE),
                system(TYPE_CODE, 0x67),
                system(2, 0xffff),
                new Table(gdt, GDT_BYTES - 1),
                new Table(0, 0),
                CR0_PE | CR0_ET | CR0_PG,
                tables,
                CR4_PAE,
                EFER_LME_LMA);
    }

    /** Every guest that is entered past the BIOS gets a GDT, and finds what the BIOS would have left. */
    private static long placeGdt(Plan plan, int selector, long codeDescriptor) throws ImageException {
        BiosDataArea.place(plan);
        BiosServices.place(plan);
        ByteBuffer gdt = buffer(GDT_BYTES);
        gdt.putLong(selector, codeDescriptor).putLong(selector + 8, DATA_DESCRIPTOR);
        return plan.place("GDT", MemorySegment.ofBuffer(gdt), Plan.LOWEST, MemoryMap.FOUR_GIB);
    }

    /** PML4, one page-directory-pointer table and four directories of 2 MiB pages (Intel SDM volume 3, section 5.5). */
    private static long placeIdentityTables(Plan plan) throws ImageException {
        int bytes = (2 + DIRECTORIES) * TABLE_BYTES;
        long gpa = plan.allocate("page tables", bytes, Plan.LOWEST, MemoryMap.FOUR_GIB, false);
        ByteBuffer tables = buffer(bytes);
        tables.putLong(0, gpa + TABLE_BYTES | PRESENT_WRITABLE);
        for (int i = 0; i < DIRECTORIES; i++) {
            tables.putLong(TABLE_BYTES + i * 8, gpa + (2L + i) * TABLE_BYTES | PRESENT_WRITABLE);
        }
        for (int i = 0; i < DIRECTORIES * ENTRIES_PER_TABLE; i++) {
            tables.putLong(2 * TABLE_BYTES + i * 8, i * LARGE_PAGE | PRESENT_WRITABLE_LARGE);
        }
        plan.fill("page tables", gpa, MemorySegment.ofBuffer(tables));
        return gpa;
    }

    static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static Segment code(int selector, boolean longMode) {
        return new Segment(selector, 0, FLAT_LIMIT, TYPE_CODE, false, 0, true, !longMode, longMode, true);
    }

    private static Segment data(int code) {
        return new Segment(code + 8, 0, FLAT_LIMIT, TYPE_DATA, false, 0, true, true, false, true);
    }

    private static Segment realSegment(int selector, long base, int type) {
        return new Segment(selector, base, 0xffff, type, false, 0, true, false, false, false);
    }

    private static Segment system(int type, long limit) {
        return new Segment(0, 0, limit, type, true, 0, true, false, false, false);
    }
}
