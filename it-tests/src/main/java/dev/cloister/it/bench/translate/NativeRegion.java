package dev.cloister.it.bench.translate;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
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

/**
 * The region's own bytes on a vCPU, at CPL 3 as a monitor-owned code cache would hold them, or at CPL 0 as KVM executes supervisor code.
 * Its last instruction traps to a stub that exits. One identity-mapped 2 MiB page holds everything. For the thread that made it.
 */
final class NativeRegion implements AutoCloseable {
    private static final int RAM = 2 << 20;
    private static final long ROOT = 0x1000;
    private static final long DIRECTORY_POINTERS = 0x2000;
    private static final long DIRECTORY = 0x3000;
    private static final long GDT = 0x4000;
    private static final long IDT = 0x5000;
    private static final long TSS = 0x6000;
    private static final long STUB = 0x7000;
    private static final long ENTRY = 0x7100;
    private static final long FRAME = 0x7F00;
    private static final long STACK = 0x9000;
    private static final long CODE = 0x10000;
    /** Where the table of the hot mix lies. */
    static final long TABLE = 0x20000;

    private static final long PRESENT_WRITABLE_USER = 7;
    private static final long LARGE = 0x80;
    private static final int KERNEL_CODE = 0x10;
    private static final int USER_CODE = 0x33;
    private static final int USER_DATA = 0x2B;
    private static final int TSS_SELECTOR = 0x40;
    private static final int INVALID_OPCODE = 6;
    private static final int PORT = 0x10;

    private final Kvm kvm;
    private final Vm vm;
    private final Mapping mapping;
    private final MemorySegment ram;
    private final Vcpu vcpu;
    private final int cpl;

    NativeRegion(byte[] code, int cpl) throws ErrnoException {
        this.cpl = cpl;
        kvm = Kvm.open();
        vm = kvm.createVm();
        mapping = Mapping.anonymous(RAM);
        ram = mapping.segment();
        MemorySegment.copy(code, 0, ram, JAVA_BYTE, CODE, code.length);
        tables();
        vm.setMemorySlot(0, 0, ram, 0);
        vcpu = vm.createVcpu(0);
        vcpu.setCpuid(kvm.supportedCpuid());
        vcpu.bind();
        specialRegisters();
    }

    MemorySegment ram() {
        return ram;
    }

    private void put(long at, long value) {
        ram.set(JAVA_LONG_UNALIGNED, at, value);
    }

    private void tables() {
        put(ROOT, DIRECTORY_POINTERS | PRESENT_WRITABLE_USER);
        put(DIRECTORY_POINTERS, DIRECTORY | PRESENT_WRITABLE_USER);
        put(DIRECTORY, LARGE | PRESENT_WRITABLE_USER);
        long[] gdt = {
            0,
            0,
            0x00AF9B000000FFFFL,
            0x00CF93000000FFFFL,
            0,
            0x00CFF3000000FFFFL,
            0x00AFFB000000FFFFL,
            0,
            0x0000_8B00_0000_0067L | TSS << 16,
            0
        };
        for (int n = 0; n < gdt.length; n++) {
            put(GDT + 8L * n, gdt[n]);
        }
        put(TSS + 4, STACK);
        put(IDT + 16L * INVALID_OPCODE, STUB | (long) KERNEL_CODE << 16 | 0x8EL << 40);
        // out PORT, al
        put(STUB, 0xE6L | PORT << 8);
        // iretq
        put(ENTRY, 0xCF48);
        put(FRAME, CODE);
        put(FRAME + 8, USER_CODE);
        put(FRAME + 16, 2);
        put(FRAME + 24, STACK - 0x800);
        put(FRAME + 32, USER_DATA);
    }

    private void specialRegisters() throws ErrnoException {
        MemorySegment sregs = vcpu.readSregs();
        segment(sregs, KvmSregs.CS, KERNEL_CODE, 11);
        for (long data : new long[] {KvmSregs.DS, KvmSregs.ES, KvmSregs.SS, KvmSregs.FS, KvmSregs.GS}) {
            segment(sregs, data, 0x18, 3);
        }
        KvmSregs.setSegment(sregs, KvmSregs.TR, TSS, 0x67, TSS_SELECTOR);
        KvmSregs.setAttribute(sregs, KvmSregs.TR, KvmSregs.SEGMENT_TYPE, 11);
        KvmSregs.setAttribute(sregs, KvmSregs.TR, KvmSregs.SEGMENT_PRESENT, 1);
        KvmSregs.setAttribute(sregs, KvmSregs.TR, KvmSregs.SEGMENT_S, 0);
        KvmSregs.setTable(sregs, KvmSregs.GDT, GDT, 0x4F);
        KvmSregs.setTable(sregs, KvmSregs.IDT, IDT, 16 * (INVALID_OPCODE + 1) - 1);
        KvmSregs.set(sregs, KvmSregs.CR0, 0x80050033L);
        KvmSregs.set(sregs, KvmSregs.CR3, ROOT);
        KvmSregs.set(sregs, KvmSregs.CR4, 0x20);
        KvmSregs.set(sregs, KvmSregs.EFER, 0xD00);
        vcpu.writeSregs();
    }

    private static void segment(MemorySegment sregs, long which, int selector, int type) {
        boolean code = type == 11;
        KvmSregs.setSegment(sregs, which, 0, -1, selector);
        KvmSregs.setAttribute(sregs, which, KvmSregs.SEGMENT_TYPE, type);
        KvmSregs.setAttribute(sregs, which, KvmSregs.SEGMENT_PRESENT, 1);
        KvmSregs.setAttribute(sregs, which, KvmSregs.SEGMENT_DPL, 0);
        KvmSregs.setAttribute(sregs, which, KvmSregs.SEGMENT_DB, code ? 0 : 1);
        KvmSregs.setAttribute(sregs, which, KvmSregs.SEGMENT_S, 1);
        KvmSregs.setAttribute(sregs, which, KvmSregs.SEGMENT_L, code ? 1 : 0);
        KvmSregs.setAttribute(sregs, which, KvmSregs.SEGMENT_G, 1);
        KvmSregs.setAttribute(sregs, which, KvmSregs.SEGMENT_UNUSABLE, 0);
    }

    /**
     * Runs the region from its start to its end: into the virtual machine, to CPL 3, and by the trap back here.
     *
     * @param gpr general registers in encoding order, but RSP; changed as the code changes them
     */
    void run(long[] gpr) throws ErrnoException {
        MemorySegment regs = vcpu.readRegs();
        for (int r = 0; r < gpr.length; r++) {
            KvmRegs.set(regs, KvmRegs.byEncoding(r), gpr[r]);
        }
        KvmRegs.set(regs, KvmRegs.RIP, cpl == 0 ? CODE : ENTRY);
        KvmRegs.set(regs, KvmRegs.RSP, cpl == 0 ? STACK : FRAME);
        KvmRegs.set(regs, KvmRegs.RFLAGS, 2);
        vcpu.writeRegs();
        int result = vcpu.run();
        MemorySegment run = vcpu.runArea();
        if (result != 0 || KvmRun.exitReason(run) != KvmExit.IO || KvmRun.ioPort(run) != PORT) {
            throw new IllegalStateException("the native run ended with " + result + ", "
                    + KvmExit.name(KvmRun.exitReason(run)) + " at rip 0x"
                    + Long.toHexString(KvmRegs.rip(vcpu.readRegs())));
        }
        MemorySegment after = vcpu.readRegs();
        for (int r = 0; r < gpr.length; r++) {
            gpr[r] = KvmRegs.get(after, KvmRegs.byEncoding(r));
        }
    }

    @Override
    public void close() throws ErrnoException {
        vcpu.unbind();
        vm.close();
        mapping.close();
        kvm.close();
    }
}
