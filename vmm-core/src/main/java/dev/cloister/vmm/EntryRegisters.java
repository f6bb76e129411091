package dev.cloister.vmm;

import dev.cloister.kvm.KvmRegs;
import dev.cloister.kvm.KvmSregs;
import dev.cloister.kvm.Vcpu;
import dev.cloister.linux.ErrnoException;
import dev.cloister.vmm.loader.EntryState;
import dev.cloister.vmm.loader.EntryState.Segment;
import java.lang.foreign.MemorySegment;

/** Puts a loader's entry state into the boot vCPU; what it does not name stays as KVM's reset left it. */
final class EntryRegisters {
    private static final long[] DATA = {KvmSregs.DS, KvmSregs.ES, KvmSregs.FS, KvmSregs.GS, KvmSregs.SS};

    private EntryRegisters() {}

    static void apply(Vcpu vcpu, EntryState entry) throws ErrnoException {
        MemorySegment sregs = vcpu.readSregs();
        segment(sregs, KvmSregs.CS, entry.cs());
        for (long place : DATA) {
            segment(sregs, place, entry.data());
        }
        segment(sregs, KvmSregs.TR, entry.tr());
        segment(sregs, KvmSregs.LDT, entry.ldt());
        KvmSregs.setTable(sregs, KvmSregs.GDT, entry.gdtr().base(), entry.gdtr().limit());
        KvmSregs.setTable(sregs, KvmSregs.IDT, entry.idtr().base(), entry.idtr().limit());
        KvmSregs.set(sregs, KvmSregs.CR0, entry.cr0());
        KvmSregs.set(sregs, KvmSregs.CR3, entry.cr3());
        KvmSregs.set(sregs, KvmSregs.CR4, entry.cr4());
        KvmSregs.set(sregs, KvmSregs.EFER, entry.efer());
        vcpu.writeSregs();

        EntryState.General general = entry.general();
        MemorySegment regs = vcpu.readRegs();
        regs.fill((byte) 0);
        KvmRegs.set(regs, KvmRegs.RIP, general.rip());
        KvmRegs.set(regs, KvmRegs.RSP, general.rsp());
        KvmRegs.set(regs, KvmRegs.RFLAGS, general.rflags());
        KvmRegs.set(regs, KvmRegs.RAX, general.rax());
        KvmRegs.set(regs, KvmRegs.RBX, general.rbx());
        KvmRegs.set(regs, KvmRegs.RDX, general.rdx());
        KvmRegs.set(regs, KvmRegs.RSI, general.rsi());
        vcpu.writeRegs();
    }

    private static void segment(MemorySegment sregs, long place, Segment segment) {
        KvmSregs.setSegment(sregs, place, segment.base(), (int) segment.limit(), segment.selector());
        KvmSregs.setAttribute(sregs, place, KvmSregs.SEGMENT_TYPE, segment.type());
        KvmSregs.setAttribute(sregs, place, KvmSregs.SEGMENT_S, segment.system() ? 0 : 1);
        KvmSregs.setAttribute(sregs, place, KvmSregs.SEGMENT_DPL, segment.dpl());
        KvmSregs.setAttribute(sregs, place, KvmSregs.SEGMENT_PRESENT, segment.present() ? 1 : 0);
        KvmSregs.setAttribute(sregs, place, KvmSregs.SEGMENT_DB, segment.big() ? 1 : 0);
        KvmSregs.setAttribute(sregs, place, KvmSregs.SEGMENT_L, segment.longMode() ? 1 : 0);
        KvmSregs.setAttribute(sregs, place, KvmSregs.SEGMENT_G, segment.granular() ? 1 : 0);
        KvmSregs.setAttribute(sregs, place, KvmSregs.SEGMENT_AVL, 0);
        KvmSregs.setAttribute(sregs, place, KvmSregs.SEGMENT_UNUSABLE, segment.present() ? 0 : 1);
    }
}
