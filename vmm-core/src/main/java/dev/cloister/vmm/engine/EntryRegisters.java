package dev.cloister.vmm.engine;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.SegmentRegister;
import dev.cloister.kvm.KvmRegs;
import dev.cloister.kvm.KvmSregs;
import dev.cloister.kvm.Vcpu;
import dev.cloister.linux.ErrnoException;
import dev.cloister.vmm.loader.EntryState;
import dev.cloister.vmm.loader.EntryState.Segment;
import java.lang.foreign.MemorySegment;

/** Puts a loader's entry state into the boot vCPU; what it does not name stays as KVM's reset left it. */
public final class EntryRegisters {
    private static final long[] DATA = {KvmSregs.DS, KvmSregs.ES, KvmSregs.FS, KvmSregs.GS, KvmSregs.SS};

    private static final int DPL_SHIFT = 5;
    private static final int[] DATA_REGISTERS = {CpuState.DS, CpuState.ES, CpuState.FS, CpuState.GS, CpuState.SS};

    private EntryRegisters() {}

    /** Writes the registers of a vCPU of KVM. */
    public static void apply(Vcpu vcpu, EntryState entry) throws ErrnoException {
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

    /** The same for a processor in software that was reset. */
    public static void apply(CpuState state, EntryState entry) {
        segment(state.segment(CpuState.CS), entry.cs());
        for (int data : DATA_REGISTERS) {
            segment(state.segment(data), entry.data());
        }
        segment(state.segment(CpuState.TR), entry.tr());
        segment(state.segment(CpuState.LDTR), entry.ldt());
        state.gdtr().set(entry.gdtr().base(), entry.gdtr().limit());
        state.idtr().set(entry.idtr().base(), entry.idtr().limit());
        state.setCr0(entry.cr0());
        state.setCr3(entry.cr3());
        state.setCr4(entry.cr4());
        state.setEfer(entry.efer());

        EntryState.General general = entry.general();
        java.util.Arrays.fill(state.gprs(), 0);
        state.setRip(general.rip());
        state.setRflags(general.rflags());
        state.setGpr(CpuState.RSP, general.rsp());
        state.setGpr(CpuState.RAX, general.rax());
        state.setGpr(CpuState.RBX, general.rbx());
        state.setGpr(CpuState.RDX, general.rdx());
        state.setGpr(CpuState.RSI, general.rsi());
    }

    private static void segment(SegmentRegister register, Segment segment) {
        int attributes = segment.type() | segment.dpl() << DPL_SHIFT;
        attributes |= segment.system() ? 0 : SegmentRegister.NON_SYSTEM;
        attributes |= segment.present() ? SegmentRegister.PRESENT : SegmentRegister.UNUSABLE;
        attributes |= segment.big() ? SegmentRegister.DEFAULT_BIG : 0;
        attributes |= segment.longMode() ? SegmentRegister.LONG : 0;
        attributes |= segment.granular() ? SegmentRegister.GRANULARITY : 0;
        register.set(segment.selector(), segment.base(), (int) segment.limit(), attributes);
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
