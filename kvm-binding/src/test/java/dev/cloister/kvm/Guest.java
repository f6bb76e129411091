package dev.cloister.kvm;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Mapping;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** A vCPU in real mode with 64 KiB of memory at gpa 0 and a program at {@link #ENTRY}. */
final class Guest implements AutoCloseable {
    static final int ENTRY = 0x1000;
    static final int MEMORY = 0x10000;
    static final byte HLT = (byte) 0xf4;

    final Kvm kvm;
    final Vm vm;
    final Mapping memory;
    final Vcpu vcpu;

    private Guest(Kvm kvm, boolean irqChip) throws ErrnoException {
        this.kvm = kvm;
        this.vm = kvm.createVm();
        this.memory = Mapping.anonymous(MEMORY);
        if (irqChip) {
            vm.createIrqChip();
        }
        vm.setMemorySlot(0, 0, memory.segment(), 0);
        this.vcpu = vm.createVcpu(0);
    }

    /** This host's KVM; the test is skipped, with the reason, where it cannot be used. */
    static Kvm kvm() {
        try {
            return Kvm.open();
        } catch (ErrnoException e) {
            System.out.println("skipped: " + e.getMessage());
            return Assumptions.abort(e.getMessage());
        }
    }

    static Guest realMode(int... program) throws IOException {
        return create(false, program);
    }

    static Guest withIrqChip(int... program) throws IOException {
        return create(true, program);
    }

    private static Guest create(boolean irqChip, int... program) throws ErrnoException {
        Guest guest = new Guest(kvm(), irqChip);
        guest.load(ENTRY, program);
        guest.start(ENTRY);
        return guest;
    }

    void load(long gpa, int... bytes) {
        byte[] code = new byte[bytes.length];
        for (int i = 0; i < code.length; i++) {
            code[i] = (byte) bytes[i];
        }
        memory.segment().asSlice(gpa, code.length).copyFrom(MemorySegment.ofArray(code));
    }

    /** Sets CS to base 0 and RIP. */
    void start(long rip) throws ErrnoException {
        MemorySegment sregs = vcpu.readSregs();
        KvmSregs.setSegment(sregs, KvmSregs.CS, 0, 0xffff, 0);
        vcpu.writeSregs();
        MemorySegment regs = vcpu.readRegs();
        KvmRegs.set(regs, KvmRegs.RIP, rip);
        KvmRegs.set(regs, KvmRegs.RFLAGS, 2);
        KvmRegs.set(regs, KvmRegs.RSP, 0x8000);
        vcpu.writeRegs();
    }

    /** Runs once and gives the exit reason; a guest that does not come back within 20 s is kicked, and the negative errno given. */
    int run() throws ErrnoException {
        vcpu.bind();
        CountDownLatch done = new CountDownLatch(1);
        Thread watchdog = Thread.ofPlatform().daemon().start(() -> {
            try {
                if (!done.await(20, TimeUnit.SECONDS)) {
                    vcpu.kick();
                }
            } catch (InterruptedException e) {
                vcpu.kick();
            }
        });
        try {
            int result = vcpu.run();
            return result == 0 ? KvmRun.exitReason(vcpu.runArea()) : result;
        } finally {
            done.countDown();
            joinUninterruptibly(watchdog);
            vcpu.unbind();
        }
    }

    private static void joinUninterruptibly(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        vm.close();
        memory.close();
        kvm.close();
    }
}
