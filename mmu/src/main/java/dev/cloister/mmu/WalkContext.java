package dev.cloister.mmu;

/**
 * What the processor's registers say about translation, derived once and reused for many walks. Mutable, for one thread; nothing is
 * allocated after construction.
 */
public final class WalkContext {
    private static final long CR0_WP = 1L << 16;
    private static final long CR4_PSE = 1L << 4;
    private static final long CR4_PAE = 1L << 5;
    private static final long CR4_PGE = 1L << 7;
    private static final long CR4_SMEP = 1L << 20;
    private static final long CR4_SMAP = 1L << 21;
    private static final long CR4_PKE = 1L << 22;
    private static final long CR4_PKS = 1L << 24;
    private static final long EFER_NXE = 1L << 11;
    private static final long RFLAGS_AC = 1L << 18;
    private static final int SMALLEST_MAXPHYADDR = 32;
    private static final int LARGEST_MAXPHYADDR = 52;

    final int maxPhyAddr;
    final boolean gigabytePages;

    PagingMode mode = PagingMode.NONE;
    long cr3;
    boolean userMode;
    boolean ac;
    boolean writeProtect;
    boolean pse;
    boolean pge;
    boolean nxe;
    boolean smep;
    boolean smap;
    boolean pke;
    boolean pks;
    boolean fetchReported;
    int pkru;
    int pkrs;

    /**
     * A context for a processor of this width; without paging, at CPL 0, until {@link #set} is called.
     *
     * @param maxPhyAddr MAXPHYADDR, CPUID 0x80000008 EAX 7:0; 32 to 52
     * @param gigabytePages whether CPUID 0x80000001 EDX bit 26 tells of 1 GiB pages
     */
    public WalkContext(int maxPhyAddr, boolean gigabytePages) {
        if (maxPhyAddr < SMALLEST_MAXPHYADDR || maxPhyAddr > LARGEST_MAXPHYADDR) {
            throw new IllegalArgumentException("MAXPHYADDR " + maxPhyAddr + " is not possible; expected "
                    + SMALLEST_MAXPHYADDR + " to " + LARGEST_MAXPHYADDR);
        }
        this.maxPhyAddr = maxPhyAddr;
        this.gigabytePages = gigabytePages;
    }

    /** A context for a processor with 52 physical address bits and 1 GiB pages. */
    public WalkContext() {
        this(LARGEST_MAXPHYADDR, true);
    }

    /**
     * A context for the same processor as another; without paging until {@link #set} is called.
     *
     * @param other whose address width and page sizes this one takes
     */
    public WalkContext(WalkContext other) {
        this(other.maxPhyAddr, other.gigabytePages);
    }

    /**
     * Takes over the registers.
     *
     * @param cr0 CR0
     * @param cr3 CR3
     * @param cr4 CR4
     * @param efer IA32_EFER
     * @param cpl current privilege level, 0 to 3
     * @param rflags RFLAGS, for AC
     * @return this
     */
    public WalkContext set(long cr0, long cr3, long cr4, long efer, int cpl, long rflags) {
        this.mode = PagingMode.of(cr0, cr4, efer);
        this.cr3 = cr3;
        this.userMode = cpl == 3;
        this.ac = (rflags & RFLAGS_AC) != 0;
        this.writeProtect = (cr0 & CR0_WP) != 0;
        this.pse = (cr4 & CR4_PSE) != 0;
        this.pge = (cr4 & CR4_PGE) != 0;
        this.nxe = (efer & EFER_NXE) != 0;
        this.smep = (cr4 & CR4_SMEP) != 0;
        this.smap = (cr4 & CR4_SMAP) != 0;
        this.pke = (cr4 & CR4_PKE) != 0;
        this.pks = (cr4 & CR4_PKS) != 0;
        this.fetchReported = smep || ((cr4 & CR4_PAE) != 0 && nxe);
        return this;
    }

    /**
     * Takes over the protection-key rights; they matter only where CR4.PKE or CR4.PKS is 1.
     *
     * @param pkru PKRU, for user-mode addresses
     * @param pkrs IA32_PKRS, for supervisor-mode addresses
     * @return this
     */
    public WalkContext protectionKeys(int pkru, int pkrs) {
        this.pkru = pkru;
        this.pkrs = pkrs;
        return this;
    }

    /**
     * The paging mode in force.
     *
     * @return the mode
     */
    public PagingMode mode() {
        return mode;
    }

    /**
     * Whether page-fault error codes tell of instruction fetches.
     *
     * @return true if CR4.SMEP is 1, or CR4.PAE and IA32_EFER.NXE are
     */
    public boolean isFetchReported() {
        return fetchReported;
    }
}
