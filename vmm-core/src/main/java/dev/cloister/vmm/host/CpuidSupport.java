package dev.cloister.vmm.host;

import dev.cloister.kvm.CpuidEntries;
import dev.cloister.kvm.CpuidEntries.Entry;
import dev.cloister.kvm.Kvm;
import dev.cloister.kvm.KvmExit;
import dev.cloister.kvm.KvmRegs;
import dev.cloister.kvm.KvmRun;
import dev.cloister.kvm.KvmSregs;
import dev.cloister.kvm.Vcpu;
import dev.cloister.kvm.Vm;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Mapping;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Whether guests see the CPUID table that KVM is given (KVM_SET_CPUID2): tried in a throw-away VM, whose table tells of no feature in
 * ECX of leaf 1. A software-assisted KVM without CPUID faulting lets the instruction run on the host's processor.
 *
 * @param isKept whether the guest found the table's values
 */
public record CpuidSupport(boolean isKept) {
    private static final int RAM = 0x10000;
    private static final long CODE = 0x1000;
    private static final long TSS = 0xfffb_d000L;
    private static final int FEATURES = 1;
    /** OSXSAVE follows CR4, and KVM may set the hypervisor bit. */
    private static final int NOT_FROM_TABLE = 1 << 27 | 1 << 31;

    /** {@code mov eax, 1; cpuid; out 0x80, al} in 16-bit code. */
    private static final byte[] ASK = {0x66, (byte) 0xb8, FEATURES, 0, 0, 0, 0x0f, (byte) 0xa2, (byte) 0xe6, (byte) 0x80
    };

    /**
     * Tries it; takes a few milliseconds. The calling thread becomes the throw-away vCPU's for that time.
     *
     * @param kvm an open {@code /dev/kvm}
     * @return what was found; not kept where anything else than the expected happened
     * @throws ErrnoException if KVM refuses a VM
     */
    public static CpuidSupport probe(Kvm kvm) throws ErrnoException {
        CpuidEntries table = kvm.supportedCpuid();
        table.get(FEATURES, 0).ifPresent(e -> table.set(Entry.leaf(FEATURES, e.eax(), e.ebx(), 0, e.edx())));
        try (Vm vm = kvm.createVm();
                Mapping ram = Mapping.anonymous(RAM)) {
            MemorySegment memory = ram.segment();
            MemorySegment.copy(MemorySegment.ofArray(ASK), 0, memory, CODE, ASK.length);
            vm.setTssAddress(TSS);
            vm.setMemorySlot(0, 0, memory, 0);
            try (Vcpu vcpu = vm.createVcpu(0)) {
                vcpu.bind();
                try {
                    vcpu.setCpuid(table);
                    return new CpuidSupport(isKept(vcpu));
                } finally {
                    vcpu.unbind();
                }
            }
        }
    }

    private static boolean isKept(Vcpu vcpu) throws ErrnoException {
        MemorySegment sregs = vcpu.readSregs();
        sregs.set(ValueLayout.JAVA_LONG_UNALIGNED, KvmSregs.CS + KvmSregs.SEGMENT_BASE, 0L);
        sregs.set(ValueLayout.JAVA_SHORT_UNALIGNED, KvmSregs.CS + KvmSregs.SEGMENT_SELECTOR, (short) 0);
        vcpu.writeSregs();
        MemorySegment regs = vcpu.readRegs();
        KvmRegs.set(regs, KvmRegs.RIP, CODE);
        KvmRegs.set(regs, KvmRegs.RFLAGS, 2);
        vcpu.writeRegs();
        if (vcpu.run() != 0 || KvmRun.exitReason(vcpu.runArea()) != KvmExit.IO) {
            return false;
        }
        long ecx = KvmRegs.get(vcpu.readRegs(), KvmRegs.byEncoding(1));
        return (ecx & ~NOT_FROM_TABLE & 0xFFFF_FFFFL) == 0;
    }
}
