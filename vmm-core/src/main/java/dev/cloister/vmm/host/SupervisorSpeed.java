package dev.cloister.vmm.host;

import dev.cloister.kvm.Kvm;
import dev.cloister.kvm.KvmExit;
import dev.cloister.kvm.KvmRegs;
import dev.cloister.kvm.KvmRun;
import dev.cloister.kvm.KvmSregs;
import dev.cloister.kvm.Vcpu;
import dev.cloister.kvm.Vm;
import dev.cloister.linux.Mapping;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Times a counted loop at CPL 0 in a throw-away VM. Hardware KVM runs it natively, at thousands of millions of instructions a
 * second; a software-assisted KVM interprets it, at about one million.
 *
 * @param instructionsPerSecond guest supervisor instructions per second
 */
public record SupervisorSpeed(double instructionsPerSecond) {
    /** Between the two kinds of host lie three orders of magnitude; the border stands in the middle. */
    private static final double NATIVE = 50e6;

    private static final int ROUNDS = 50_000;
    private static final int RAM = 0x10000;
    private static final long CODE = 0x1000;
    private static final long TSS = 0xfffb_d000L;

    /** {@code loop: dec ecx; jnz loop; out 0x80, al; jmp $-2} in 16-bit code. */
    private static final byte[] LOOP = {
        0x66, 0x49, 0x75, (byte) 0xfc, (byte) 0xe6, (byte) 0x80, (byte) 0xeb, (byte) 0xfc
    };

    /** Returns whether guest supervisor code runs natively. */
    public boolean isNative() {
        return instructionsPerSecond >= NATIVE;
    }

    /**
     * Measures; takes less than a tenth of a second on either kind of host. The calling thread becomes the throw-away vCPU's.
     *
     * @param kvm an open {@code /dev/kvm}
     * @throws IOException if KVM refuses a VM, or the loop ends in anything but its port write
     */
    public static SupervisorSpeed measure(Kvm kvm) throws IOException {
        try (Vm vm = kvm.createVm();
                Mapping ram = Mapping.anonymous(RAM)) {
            MemorySegment memory = ram.segment();
            MemorySegment.copy(MemorySegment.ofArray(LOOP), 0, memory, CODE, LOOP.length);
            vm.setTssAddress(TSS);
            vm.setMemorySlot(0, 0, memory, 0);
            try (Vcpu vcpu = vm.createVcpu(0)) {
                vcpu.bind();
                try {
                    return time(vcpu);
                } finally {
                    vcpu.unbind();
                }
            }
        }
    }

    private static SupervisorSpeed time(Vcpu vcpu) throws IOException {
        MemorySegment sregs = vcpu.readSregs();
        sregs.set(ValueLayout.JAVA_LONG_UNALIGNED, KvmSregs.CS + KvmSregs.SEGMENT_BASE, 0L);
        sregs.set(ValueLayout.JAVA_SHORT_UNALIGNED, KvmSregs.CS + KvmSregs.SEGMENT_SELECTOR, (short) 0);
        vcpu.writeSregs();
        // The first pass warms KVM's shadow tables and our own code.
        once(vcpu, ROUNDS / 10);
        long start = System.nanoTime();
        once(vcpu, ROUNDS);
        return new SupervisorSpeed(2.0 * ROUNDS / Math.max(1, System.nanoTime() - start) * 1e9);
    }

    private static void once(Vcpu vcpu, int rounds) throws IOException {
        MemorySegment regs = vcpu.readRegs();
        KvmRegs.set(regs, KvmRegs.RIP, CODE);
        KvmRegs.set(regs, KvmRegs.RCX, rounds);
        KvmRegs.set(regs, KvmRegs.RFLAGS, 2);
        vcpu.writeRegs();
        int result = vcpu.run();
        int reason = KvmRun.exitReason(vcpu.runArea());
        if (result != 0 || reason != KvmExit.IO) {
            throw new IOException("the speed probe ended with result " + result + ", exit reason " + reason
                    + "; expected a port write");
        }
    }
}
