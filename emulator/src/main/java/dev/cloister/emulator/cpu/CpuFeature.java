package dev.cloister.emulator.cpu;

/**
 * What CPUID can say about a processor, one constant for each feature bit that this emulator knows (Intel SDM vol. 2,
 * CPUID). Each has its place in CPUID. Bits that follow the processor's state (OSXSAVE, OSPKE, APIC) or the topology
 * (HTT) are not features of a model and are missing here, apart from APIC, which says that there is one at all.
 */
public enum CpuFeature {
    /** Streaming SIMD extensions 3. */
    SSE3(Word.LEAF_1_ECX, 0),
    /** Carry-less multiplication. */
    PCLMULQDQ(Word.LEAF_1_ECX, 1),
    /** MONITOR and MWAIT. */
    MONITOR(Word.LEAF_1_ECX, 3),
    /** Virtual machine extensions. */
    VMX(Word.LEAF_1_ECX, 5),
    /** Safer mode extensions. */
    SMX(Word.LEAF_1_ECX, 6),
    /** Supplemental streaming SIMD extensions 3. */
    SSSE3(Word.LEAF_1_ECX, 9),
    /** Fused multiply-add. */
    FMA(Word.LEAF_1_ECX, 12),
    /** CMPXCHG16B. */
    CX16(Word.LEAF_1_ECX, 13),
    /** Process-context identifiers. */
    PCID(Word.LEAF_1_ECX, 17),
    /** Streaming SIMD extensions 4.1. */
    SSE4_1(Word.LEAF_1_ECX, 19),
    /** Streaming SIMD extensions 4.2. */
    SSE4_2(Word.LEAF_1_ECX, 20),
    /** The interrupt controller's MSR interface. */
    X2APIC(Word.LEAF_1_ECX, 21),
    /** MOVBE. */
    MOVBE(Word.LEAF_1_ECX, 22),
    /** POPCNT. */
    POPCNT(Word.LEAF_1_ECX, 23),
    /** The local timer's one-shot mode by time stamp. */
    TSC_DEADLINE(Word.LEAF_1_ECX, 24),
    /** AES rounds. */
    AES(Word.LEAF_1_ECX, 25),
    /** XSAVE, XRSTOR, XGETBV, XSETBV. */
    XSAVE(Word.LEAF_1_ECX, 26),
    /** Advanced vector extensions. */
    AVX(Word.LEAF_1_ECX, 28),
    /** Half-precision conversions. */
    F16C(Word.LEAF_1_ECX, 29),
    /** RDRAND. */
    RDRAND(Word.LEAF_1_ECX, 30),
    /** A hypervisor is present. */
    HYPERVISOR(Word.LEAF_1_ECX, 31),

    /** The floating-point unit. */
    FPU(Word.LEAF_1_EDX, 0),
    /** Virtual-8086 mode extensions. */
    VME(Word.LEAF_1_EDX, 1),
    /** Debugging extensions: I/O breakpoints. */
    DE(Word.LEAF_1_EDX, 2),
    /** 4 MiB pages. */
    PSE(Word.LEAF_1_EDX, 3),
    /** The time-stamp counter. */
    TSC(Word.LEAF_1_EDX, 4),
    /** RDMSR and WRMSR. */
    MSR(Word.LEAF_1_EDX, 5),
    /** Physical address extension. */
    PAE(Word.LEAF_1_EDX, 6),
    /** Machine-check exception. */
    MCE(Word.LEAF_1_EDX, 7),
    /** CMPXCHG8B. */
    CX8(Word.LEAF_1_EDX, 8),
    /** A local interrupt controller. */
    APIC(Word.LEAF_1_EDX, 9),
    /** SYSENTER and SYSEXIT. */
    SEP(Word.LEAF_1_EDX, 11),
    /** Memory type range registers. */
    MTRR(Word.LEAF_1_EDX, 12),
    /** Global pages. */
    PGE(Word.LEAF_1_EDX, 13),
    /** Machine-check architecture. */
    MCA(Word.LEAF_1_EDX, 14),
    /** Conditional moves. */
    CMOV(Word.LEAF_1_EDX, 15),
    /** Page attribute table. */
    PAT(Word.LEAF_1_EDX, 16),
    /** 4 MiB pages above 4 GiB. */
    PSE36(Word.LEAF_1_EDX, 17),
    /** CLFLUSH. */
    CLFSH(Word.LEAF_1_EDX, 19),
    /** MMX. */
    MMX(Word.LEAF_1_EDX, 23),
    /** FXSAVE and FXRSTOR. */
    FXSR(Word.LEAF_1_EDX, 24),
    /** Streaming SIMD extensions. */
    SSE(Word.LEAF_1_EDX, 25),
    /** Streaming SIMD extensions 2. */
    SSE2(Word.LEAF_1_EDX, 26),

    /** RDFSBASE and its kin. */
    FSGSBASE(Word.LEAF_7_EBX, 0),
    /** IA32_TSC_ADJUST. */
    TSC_ADJUST(Word.LEAF_7_EBX, 1),
    /** Software guard extensions. */
    SGX(Word.LEAF_7_EBX, 2),
    /** Bit manipulation, first set. */
    BMI1(Word.LEAF_7_EBX, 3),
    /** Advanced vector extensions 2. */
    AVX2(Word.LEAF_7_EBX, 5),
    /** Supervisor-mode execution prevention. */
    SMEP(Word.LEAF_7_EBX, 7),
    /** Bit manipulation, second set. */
    BMI2(Word.LEAF_7_EBX, 8),
    /** Fast REP MOVSB and STOSB. */
    ERMS(Word.LEAF_7_EBX, 9),
    /** INVPCID. */
    INVPCID(Word.LEAF_7_EBX, 10),
    /** Restricted transactional memory. */
    RTM(Word.LEAF_7_EBX, 11),
    /** AVX-512 foundation; stands for all of AVX-512. */
    AVX512F(Word.LEAF_7_EBX, 16),
    /** RDSEED. */
    RDSEED(Word.LEAF_7_EBX, 18),
    /** ADCX and ADOX. */
    ADX(Word.LEAF_7_EBX, 19),
    /** Supervisor-mode access prevention. */
    SMAP(Word.LEAF_7_EBX, 20),
    /** CLFLUSHOPT. */
    CLFLUSHOPT(Word.LEAF_7_EBX, 23),
    /** CLWB. */
    CLWB(Word.LEAF_7_EBX, 24),
    /** SHA rounds. */
    SHA(Word.LEAF_7_EBX, 29),

    /** User-mode instruction prevention. */
    UMIP(Word.LEAF_7_ECX, 2),
    /** Protection keys of user pages. */
    PKU(Word.LEAF_7_ECX, 3),
    /** TPAUSE, UMONITOR, UMWAIT. */
    WAITPKG(Word.LEAF_7_ECX, 5),
    /** Shadow stacks. */
    CET_SS(Word.LEAF_7_ECX, 7),
    /** Galois-field instructions. */
    GFNI(Word.LEAF_7_ECX, 8),
    /** AES rounds on 256 bits. */
    VAES(Word.LEAF_7_ECX, 9),
    /** Carry-less multiplication on 256 bits. */
    VPCLMULQDQ(Word.LEAF_7_ECX, 10),
    /** 57-bit linear addresses. */
    LA57(Word.LEAF_7_ECX, 16),
    /** RDPID. */
    RDPID(Word.LEAF_7_ECX, 22),
    /** CLDEMOTE. */
    CLDEMOTE(Word.LEAF_7_ECX, 25),
    /** MOVDIRI. */
    MOVDIRI(Word.LEAF_7_ECX, 27),
    /** MOVDIR64B. */
    MOVDIR64B(Word.LEAF_7_ECX, 28),

    /** Fast short REP MOVSB. */
    FSRM(Word.LEAF_7_EDX, 4),
    /** User interrupts. */
    UINTR(Word.LEAF_7_EDX, 5),
    /** VERW overwrites what buffers hold. */
    MD_CLEAR(Word.LEAF_7_EDX, 10),
    /** SERIALIZE. */
    SERIALIZE(Word.LEAF_7_EDX, 14),
    /** XSUSLDTRK and XRESLDTRK. */
    TSXLDTRK(Word.LEAF_7_EDX, 16),
    /** PCONFIG. */
    PCONFIG(Word.LEAF_7_EDX, 18),
    /** IA32_SPEC_CTRL.IBRS and IA32_PRED_CMD. */
    SPEC_CTRL(Word.LEAF_7_EDX, 26),
    /** IA32_SPEC_CTRL.STIBP. */
    STIBP(Word.LEAF_7_EDX, 27),
    /** IA32_ARCH_CAPABILITIES. */
    ARCH_CAPABILITIES(Word.LEAF_7_EDX, 29),
    /** IA32_SPEC_CTRL.SSBD. */
    SSBD(Word.LEAF_7_EDX, 31),

    /** Vector neural network instructions under VEX. */
    AVX_VNNI(Word.LEAF_7_1_EAX, 4),
    /** WRMSRNS. */
    WRMSRNS(Word.LEAF_7_1_EAX, 19),

    /** XSAVEOPT. */
    XSAVEOPT(Word.LEAF_D_1_EAX, 0),
    /** XSAVEC and the compacted format. */
    XSAVEC(Word.LEAF_D_1_EAX, 1),
    /** XGETBV with ECX = 1. */
    XGETBV_ECX_1(Word.LEAF_D_1_EAX, 2),
    /** XSAVES, XRSTORS and IA32_XSS. */
    XSAVES(Word.LEAF_D_1_EAX, 3),

    /** PTWRITE. */
    PTWRITE(Word.LEAF_14_EBX, 4),
    /** The local timer runs in every idle state. */
    ARAT(Word.LEAF_6_EAX, 2),

    /** LAHF and SAHF in 64-bit mode. */
    LAHF_LM(Word.LEAF_80000001_ECX, 0),
    /** AMD's secure virtual machine. */
    SVM(Word.LEAF_80000001_ECX, 2),
    /** LZCNT. */
    LZCNT(Word.LEAF_80000001_ECX, 5),
    /** PREFETCHW. */
    PREFETCHW(Word.LEAF_80000001_ECX, 8),
    /** MONITORX and MWAITX. */
    MONITORX(Word.LEAF_80000001_ECX, 29),
    /** SYSCALL and SYSRET. */
    SYSCALL(Word.LEAF_80000001_EDX, 11),
    /** Execution can be forbidden by page. */
    NX(Word.LEAF_80000001_EDX, 20),
    /** 1 GiB pages. */
    PAGE_1GB(Word.LEAF_80000001_EDX, 26),
    /** RDTSCP. */
    RDTSCP(Word.LEAF_80000001_EDX, 27),
    /** Long mode. */
    LM(Word.LEAF_80000001_EDX, 29),
    /** The time-stamp counter runs at a constant rate. */
    INVARIANT_TSC(Word.LEAF_80000007_EDX, 8),
    /** CLZERO. */
    CLZERO(Word.LEAF_80000008_EBX, 0),
    /** RDPRU. */
    RDPRU(Word.LEAF_80000008_EBX, 4),
    /** WBNOINVD. */
    WBNOINVD(Word.LEAF_80000008_EBX, 9);

    /** A register of a CPUID leaf. */
    public enum Word {
        /** Leaf 1, ECX. */
        LEAF_1_ECX(1, 0, 2),
        /** Leaf 1, EDX. */
        LEAF_1_EDX(1, 0, 3),
        /** Leaf 6, EAX. */
        LEAF_6_EAX(6, 0, 0),
        /** Leaf 7, EBX. */
        LEAF_7_EBX(7, 0, 1),
        /** Leaf 7, ECX. */
        LEAF_7_ECX(7, 0, 2),
        /** Leaf 7, EDX. */
        LEAF_7_EDX(7, 0, 3),
        /** Leaf 7 subleaf 1, EAX. */
        LEAF_7_1_EAX(7, 1, 0),
        /** Leaf 0x14 subleaf 0, EBX. */
        LEAF_14_EBX(0x14, 0, 1),
        /** Leaf 0xD subleaf 1, EAX. */
        LEAF_D_1_EAX(0xD, 1, 0),
        /** Leaf 0x80000001, ECX. */
        LEAF_80000001_ECX(0x80000001, 0, 2),
        /** Leaf 0x80000001, EDX. */
        LEAF_80000001_EDX(0x80000001, 0, 3),
        /** Leaf 0x80000007, EDX. */
        LEAF_80000007_EDX(0x80000007, 0, 3),
        /** Leaf 0x80000008, EBX. */
        LEAF_80000008_EBX(0x80000008, 0, 1);

        private final int leaf;
        private final int subleaf;
        private final int register;

        Word(int leaf, int subleaf, int register) {
            this.leaf = leaf;
            this.subleaf = subleaf;
            this.register = register;
        }

        /**
         * EAX of the question.
         *
         * @return the leaf
         */
        public int leaf() {
            return leaf;
        }

        /**
         * ECX of the question.
         *
         * @return the subleaf
         */
        public int subleaf() {
            return subleaf;
        }

        /**
         * Where the answer is.
         *
         * @return 0 to 3 for EAX, EBX, ECX, EDX
         */
        public int register() {
            return register;
        }
    }

    private final Word word;
    private final int bit;

    CpuFeature(Word word, int bit) {
        this.word = word;
        this.bit = bit;
    }

    /**
     * The register of the leaf that tells of this feature.
     *
     * @return never null
     */
    public Word word() {
        return word;
    }

    /**
     * The feature's bit in that register.
     *
     * @return a number with one bit set
     */
    public int mask() {
        return 1 << bit;
    }
}
