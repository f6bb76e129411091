package dev.cloister.kvm;

/**
 * What a KVM may or may not be able to do (KVM API 4.4, {@code KVM_CHECK_EXTENSION}); each constant is {@code KVM_CAP_} and its
 * name. The meaning of a capability, and of the number that the check returns, stands in the KVM API document, chapters 6 to 8.
 */
public enum KvmCapability {
    /** {@code KVM_CAP_IRQCHIP}. */
    IRQCHIP(0),
    /** {@code KVM_CAP_HLT}. */
    HLT(1),
    /** {@code KVM_CAP_USER_MEMORY}. */
    USER_MEMORY(3),
    /** {@code KVM_CAP_SET_TSS_ADDR}. */
    SET_TSS_ADDR(4),
    /** {@code KVM_CAP_EXT_CPUID}. */
    EXT_CPUID(7),
    /** {@code KVM_CAP_NR_VCPUS}. */
    NR_VCPUS(9),
    /** {@code KVM_CAP_NR_MEMSLOTS}. */
    NR_MEMSLOTS(10),
    /** {@code KVM_CAP_MP_STATE}. */
    MP_STATE(14),
    /** {@code KVM_CAP_COALESCED_MMIO}. */
    COALESCED_MMIO(15),
    /** {@code KVM_CAP_SYNC_MMU}. */
    SYNC_MMU(16),
    /** {@code KVM_CAP_DESTROY_MEMORY_REGION_WORKS}. */
    DESTROY_MEMORY_REGION_WORKS(21),
    /** {@code KVM_CAP_USER_NMI}. */
    USER_NMI(22),
    /** {@code KVM_CAP_SET_GUEST_DEBUG}. */
    SET_GUEST_DEBUG(23),
    /** {@code KVM_CAP_IRQ_ROUTING}. */
    IRQ_ROUTING(25),
    /** {@code KVM_CAP_IRQFD}. */
    IRQFD(32),
    /** {@code KVM_CAP_PIT2}. */
    PIT2(33),
    /** {@code KVM_CAP_SET_BOOT_CPU_ID}. */
    SET_BOOT_CPU_ID(34),
    /** {@code KVM_CAP_IOEVENTFD}. */
    IOEVENTFD(36),
    /** {@code KVM_CAP_SET_IDENTITY_MAP_ADDR}. */
    SET_IDENTITY_MAP_ADDR(37),
    /** {@code KVM_CAP_ADJUST_CLOCK}. */
    ADJUST_CLOCK(39),
    /** {@code KVM_CAP_INTERNAL_ERROR_DATA}. */
    INTERNAL_ERROR_DATA(40),
    /** {@code KVM_CAP_VCPU_EVENTS}. */
    VCPU_EVENTS(41),
    /** {@code KVM_CAP_DEBUGREGS}. */
    DEBUGREGS(50),
    /** {@code KVM_CAP_X86_ROBUST_SINGLESTEP}. */
    X86_ROBUST_SINGLESTEP(51),
    /** {@code KVM_CAP_ENABLE_CAP}. */
    ENABLE_CAP(54),
    /** {@code KVM_CAP_XSAVE}. */
    XSAVE(55),
    /** {@code KVM_CAP_XCRS}. */
    XCRS(56),
    /** {@code KVM_CAP_TSC_CONTROL}. */
    TSC_CONTROL(60),
    /** {@code KVM_CAP_GET_TSC_KHZ}. */
    GET_TSC_KHZ(61),
    /** {@code KVM_CAP_MAX_VCPUS}. */
    MAX_VCPUS(66),
    /** {@code KVM_CAP_TSC_DEADLINE_TIMER}. */
    TSC_DEADLINE_TIMER(72),
    /** {@code KVM_CAP_SYNC_REGS}. */
    SYNC_REGS(74),
    /** {@code KVM_CAP_KVMCLOCK_CTRL}. */
    KVMCLOCK_CTRL(76),
    /** {@code KVM_CAP_SIGNAL_MSI}. */
    SIGNAL_MSI(77),
    /** {@code KVM_CAP_READONLY_MEM}. */
    READONLY_MEM(81),
    /** {@code KVM_CAP_IRQFD_RESAMPLE}. */
    IRQFD_RESAMPLE(82),
    /** {@code KVM_CAP_DEVICE_CTRL}. */
    DEVICE_CTRL(89),
    /** {@code KVM_CAP_EXT_EMUL_CPUID}. */
    EXT_EMUL_CPUID(95),
    /** {@code KVM_CAP_ENABLE_CAP_VM}. */
    ENABLE_CAP_VM(98),
    /** {@code KVM_CAP_IOEVENTFD_NO_LENGTH}. */
    IOEVENTFD_NO_LENGTH(100),
    /** {@code KVM_CAP_CHECK_EXTENSION_VM}. */
    CHECK_EXTENSION_VM(105),
    /** {@code KVM_CAP_DISABLE_QUIRKS}. */
    DISABLE_QUIRKS(116),
    /** {@code KVM_CAP_X86_SMM}. */
    X86_SMM(117),
    /** {@code KVM_CAP_MULTI_ADDRESS_SPACE}. */
    MULTI_ADDRESS_SPACE(118),
    /** {@code KVM_CAP_SPLIT_IRQCHIP}. */
    SPLIT_IRQCHIP(121),
    /** {@code KVM_CAP_IOEVENTFD_ANY_LENGTH}. */
    IOEVENTFD_ANY_LENGTH(122),
    /** {@code KVM_CAP_MAX_VCPU_ID}. */
    MAX_VCPU_ID(128),
    /** {@code KVM_CAP_X2APIC_API}. */
    X2APIC_API(129),
    /** {@code KVM_CAP_IMMEDIATE_EXIT}. */
    IMMEDIATE_EXIT(136),
    /** {@code KVM_CAP_X86_DISABLE_EXITS}. */
    X86_DISABLE_EXITS(143),
    /** {@code KVM_CAP_GET_MSR_FEATURES}. */
    GET_MSR_FEATURES(153),
    /** {@code KVM_CAP_NESTED_STATE}. */
    NESTED_STATE(157),
    /** {@code KVM_CAP_MSR_PLATFORM_INFO}. */
    MSR_PLATFORM_INFO(159),
    /** {@code KVM_CAP_COALESCED_PIO}. */
    COALESCED_PIO(162),
    /** {@code KVM_CAP_EXCEPTION_PAYLOAD}. */
    EXCEPTION_PAYLOAD(164),
    /** {@code KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2}. */
    MANUAL_DIRTY_LOG_PROTECT2(168),
    /** {@code KVM_CAP_PMU_EVENT_FILTER}. */
    PMU_EVENT_FILTER(173),
    /** {@code KVM_CAP_HALT_POLL}. */
    HALT_POLL(182),
    /** {@code KVM_CAP_LAST_CPU}. */
    LAST_CPU(184),
    /** {@code KVM_CAP_X86_USER_SPACE_MSR}. */
    X86_USER_SPACE_MSR(188),
    /** {@code KVM_CAP_X86_MSR_FILTER}. */
    X86_MSR_FILTER(189),
    /** {@code KVM_CAP_ENFORCE_PV_FEATURE_CPUID}. */
    ENFORCE_PV_FEATURE_CPUID(190),
    /** {@code KVM_CAP_DIRTY_LOG_RING}. */
    DIRTY_LOG_RING(192),
    /** {@code KVM_CAP_X86_BUS_LOCK_EXIT}. */
    X86_BUS_LOCK_EXIT(193),
    /** {@code KVM_CAP_SREGS2}. */
    SREGS2(200),
    /** {@code KVM_CAP_EXIT_HYPERCALL}. */
    EXIT_HYPERCALL(201),
    /** {@code KVM_CAP_BINARY_STATS_FD}. */
    BINARY_STATS_FD(203),
    /** {@code KVM_CAP_EXIT_ON_EMULATION_FAILURE}. */
    EXIT_ON_EMULATION_FAILURE(204),
    /** {@code KVM_CAP_VM_GPA_BITS}. */
    VM_GPA_BITS(207),
    /** {@code KVM_CAP_XSAVE2}. */
    XSAVE2(208),
    /** {@code KVM_CAP_SYS_ATTRIBUTES}. */
    SYS_ATTRIBUTES(209),
    /** {@code KVM_CAP_DISABLE_QUIRKS2}. */
    DISABLE_QUIRKS2(213),
    /** {@code KVM_CAP_VM_TSC_CONTROL}. */
    VM_TSC_CONTROL(214),
    /** {@code KVM_CAP_SYSTEM_EVENT_DATA}. */
    SYSTEM_EVENT_DATA(215),
    /** {@code KVM_CAP_X86_TRIPLE_FAULT_EVENT}. */
    X86_TRIPLE_FAULT_EVENT(218),
    /** {@code KVM_CAP_X86_NOTIFY_VMEXIT}. */
    X86_NOTIFY_VMEXIT(219),
    /** {@code KVM_CAP_VM_DISABLE_NX_HUGE_PAGES}. */
    VM_DISABLE_NX_HUGE_PAGES(220),
    /** {@code KVM_CAP_DIRTY_LOG_RING_ACQ_REL}. */
    DIRTY_LOG_RING_ACQ_REL(223),
    // Newer than the 6.1 headers that the generated constants come from.
    /** {@code KVM_CAP_USER_MEMORY2}. */
    USER_MEMORY2(231),
    /** {@code KVM_CAP_MEMORY_FAULT_INFO}. */
    MEMORY_FAULT_INFO(232),
    /** {@code KVM_CAP_MEMORY_ATTRIBUTES}. */
    MEMORY_ATTRIBUTES(233),
    /** {@code KVM_CAP_GUEST_MEMFD}. */
    GUEST_MEMFD(234),
    /** {@code KVM_CAP_VM_TYPES}. */
    VM_TYPES(235),
    /** {@code KVM_CAP_PRE_FAULT_MEMORY}. */
    PRE_FAULT_MEMORY(236);

    private final int number;

    KvmCapability(int number) {
        this.number = number;
    }

    /**
     * The capability's number in the ABI.
     *
     * @return the value of {@code KVM_CAP_…}
     */
    public int number() {
        return number;
    }
}
