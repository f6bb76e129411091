package dev.cloister.emulator;

import dev.cloister.emulator.cpu.CpuFeature;
import dev.cloister.emulator.decode.FeatureTable;
import dev.cloister.emulator.decode.Form;
import dev.cloister.emulator.decode.FormTable;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * What this emulator implements of a processor. A feature that consists of instructions is implemented when every one of
 * them has something that executes it; the others are listed here.
 */
public final class Implementation {
    /** Features without instructions of their own, and the baseline of every 64-bit processor. */
    private static final Set<CpuFeature> WITHOUT_INSTRUCTIONS = EnumSet.of(
            CpuFeature.FPU,
            CpuFeature.MMX,
            CpuFeature.FXSR,
            CpuFeature.SSE,
            CpuFeature.SSE2,
            CpuFeature.HYPERVISOR,
            CpuFeature.VME,
            CpuFeature.DE,
            CpuFeature.PSE,
            CpuFeature.PSE36,
            CpuFeature.PAE,
            CpuFeature.PGE,
            CpuFeature.PCID,
            CpuFeature.MCE,
            CpuFeature.MCA,
            CpuFeature.APIC,
            CpuFeature.X2APIC,
            CpuFeature.TSC_DEADLINE,
            CpuFeature.TSC_ADJUST,
            CpuFeature.INVARIANT_TSC,
            CpuFeature.ARAT,
            CpuFeature.MTRR,
            CpuFeature.PAT,
            CpuFeature.NX,
            CpuFeature.LM,
            CpuFeature.LA57,
            CpuFeature.LAHF_LM,
            CpuFeature.PAGE_1GB,
            CpuFeature.SMEP,
            CpuFeature.UMIP,
            CpuFeature.ERMS,
            CpuFeature.FSRM,
            CpuFeature.XGETBV_ECX_1,
            CpuFeature.SPEC_CTRL,
            CpuFeature.STIBP,
            CpuFeature.SSBD,
            CpuFeature.ARCH_CAPABILITIES,
            CpuFeature.MD_CLEAR);

    /** Features whose instructions exist here for what KVM's guests need of them, but that no model may tell of. */
    private static final Set<CpuFeature> PARTLY = EnumSet.of(
            CpuFeature.MONITOR,
            CpuFeature.VMX,
            CpuFeature.SVM,
            CpuFeature.SMX,
            CpuFeature.CET_SS,
            CpuFeature.RDPRU,
            CpuFeature.XSAVES);

    private static final Set<CpuFeature> FEATURES = Collections.unmodifiableSet(find());

    private Implementation() {}

    /**
     * Features that a processor model may have.
     *
     * @return unmodifiable
     */
    public static Set<CpuFeature> features() {
        return FEATURES;
    }

    private static EnumSet<CpuFeature> find() {
        EnumSet<CpuFeature> found = EnumSet.noneOf(CpuFeature.class);
        EnumSet<CpuFeature> lacking = EnumSet.copyOf(PARTLY);
        for (Form form : FormTable.instance().forms()) {
            FeatureTable.Need need = FeatureTable.instance().of(form);
            EnumSet<CpuFeature> into = HandlerTable.of(form) == null ? lacking : found;
            into.addAll(need.always());
            into.addAll(need.wide());
        }
        found.removeAll(lacking);
        found.addAll(WITHOUT_INSTRUCTIONS);
        return found;
    }
}
