package dev.cloister.vmm.engine.direct;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.SegmentRegister;
import dev.cloister.kvm.KvmRegs;
import dev.cloister.kvm.KvmSregs;
import dev.cloister.kvm.Vcpu;
import dev.cloister.linux.ErrnoException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Carries registers between KVM's structures and the emulator's state. Stateless; allocates nothing but in {@link #read}. */
final class KvmState {
    private static final int GENERAL = 16;
    private static final int PRESENT_SHIFT = 7;
    private static final int DPL_SHIFT = 5;

    /** KVM's places of ES, CS, SS, DS, FS, GS, LDTR, TR. */
    private static final long[] SEGMENTS = {
        KvmSregs.ES, KvmSregs.CS, KvmSregs.SS, KvmSregs.DS, KvmSregs.FS, KvmSregs.GS, KvmSregs.LDT, KvmSregs.TR
    };

    private KvmState() {}

    /** Everything but extended state, in a state of its own; null where the host refuses. */
    static @Nullable CpuState read(Vcpu vcpu) {
        try {
            CpuState state = new CpuState();
            loadRegs(vcpu.readRegs(), state);
            loadSregs(vcpu.readSregs(), state);
            return state;
        } catch (ErrnoException e) {
            return null;
        }
    }

    static void loadRegs(MemorySegment regs, CpuState state) {
        for (int i = 0; i < GENERAL; i++) {
            state.setGpr(i, KvmRegs.get(regs, KvmRegs.byEncoding(i)));
        }
        state.setRip(KvmRegs.rip(regs));
        state.setRflags(KvmRegs.rflags(regs));
    }

    static void storeRegs(CpuState state, MemorySegment regs) {
        for (int i = 0; i < GENERAL; i++) {
            KvmRegs.set(regs, KvmRegs.byEncoding(i), state.gpr(i));
        }
        KvmRegs.set(regs, KvmRegs.RIP, state.rip());
        KvmRegs.set(regs, KvmRegs.RFLAGS, state.rflags());
    }

    static void loadSregs(MemorySegment sregs, CpuState state) {
        for (int i = 0; i < SEGMENTS.length; i++) {
            long at = SEGMENTS[i];
            state.segment(i)
                    .set(
                            KvmSregs.selector(sregs, at),
                            KvmSregs.base(sregs, at),
                            KvmSregs.limit(sregs, at),
                            attributes(sregs, at));
        }
        state.gdtr().set(KvmSregs.base(sregs, KvmSregs.GDT), KvmSregs.tableLimit(sregs, KvmSregs.GDT));
        state.idtr().set(KvmSregs.base(sregs, KvmSregs.IDT), KvmSregs.tableLimit(sregs, KvmSregs.IDT));
        state.setCr0(KvmSregs.get(sregs, KvmSregs.CR0));
        state.setCr2(KvmSregs.get(sregs, KvmSregs.CR2));
        state.setCr3(KvmSregs.get(sregs, KvmSregs.CR3));
        state.setCr4(KvmSregs.get(sregs, KvmSregs.CR4));
        state.setCr8(KvmSregs.get(sregs, KvmSregs.CR8));
        state.setEfer(KvmSregs.get(sregs, KvmSregs.EFER));
    }

    static void storeSregs(CpuState state, MemorySegment sregs) {
        for (int i = 0; i < SEGMENTS.length; i++) {
            SegmentRegister segment = state.segment(i);
            KvmSregs.setSegment(sregs, SEGMENTS[i], segment.base(), segment.limit(), segment.selector());
            setAttributes(sregs, SEGMENTS[i], segment.attributes());
        }
        KvmSregs.setTable(sregs, KvmSregs.GDT, state.gdtr().base(), state.gdtr().limit());
        KvmSregs.setTable(sregs, KvmSregs.IDT, state.idtr().base(), state.idtr().limit());
        KvmSregs.set(sregs, KvmSregs.CR0, state.cr0());
        KvmSregs.set(sregs, KvmSregs.CR2, state.cr2());
        KvmSregs.set(sregs, KvmSregs.CR3, state.cr3());
        KvmSregs.set(sregs, KvmSregs.CR4, state.cr4());
        KvmSregs.set(sregs, KvmSregs.CR8, state.cr8());
        KvmSregs.set(sregs, KvmSregs.EFER, state.efer());
    }

    private static int attributes(MemorySegment sregs, long at) {
        return KvmSregs.attribute(sregs, at, KvmSregs.SEGMENT_TYPE)
                | bit(sregs, at, KvmSregs.SEGMENT_S, SegmentRegister.NON_SYSTEM)
                | KvmSregs.attribute(sregs, at, KvmSregs.SEGMENT_DPL) << DPL_SHIFT
                | KvmSregs.attribute(sregs, at, KvmSregs.SEGMENT_PRESENT) << PRESENT_SHIFT
                | bit(sregs, at, KvmSregs.SEGMENT_AVL, SegmentRegister.AVAILABLE)
                | bit(sregs, at, KvmSregs.SEGMENT_L, SegmentRegister.LONG)
                | bit(sregs, at, KvmSregs.SEGMENT_DB, SegmentRegister.DEFAULT_BIG)
                | bit(sregs, at, KvmSregs.SEGMENT_G, SegmentRegister.GRANULARITY)
                | bit(sregs, at, KvmSregs.SEGMENT_UNUSABLE, SegmentRegister.UNUSABLE);
    }

    private static int bit(MemorySegment sregs, long at, long field, int mask) {
        return KvmSregs.attribute(sregs, at, field) != 0 ? mask : 0;
    }

    private static void setAttributes(MemorySegment sregs, long at, int attributes) {
        KvmSregs.setAttribute(sregs, at, KvmSregs.SEGMENT_TYPE, attributes & 15);
        put(sregs, at, KvmSregs.SEGMENT_S, attributes & SegmentRegister.NON_SYSTEM);
        KvmSregs.setAttribute(sregs, at, KvmSregs.SEGMENT_DPL, attributes >> DPL_SHIFT & 3);
        put(sregs, at, KvmSregs.SEGMENT_PRESENT, attributes & SegmentRegister.PRESENT);
        put(sregs, at, KvmSregs.SEGMENT_AVL, attributes & SegmentRegister.AVAILABLE);
        put(sregs, at, KvmSregs.SEGMENT_L, attributes & SegmentRegister.LONG);
        put(sregs, at, KvmSregs.SEGMENT_DB, attributes & SegmentRegister.DEFAULT_BIG);
        put(sregs, at, KvmSregs.SEGMENT_G, attributes & SegmentRegister.GRANULARITY);
        put(sregs, at, KvmSregs.SEGMENT_UNUSABLE, attributes & SegmentRegister.UNUSABLE);
    }

    private static void put(MemorySegment sregs, long at, long field, int masked) {
        KvmSregs.setAttribute(sregs, at, field, masked != 0 ? 1 : 0);
    }
}
