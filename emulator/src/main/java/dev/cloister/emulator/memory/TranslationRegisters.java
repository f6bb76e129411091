package dev.cloister.emulator.memory;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.mmu.Tlb;
import dev.cloister.mmu.WalkContext;

/**
 * What {@link TlbMemory} has derived from the registers that govern translation, and what it flushes when they change (Intel SDM volume 3,
 * 4.10.4.1). A change that nobody told of is found by comparison, and flushes at least as much as the instruction that made it.
 */
final class TranslationRegisters {
    private static final long CR0_BITS = ControlBits.CR0_PG | ControlBits.CR0_WP | ControlBits.CR0_PE;
    private static final long CR4_SMAP = 1L << 21;
    /** PSE, PAE, PGE, LA57, PCIDE, SMEP, SMAP, PKE, PKS. */
    private static final long CR4_BITS =
            1L << 4 | 1L << 5 | 1L << 7 | 1L << 12 | 1L << 17 | 1L << 20 | CR4_SMAP | 1L << 22 | 1L << 24;

    private static final long EFER_BITS = ControlBits.EFER_LME | ControlBits.EFER_LMA | ControlBits.EFER_NXE;
    private static final int PCID_MASK = 0xFFF;

    private final CpuState state;
    private final Tlb tlb;
    private final WalkContext[] contexts = new WalkContext[3];
    private long cr0;
    private long cr3;
    private long cr4;
    private long efer;
    private int pkru;
    private long linearMask;
    private boolean smap;

    TranslationRegisters(CpuState state, WalkContext processor, Tlb tlb) {
        this.state = state;
        this.tlb = tlb;
        for (int regime = 0; regime < contexts.length; regime++) {
            contexts[regime] = new WalkContext(processor);
        }
        derive();
    }

    WalkContext context(int regime) {
        return contexts[regime];
    }

    long masked(long linear) {
        return linear & linearMask;
    }

    int supervisorRegime() {
        return smap && (state.rflags() & Flags.AC) != 0 ? Tlb.SUPERVISOR_AC : Tlb.SUPERVISOR;
    }

    int regime() {
        return state.cpl() == 3 ? Tlb.USER : supervisorRegime();
    }

    private boolean hasPcids() {
        return (cr4 & ControlBits.CR4_PCIDE) != 0;
    }

    private int pcid() {
        return hasPcids() ? (int) cr3 & PCID_MASK : 0;
    }

    /** Looks at the registers again. */
    void refresh() {
        if (!flushedForChange() && state.cr3() != cr3) {
            loadCr3(false);
        }
        usePkru(state.extended().pkru());
    }

    void loadedCr3(boolean keep) {
        if (!flushedForChange()) {
            loadCr3(keep);
        }
    }

    private boolean flushedForChange() {
        boolean changed = ((state.cr0() ^ cr0) & CR0_BITS) != 0
                || ((state.cr4() ^ cr4) & CR4_BITS) != 0
                || ((state.efer() ^ efer) & EFER_BITS) != 0;
        if (changed) {
            derive();
            tlb.flushAll();
            tlb.useAddressSpace(pcid());
        }
        return changed;
    }

    private void loadCr3(boolean keep) {
        derive();
        if (!hasPcids()) {
            tlb.flushNonGlobal();
            return;
        }
        if (!keep) {
            tlb.flushAddressSpace(pcid());
        }
        tlb.useAddressSpace(pcid());
    }

    void setPkru(int value) {
        state.extended().setPkru(value);
        refresh();
    }

    private void usePkru(int value) {
        if (value != pkru) {
            // Key 0 is everybody's: its entries aren't counted as keyed.
            boolean everybody = ((value ^ pkru) & 3) != 0;
            pkru = value;
            derive();
            if (everybody) {
                tlb.flushAll();
            } else {
                tlb.protectionKeysChanged();
            }
        }
    }

    private void derive() {
        cr0 = state.cr0();
        cr3 = state.cr3();
        cr4 = state.cr4();
        efer = state.efer();
        smap = (cr4 & CR4_SMAP) != 0;
        linearMask = state.isLongActive() ? -1L : 0xFFFF_FFFFL;
        contexts[Tlb.USER].set(cr0, cr3, cr4, efer, 3, 0);
        contexts[Tlb.SUPERVISOR].set(cr0, cr3, cr4, efer, 0, 0);
        contexts[Tlb.SUPERVISOR_AC].set(cr0, cr3, cr4, efer, 0, Flags.AC);
        for (WalkContext context : contexts) {
            context.protectionKeys(pkru, 0);
        }
    }
}
