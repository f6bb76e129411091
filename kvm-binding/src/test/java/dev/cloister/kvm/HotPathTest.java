package dev.cloister.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.reflect.Method;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class HotPathTest {
    private static final int WARM_UP = 30_000;
    private static final int ROUNDS = 50;
    private static final int MEASURED = 20_000;

    @Test
    void anExitAndItsRegistersAllocateNothing() throws Exception {
        // out 0x10, al; jmp back
        try (Guest guest = Guest.realMode(0xe6, 0x10, 0xeb, 0xfc)) {
            Vcpu vcpu = guest.vcpu;
            Assumptions.assumeTrue(vcpu.syncSupported(), "this KVM lacks KVM_CAP_SYNC_REGS");
            KvmRun.setValidGroups(vcpu.runArea(), KvmRun.SYNC_REGS);
            vcpu.bind();
            exits(vcpu, WARM_UP);
            long allocated = Long.MAX_VALUE;
            // Until compiled, the same code allocates; on a busy machine the compiler may be late.
            for (int round = 0; round < ROUNDS && allocated >= MEASURED; round++) {
                long before = allocatedByThisThread();
                assertThat(exits(vcpu, MEASURED)).isEqualTo(0x10L * MEASURED);
                allocated = allocatedByThisThread() - before;
            }
            vcpu.unbind();
            // The measuring itself allocates a little, and a late compilation may; an allocation for each exit would be
            // 320 KB.
            assertThat(allocated).isLessThan(MEASURED);
        }
    }

    private static long exits(Vcpu vcpu, int count) {
        MemorySegment run = vcpu.runArea();
        long sum = 0;
        for (int i = 0; i < count; i++) {
            if (vcpu.run() == 0 && KvmRun.exitReason(run) == KvmExit.IO) {
                sum += KvmRun.ioPort(run);
                KvmRegs.set(vcpu.syncRegs(), KvmRegs.RAX, i);
                KvmRun.markDirty(run, KvmRun.SYNC_REGS);
            }
        }
        return sum;
    }

    /** By reflection, because the module under test reads only java.base. */
    private static long allocatedByThisThread() throws ReflectiveOperationException {
        Object bean = Class.forName("java.lang.management.ManagementFactory")
                .getMethod("getThreadMXBean")
                .invoke(null);
        Method method = Class.forName("com.sun.management.ThreadMXBean").getMethod("getCurrentThreadAllocatedBytes");
        return (long) method.invoke(bean);
    }
}
