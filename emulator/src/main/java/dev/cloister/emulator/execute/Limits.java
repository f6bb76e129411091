package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuFeature;

/** Which bits of the control registers a processor has, by the features that its surroundings offer (SDM vol. 3, 2.5). */
final class Limits {
    private static final int ADDRESS_WIDTHS = 0x80000008;
    private static final int LEAST_WIDTH = 32;
    private static final int MOST_WIDTH = 52;

    final long cr4;
    final long efer;
    /** Bits of a physical address that this processor hasn't. */
    final long beyondPhysical;
    /** Width of the linear addresses that base registers can hold, whatever the present paging mode (SDM vol. 3, 4.5.2). */
    final int linearWidth;

    /** Whether LAHF and SAHF exist in 64-bit mode. */
    final boolean flagsToAh64;

    Limits(CpuEnvironment environment) {
        flagsToAh64 = environment.offers(CpuFeature.LAHF_LM);
        cr4 = cr4(environment);
        efer = (environment.offers(CpuFeature.SYSCALL) ? ControlBits.EFER_SCE : 0)
                | (environment.offers(CpuFeature.LM) ? ControlBits.EFER_LME | ControlBits.EFER_LMA : 0)
                | (environment.offers(CpuFeature.NX) ? ControlBits.EFER_NXE : 0);
        linearWidth = environment.offers(CpuFeature.LA57) ? 57 : 48;
        int[] leaf = new int[4];
        environment.cpuid(ADDRESS_WIDTHS, 0, leaf);
        int width = leaf[0] & 0xFF;
        beyondPhysical = -1L << (width < LEAST_WIDTH || width > MOST_WIDTH ? MOST_WIDTH : width);
    }

    private static long bit(CpuEnvironment environment, CpuFeature feature, long bits) {
        return environment.offers(feature) ? bits : 0;
    }

    private static long cr4(CpuEnvironment e) {
        return ControlBits.CR4_PCE
                | bit(e, CpuFeature.VME, ControlBits.CR4_VME | ControlBits.CR4_PVI)
                | bit(e, CpuFeature.TSC, ControlBits.CR4_TSD)
                | bit(e, CpuFeature.DE, ControlBits.CR4_DE)
                | bit(e, CpuFeature.PSE, ControlBits.CR4_PSE)
                | bit(e, CpuFeature.PAE, ControlBits.CR4_PAE)
                | bit(e, CpuFeature.MCE, ControlBits.CR4_MCE)
                | bit(e, CpuFeature.PGE, ControlBits.CR4_PGE)
                | bit(e, CpuFeature.FXSR, ControlBits.CR4_OSFXSR)
                | bit(e, CpuFeature.SSE, ControlBits.CR4_OSXMMEXCPT)
                | bit(e, CpuFeature.UMIP, ControlBits.CR4_UMIP)
                | bit(e, CpuFeature.LA57, ControlBits.CR4_LA57)
                | bit(e, CpuFeature.VMX, ControlBits.CR4_VMXE)
                | bit(e, CpuFeature.SMX, ControlBits.CR4_SMXE)
                | bit(e, CpuFeature.FSGSBASE, ControlBits.CR4_FSGSBASE)
                | bit(e, CpuFeature.PCID, ControlBits.CR4_PCIDE)
                | bit(e, CpuFeature.XSAVE, ControlBits.CR4_OSXSAVE)
                | bit(e, CpuFeature.SMEP, ControlBits.CR4_SMEP)
                | bit(e, CpuFeature.SMAP, ControlBits.CR4_SMAP)
                | bit(e, CpuFeature.PKU, ControlBits.CR4_PKE)
                | bit(e, CpuFeature.CET_SS, ControlBits.CR4_CET);
    }
}
