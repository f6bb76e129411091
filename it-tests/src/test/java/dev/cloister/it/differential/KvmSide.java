package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

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
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** The real processor: a vCPU at CPL 3 that works off batches of cases. For the thread that made it. */
final class KvmSide implements RealSide {
    private static final long PATIENCE_NANOS = 4_000_000_000L;
    private static final long IDLE = Long.MAX_VALUE;

    private final Kvm kvm;
    private final Vm vm;
    private final Mapping mapping;
    private final MemorySegment ram;
    private final Vcpu vcpu;
    private final long entry;
    private final AtomicLong deadline = new AtomicLong(IDLE);
    private final Thread watchdog;
    private boolean fresh = true;

    KvmSide(long seed) throws ErrnoException {
        kvm = Kvm.open();
        vm = kvm.createVm();
        mapping = Mapping.anonymous(Layout.RAM);
        ram = mapping.segment();
        entry = Image.fill(ram, seed, true);
        vm.setMemorySlot(0, 0, ram, 0);
        vcpu = vm.createVcpu(0);
        vcpu.setCpuid(kvm.supportedCpuid());
        MemorySegment xcrs = vcpu.readXcrs();
        xcrs.set(JAVA_INT_UNALIGNED, 0, 1);
        xcrs.set(JAVA_LONG_UNALIGNED, 8, 0);
        xcrs.set(JAVA_LONG_UNALIGNED, 16, 7);
        vcpu.writeXcrs();
        vcpu.bind();
        watchdog = Thread.ofPlatform().daemon().name("differential watchdog").start(this::watch);
    }

    private void watch() {
        try {
            while (true) {
                Thread.sleep(500);
                if (System.nanoTime() > deadline.get()) {
                    vcpu.kick();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void run(List<TestCase> cases, Outcome[] outcomes) throws ErrnoException {
        for (int first = 0; first < cases.size(); first += Layout.BATCH) {
            batch(cases.subList(first, Math.min(cases.size(), first + Layout.BATCH)), outcomes, first);
        }
    }

    private void batch(List<TestCase> cases, Outcome[] outcomes, int offset) throws ErrnoException {
        for (int n = 0; n < cases.size(); n++) {
            cases.get(n).write(ram, Layout.CASES + (long) n * Layout.CASE_SIZE);
        }
        int next = 0;
        while (next < cases.size()) {
            String failure = enter(next, cases.size() - next);
            int reached = failure.isEmpty() ? cases.size() : present();
            for (int n = next; n < reached; n++) {
                outcomes[offset + n].read(ram, Layout.RESULTS + (long) n * Layout.RESULT_SIZE);
            }
            if (!failure.isEmpty()) {
                outcomes[offset + reached].refuse(failure);
                eraseCode(cases.get(reached));
                fresh = true;
            }
            next = reached + (failure.isEmpty() ? 0 : 1);
        }
    }

    private void eraseCode(TestCase broken) {
        ram.asSlice(Layout.CODE + broken.codeOffset, Layout.CODE_SLOT).fill(Layout.FILLER);
    }

    private int present() {
        long at = ram.get(JAVA_LONG_UNALIGNED, Layout.CONTROL + Layout.CASE_POINTER) - Layout.ALIAS - Layout.CASES;
        return Math.toIntExact(at / Layout.CASE_SIZE);
    }

    /** Runs cases until all are done, answering nothing, or until one can't be: then why. */
    private String enter(int first, int count) throws ErrnoException {
        long control = Layout.CONTROL;
        ram.set(
                JAVA_LONG_UNALIGNED,
                control + Layout.CASE_POINTER,
                Layout.ALIAS + Layout.CASES + (long) first * Layout.CASE_SIZE);
        ram.set(
                JAVA_LONG_UNALIGNED,
                control + Layout.RESULT_POINTER,
                Layout.ALIAS + Layout.RESULTS + (long) first * Layout.RESULT_SIZE);
        ram.set(JAVA_LONG_UNALIGNED, control + Layout.COUNT, count);
        ram.set(JAVA_LONG_UNALIGNED, control + Layout.DONE, 0);
        if (fresh) {
            registers();
            fresh = false;
        }
        deadline.set(System.nanoTime() + PATIENCE_NANOS);
        int result = vcpu.run();
        deadline.set(IDLE);
        MemorySegment run = vcpu.runArea();
        if (result == 0 && KvmRun.exitReason(run) == KvmExit.IO && KvmRun.ioPort(run) == 0x10) {
            return "";
        }
        if (result != 0) {
            return "KVM_RUN ended with " + result;
        }
        int reason = KvmRun.exitReason(run);
        long rip = KvmRegs.rip(vcpu.readRegs());
        return KvmExit.name(reason) + (reason == KvmExit.INTERNAL_ERROR ? " " + KvmRun.internalSuberror(run) : "")
                + " at rip 0x" + Long.toHexString(rip);
    }

    private void registers() throws ErrnoException {
        MemorySegment sregs = vcpu.readSregs();
        segment(sregs, KvmSregs.CS, Layout.KERNEL_CODE, 11, 0, true);
        for (long data : new long[] {KvmSregs.DS, KvmSregs.ES, KvmSregs.SS, KvmSregs.FS, KvmSregs.GS}) {
            segment(sregs, data, 0x18, 3, 0, false);
        }
        KvmSregs.setSegment(sregs, KvmSregs.TR, Layout.ALIAS + Layout.TSS, 0x67, Layout.TSS_SELECTOR);
        KvmSregs.setAttribute(sregs, KvmSregs.TR, KvmSregs.SEGMENT_TYPE, 11);
        KvmSregs.setAttribute(sregs, KvmSregs.TR, KvmSregs.SEGMENT_PRESENT, 1);
        KvmSregs.setAttribute(sregs, KvmSregs.TR, KvmSregs.SEGMENT_S, 0);
        KvmSregs.setTable(sregs, KvmSregs.GDT, Layout.ALIAS + Layout.GDT, 0x4F);
        KvmSregs.setTable(sregs, KvmSregs.IDT, Layout.ALIAS + Layout.IDT, 16 * Layout.VECTORS - 1);
        KvmSregs.set(sregs, KvmSregs.CR0, Layout.CR0);
        KvmSregs.set(sregs, KvmSregs.CR3, Layout.TABLES);
        KvmSregs.set(sregs, KvmSregs.CR4, Layout.CR4);
        KvmSregs.set(sregs, KvmSregs.EFER, Layout.EFER);
        vcpu.writeSregs();
        MemorySegment regs = vcpu.readRegs();
        KvmRegs.set(regs, KvmRegs.RIP, entry);
        KvmRegs.set(regs, KvmRegs.RFLAGS, 2);
        KvmRegs.set(regs, KvmRegs.RSP, Layout.STACK_TOP);
        vcpu.writeRegs();
    }

    private static void segment(MemorySegment sregs, long which, int selector, int type, int dpl, boolean code) {
        KvmSregs.setSegment(sregs, which, 0, -1, selector);
        KvmSregs.setAttribute(sregs, which, KvmSregs.SEGMENT_TYPE, type);
        KvmSregs.setAttribute(sregs, which, KvmSregs.SEGMENT_PRESENT, 1);
        KvmSregs.setAttribute(sregs, which, KvmSregs.SEGMENT_DPL, dpl);
        KvmSregs.setAttribute(sregs, which, KvmSregs.SEGMENT_DB, code ? 0 : 1);
        KvmSregs.setAttribute(sregs, which, KvmSregs.SEGMENT_S, 1);
        KvmSregs.setAttribute(sregs, which, KvmSregs.SEGMENT_L, code ? 1 : 0);
        KvmSregs.setAttribute(sregs, which, KvmSregs.SEGMENT_G, 1);
        KvmSregs.setAttribute(sregs, which, KvmSregs.SEGMENT_UNUSABLE, 0);
    }

    @Override
    public void close() throws ErrnoException {
        watchdog.interrupt();
        vcpu.unbind();
        vm.close();
        mapping.close();
        kvm.close();
    }
}
