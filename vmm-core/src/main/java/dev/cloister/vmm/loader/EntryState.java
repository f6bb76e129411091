package dev.cloister.vmm.loader;

/**
 * The state of the first vCPU at a guest's first instruction. Registers that are not named here are as after reset
 * (Intel SDM volume 3, section 10.1.1, table 10-1).
 *
 * @param mode the processor mode that the other fields describe
 * @param general general registers, RIP and RFLAGS
 * @param cs code segment
 * @param data the segment in DS, ES, FS, GS and SS
 * @param tr task register
 * @param ldt local descriptor table register
 * @param gdtr global descriptor table
 * @param idtr interrupt descriptor table
 * @param cr0 control register 0
 * @param cr3 control register 3: guest-physical address of the top page table, 0 without paging
 * @param cr4 control register 4
 * @param efer IA32_EFER
 */
public record EntryState(
        Mode mode,
        General general,
        Segment cs,
        Segment data,
        Segment tr,
        Segment ldt,
        Table gdtr,
        Table idtr,
        long cr0,
        long cr3,
        long cr4,
        long efer) {
    /** Processor modes at entry. */
    public enum Mode {
        /** Real-address mode. */
        REAL16,
        /** Protected mode, flat 32-bit segments, no paging. */
        PROTECTED32,
        /** 64-bit mode with 4-level paging. */
        LONG64
    }

    /**
     * General registers at entry; those not named are 0.
     *
     * @param rip instruction pointer, an offset in CS
     * @param rsp stack pointer
     * @param rflags flags; bit 1 is always set, IF is clear
     * @param rax RAX
     * @param rbx RBX
     * @param rdx RDX
     * @param rsi RSI
     */
    public record General(long rip, long rsp, long rflags, long rax, long rbx, long rdx, long rsi) {
        /** The same with another stack pointer. */
        General withStack(long top) {
            return new General(rip, top, rflags, rax, rbx, rdx, rsi);
        }
    }

    /**
     * A segment register with its hidden part.
     *
     * @param selector the visible part
     * @param base linear base address
     * @param limit last offset, in bytes (granularity already applied)
     * @param type 4-bit descriptor type (Intel SDM volume 3, section 3.4.5.1 and 3.5)
     * @param system true for LDT and TSS (the descriptor's S bit clear)
     * @param dpl privilege level
     * @param present P bit
     * @param big D/B bit: 32-bit default size
     * @param longMode L bit: 64-bit code
     * @param granular G bit: the limit counts pages
     */
    public record Segment(
            int selector,
            long base,
            long limit,
            int type,
            boolean system,
            int dpl,
            boolean present,
            boolean big,
            boolean longMode,
            boolean granular) {}

    /**
     * A descriptor table register.
     *
     * @param base linear base address
     * @param limit last offset, in bytes
     */
    public record Table(long base, int limit) {}
}
