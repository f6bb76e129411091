package dev.cloister.vmm.host;

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
 * Whether KVM's own debugging of guests (KVM_SET_GUEST_DEBUG) does what the KVM API says: a write that a debug register watches is tried
 * in a throw-away VM. A software-assisted KVM knows single steps and breakpoints where it interprets, but neither watchpoints nor anything
 * in user code.
 *
 * @param isComplete whether the write was told of
 */
public record GuestDebugSupport(boolean isComplete) {
    private static final int RAM = 0x10000;
    private static final long CODE = 0x1000;
    private static final long WATCHED = 0x2000;
    private static final long TSS = 0xfffb_d000L;
    /** DR7: the first register watches writes of two bytes, globally. */
    private static final long WATCH_WRITE = 0x5_0402L;

    /** {@code mov [0x2000], ax; out 0x80, al} in 16-bit code. */
    private static final byte[] WRITE = {(byte) 0xa3, 0x00, 0x20, (byte) 0xe6, (byte) 0x80};

    /**
     * Tries it; takes a few milliseconds. The calling thread becomes the throw-away vCPU's for that time.
     *
     * @param kvm an open {@code /dev/kvm}
     * @return what was found; not complete where anything else than the expected happened
     * @throws ErrnoException if KVM refuses a VM
     */
    public static GuestDebugSupport probe(Kvm kvm) throws ErrnoException {
        try (Vm vm = kvm.createVm();
                Mapping ram = Mapping.anonymous(RAM)) {
            MemorySegment memory = ram.segment();
            MemorySegment.copy(MemorySegment.ofArray(WRITE), 0, memory, CODE, WRITE.length);
            vm.setTssAddress(TSS);
            vm.setMemorySlot(0, 0, memory, 0);
            try (Vcpu vcpu = vm.createVcpu(0)) {
                vcpu.bind();
                try {
                    return new GuestDebugSupport(isTold(vcpu));
                } finally {
                    vcpu.unbind();
                }
            }
        }
    }

    private static boolean isTold(Vcpu vcpu) throws ErrnoException {
        MemorySegment sregs = vcpu.readSregs();
        sregs.set(ValueLayout.JAVA_LONG_UNALIGNED, KvmSregs.CS + KvmSregs.SEGMENT_BASE, 0L);
        sregs.set(ValueLayout.JAVA_SHORT_UNALIGNED, KvmSregs.CS + KvmSregs.SEGMENT_SELECTOR, (short) 0);
        vcpu.writeSregs();
        MemorySegment regs = vcpu.readRegs();
        KvmRegs.set(regs, KvmRegs.RIP, CODE);
        KvmRegs.set(regs, KvmRegs.RFLAGS, 2);
        vcpu.writeRegs();
        vcpu.setGuestDebug(Vcpu.DEBUG_ENABLE | Vcpu.DEBUG_HARDWARE_BREAKPOINTS, WATCHED, 0, 0, 0, 0, 0, 0, WATCH_WRITE);
        return vcpu.run() == 0 && KvmRun.exitReason(vcpu.runArea()) == KvmExit.DEBUG;
    }
}
