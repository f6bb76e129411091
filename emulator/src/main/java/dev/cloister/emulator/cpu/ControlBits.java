package dev.cloister.emulator.cpu;

/** Bits of CR0, CR4 (Intel SDM vol. 3, 2.5) and IA32_EFER (2.2.1). */
public final class ControlBits {
    /** CR0.PE: Protection enable. */
    public static final long CR0_PE = 1;
    /** CR0.MP: Monitor coprocessor. */
    public static final long CR0_MP = 1L << 1;
    /** CR0.EM: Emulation: no x87. */
    public static final long CR0_EM = 1L << 2;
    /** CR0.TS: Task switched. */
    public static final long CR0_TS = 1L << 3;
    /** CR0.ET: Extension type, always 1. */
    public static final long CR0_ET = 1L << 4;
    /** CR0.NE: Numeric error: x87 errors as #MF. */
    public static final long CR0_NE = 1L << 5;
    /** CR0.WP: Write protect also for supervisor code. */
    public static final long CR0_WP = 1L << 16;
    /** CR0.AM: Alignment mask. */
    public static final long CR0_AM = 1L << 18;
    /** CR0.NW: Not write-through. */
    public static final long CR0_NW = 1L << 29;
    /** CR0.CD: Cache disable. */
    public static final long CR0_CD = 1L << 30;
    /** CR0.PG: Paging. */
    public static final long CR0_PG = 1L << 31;
    /** CR4.VME: Virtual-8086 mode extensions. */
    public static final long CR4_VME = 1;
    /** CR4.PVI: Protected-mode virtual interrupts. */
    public static final long CR4_PVI = 1L << 1;
    /** CR4.TSD: Time stamp disable. */
    public static final long CR4_TSD = 1L << 2;
    /** CR4.DE: Debugging extensions. */
    public static final long CR4_DE = 1L << 3;
    /** CR4.PSE: 4 MiB pages. */
    public static final long CR4_PSE = 1L << 4;
    /** CR4.PAE: Physical address extension. */
    public static final long CR4_PAE = 1L << 5;
    /** CR4.MCE: Machine check. */
    public static final long CR4_MCE = 1L << 6;
    /** CR4.PGE: Global pages. */
    public static final long CR4_PGE = 1L << 7;
    /** CR4.PCE: RDPMC at CPL 3. */
    public static final long CR4_PCE = 1L << 8;
    /** CR4.OSFXSR: FXSAVE and SSE. */
    public static final long CR4_OSFXSR = 1L << 9;
    /** CR4.OSXMMEXCPT: SIMD exceptions as #XM. */
    public static final long CR4_OSXMMEXCPT = 1L << 10;
    /** CR4.UMIP: User-mode instruction prevention. */
    public static final long CR4_UMIP = 1L << 11;
    /** CR4.LA57: 57-bit linear addresses. */
    public static final long CR4_LA57 = 1L << 12;
    /** CR4.VMXE: VMX. */
    public static final long CR4_VMXE = 1L << 13;
    /** CR4.SMXE: SMX. */
    public static final long CR4_SMXE = 1L << 14;
    /** CR4.FSGSBASE: RDFSBASE and kin. */
    public static final long CR4_FSGSBASE = 1L << 16;
    /** CR4.PCIDE: Process-context identifiers. */
    public static final long CR4_PCIDE = 1L << 17;
    /** CR4.OSXSAVE: XSAVE and extended states. */
    public static final long CR4_OSXSAVE = 1L << 18;
    /** CR4.SMEP: Supervisor-mode execution prevention. */
    public static final long CR4_SMEP = 1L << 20;
    /** CR4.SMAP: Supervisor-mode access prevention. */
    public static final long CR4_SMAP = 1L << 21;
    /** CR4.PKE: Protection keys for user pages. */
    public static final long CR4_PKE = 1L << 22;
    /** CR4.CET: Control-flow enforcement. */
    public static final long CR4_CET = 1L << 23;
    /** CR4.PKS: Protection keys for supervisor pages. */
    public static final long CR4_PKS = 1L << 24;
    /** EFER.SCE: SYSCALL enable. */
    public static final long EFER_SCE = 1;
    /** EFER.LME: IA-32e mode enable. */
    public static final long EFER_LME = 1L << 8;
    /** EFER.LMA: IA-32e mode active. */
    public static final long EFER_LMA = 1L << 10;
    /** EFER.NXE: Execute-disable enable. */
    public static final long EFER_NXE = 1L << 11;

    private ControlBits() {}
}
