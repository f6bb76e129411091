package dev.cloister.emulator.cpu;

/**
 * The architectural state of one logical processor. Mutable; owned by one thread at a time. The caller converts it from
 * and to whatever holds the real state. Registers behind MSRs that the executor doesn't need at every instruction
 * (LSTAR and its kin, KernelGSBase, TSC_AUX) are reached through {@link CpuEnvironment} instead.
 */
public final class CpuState {
    /** Index of RAX; the other general registers follow in encoding order. */
    public static final int RAX = 0;
    /** Index of RCX. */
    public static final int RCX = 1;
    /** Index of RDX. */
    public static final int RDX = 2;
    /** Index of RBX. */
    public static final int RBX = 3;
    /** Index of RSP. */
    public static final int RSP = 4;
    /** Index of RBP. */
    public static final int RBP = 5;
    /** Index of RSI. */
    public static final int RSI = 6;
    /** Index of RDI. */
    public static final int RDI = 7;

    /** Index of ES; the others follow in encoding order. */
    public static final int ES = 0;
    /** Index of CS. */
    public static final int CS = 1;
    /** Index of SS. */
    public static final int SS = 2;
    /** Index of DS. */
    public static final int DS = 3;
    /** Index of FS. */
    public static final int FS = 4;
    /** Index of GS. */
    public static final int GS = 5;
    /** Index of LDTR, which is held like a segment register. */
    public static final int LDTR = 6;
    /** Index of TR, which is held like a segment register. */
    public static final int TR = 7;

    private final long[] gpr = new long[16];
    private long rip;
    private long rflags = Flags.RESERVED;
    private final SegmentRegister[] segments = new SegmentRegister[8];
    private final DescriptorTable gdtr = new DescriptorTable();
    private final DescriptorTable idtr = new DescriptorTable();
    private long cr0;
    private long cr2;
    private long cr3;
    private long cr4;
    private long cr8;
    private long efer;
    private long xcr0 = 1;
    private final long[] dr = new long[8];
    private final ExtendedState extended = new ExtendedState();
    private final PendingEvents events = new PendingEvents();
    private boolean interruptShadow;

    /** Makes a processor in its state after reset (Intel SDM vol. 3, table 9-1). */
    public CpuState() {
        for (int i = 0; i < segments.length; i++) {
            segments[i] = new SegmentRegister();
        }
        reset();
    }

    /** Returns to the state after reset. */
    public void reset() {
        xcr0 = 1;
        extended.reset();
        resetOthers();
    }

    /** All that INIT resets too. */
    private void resetOthers() {
        java.util.Arrays.fill(gpr, 0);
        java.util.Arrays.fill(dr, 0);
        dr[6] = 0xFFFF0FF0L;
        dr[7] = 0x400;
        rip = 0xFFF0;
        rflags = Flags.RESERVED;
        int data = SegmentRegister.PRESENT | SegmentRegister.NON_SYSTEM | SegmentRegister.WRITABLE | 1;
        for (int i = ES; i <= GS; i++) {
            segments[i].set(0, 0, 0xFFFF, data);
        }
        segments[CS].set(0xF000, 0xFFFF0000L, 0xFFFF, data | SegmentRegister.CODE);
        segments[LDTR].set(0, 0, 0xFFFF, SegmentRegister.PRESENT | 2);
        segments[TR].set(0, 0, 0xFFFF, SegmentRegister.PRESENT | 11);
        gdtr.set(0, 0xFFFF);
        idtr.set(0, 0xFFFF);
        cr0 = 0x60000010;
        cr2 = 0;
        cr3 = 0;
        cr4 = 0;
        cr8 = 0;
        efer = 0;
        events.reset();
        interruptShadow = false;
    }

    /**
     * As the INIT signal leaves it: as after reset, but the x87, vector and protection-key registers, XCR0, and CR0's cache bits stay (Intel
     * SDM vol. 3, table 9-1).
     *
     * @param signature what EDX receives: EAX of CPUID leaf 1
     */
    public void initialise(int signature) {
        long caching = cr0 & (ControlBits.CR0_CD | ControlBits.CR0_NW);
        resetOthers();
        cr0 = caching | ControlBits.CR0_ET;
        gpr[RDX] = signature & 0xFFFFFFFFL;
    }

    /**
     * Copies everything from another processor.
     *
     * @param other the source, unchanged
     */
    public void copyFrom(CpuState other) {
        System.arraycopy(other.gpr, 0, gpr, 0, gpr.length);
        System.arraycopy(other.dr, 0, dr, 0, dr.length);
        rip = other.rip;
        rflags = other.rflags;
        for (int i = 0; i < segments.length; i++) {
            segments[i].copyFrom(other.segments[i]);
        }
        gdtr.set(other.gdtr.base(), other.gdtr.limit());
        idtr.set(other.idtr.base(), other.idtr.limit());
        cr0 = other.cr0;
        cr2 = other.cr2;
        cr3 = other.cr3;
        cr4 = other.cr4;
        cr8 = other.cr8;
        efer = other.efer;
        xcr0 = other.xcr0;
        extended.copyFrom(other.extended);
        events.copyFrom(other.events);
        interruptShadow = other.interruptShadow;
    }

    /**
     * The operating mode that the present registers make.
     *
     * @return never null
     */
    public CpuMode mode() {
        if ((cr0 & ControlBits.CR0_PE) == 0) {
            return CpuMode.REAL;
        }
        SegmentRegister cs = segments[CS];
        if ((efer & ControlBits.EFER_LMA) != 0) {
            if (cs.has(SegmentRegister.LONG)) {
                return CpuMode.LONG_64;
            }
            return cs.has(SegmentRegister.DEFAULT_BIG) ? CpuMode.COMPATIBILITY_32 : CpuMode.COMPATIBILITY_16;
        }
        if ((rflags & Flags.VM) != 0) {
            return CpuMode.VIRTUAL_8086;
        }
        return cs.has(SegmentRegister.DEFAULT_BIG) ? CpuMode.PROTECTED_32 : CpuMode.PROTECTED_16;
    }

    /**
     * The current privilege level: 0 in real mode, 3 in virtual-8086 mode, else SS.DPL as the processor itself keeps it.
     *
     * @return 0 to 3
     */
    public int cpl() {
        if ((cr0 & ControlBits.CR0_PE) == 0) {
            return 0;
        }
        return (rflags & Flags.VM) != 0 ? 3 : segments[SS].dpl();
    }

    /**
     * The instruction pointer.
     *
     * @return an offset in CS
     */
    public long rip() {
        return rip;
    }

    /**
     * Sets the instruction pointer; nothing is checked.
     *
     * @param value an offset in CS
     */
    public void setRip(long value) {
        rip = value;
    }

    /**
     * RFLAGS.
     *
     * @return the flags, bit 1 set
     */
    public long rflags() {
        return rflags;
    }

    /**
     * Sets RFLAGS; nothing is checked.
     *
     * @param value the flags, bit 1 set
     */
    public void setRflags(long value) {
        rflags = value;
    }

    /**
     * CR0.
     *
     * @return the register
     */
    public long cr0() {
        return cr0;
    }

    /**
     * Sets CR0; nothing is checked.
     *
     * @param value the register
     */
    public void setCr0(long value) {
        cr0 = value;
    }

    /**
     * CR2.
     *
     * @return linear address of the last page fault
     */
    public long cr2() {
        return cr2;
    }

    /**
     * Sets CR2; nothing is checked.
     *
     * @param value linear address of the last page fault
     */
    public void setCr2(long value) {
        cr2 = value;
    }

    /**
     * CR3.
     *
     * @return the register
     */
    public long cr3() {
        return cr3;
    }

    /**
     * Sets CR3; nothing is checked.
     *
     * @param value the register
     */
    public void setCr3(long value) {
        cr3 = value;
    }

    /**
     * CR4.
     *
     * @return the register
     */
    public long cr4() {
        return cr4;
    }

    /**
     * Sets CR4; nothing is checked.
     *
     * @param value the register
     */
    public void setCr4(long value) {
        cr4 = value;
    }

    /**
     * CR8.
     *
     * @return the task priority, 0 to 15
     */
    public long cr8() {
        return cr8;
    }

    /**
     * Sets CR8; nothing is checked.
     *
     * @param value the task priority, 0 to 15
     */
    public void setCr8(long value) {
        cr8 = value;
    }

    /**
     * IA32_EFER.
     *
     * @return the register
     */
    public long efer() {
        return efer;
    }

    /**
     * Sets IA32_EFER; nothing is checked.
     *
     * @param value the register
     */
    public void setEfer(long value) {
        efer = value;
    }

    /**
     * XCR0.
     *
     * @return enabled state components
     */
    public long xcr0() {
        return xcr0;
    }

    /**
     * Sets XCR0; nothing is checked.
     *
     * @param value enabled state components
     */
    public void setXcr0(long value) {
        xcr0 = value;
    }

    /**
     * A general register.
     *
     * @param index 0 to 15 in encoding order (RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8...)
     * @return all 64 bits
     */
    public long gpr(int index) {
        return gpr[index];
    }

    /**
     * All general registers, for the processor's own code.
     *
     * @return the live array, in encoding order
     */
    public long[] gprs() {
        return gpr;
    }

    /**
     * Sets a general register.
     *
     * @param index 0 to 15 in encoding order
     * @param value all 64 bits
     */
    public void setGpr(int index, long value) {
        gpr[index] = value;
    }

    /**
     * A segment register.
     *
     * @param index {@link #ES} to {@link #TR}
     * @return the live object
     */
    public SegmentRegister segment(int index) {
        return segments[index];
    }

    /**
     * The global descriptor table's register.
     *
     * @return the live object
     */
    public DescriptorTable gdtr() {
        return gdtr;
    }

    /**
     * The interrupt descriptor table's register.
     *
     * @return the live object
     */
    public DescriptorTable idtr() {
        return idtr;
    }

    /**
     * A debug register.
     *
     * @param index 0 to 7
     * @return the register
     */
    public long dr(int index) {
        return dr[index];
    }

    /**
     * Sets a debug register; nothing is checked.
     *
     * @param index 0 to 7
     * @param value the register
     */
    public void setDr(int index, long value) {
        dr[index] = value;
    }

    /**
     * x87, SSE and AVX state.
     *
     * @return the live object
     */
    public ExtendedState extended() {
        return extended;
    }

    /**
     * Events that wait for this processor.
     *
     * @return the live object
     */
    public PendingEvents events() {
        return events;
    }

    /**
     * Whether the last instruction (STI, MOV SS, POP SS) holds interrupts off for one more instruction.
     *
     * @return true in the shadow
     */
    public boolean interruptShadow() {
        return interruptShadow;
    }

    /**
     * Sets the interrupt shadow.
     *
     * @param value true in the shadow
     */
    public void setInterruptShadow(boolean value) {
        interruptShadow = value;
    }

    /**
     * Whether a flag of RFLAGS is set.
     *
     * @param mask one of {@link Flags}, or several, of which any
     * @return true if so
     */
    public boolean flag(long mask) {
        return (rflags & mask) != 0;
    }

    /**
     * Whether a bit of CR0 is set.
     *
     * @param mask one of {@link ControlBits}
     * @return true if so
     */
    public boolean flagCr0(long mask) {
        return (cr0 & mask) != 0;
    }

    /**
     * Whether IA-32e mode is active (EFER.LMA).
     *
     * @return true in 64-bit and compatibility mode
     */
    public boolean isLongActive() {
        return (efer & ControlBits.EFER_LMA) != 0;
    }
}
