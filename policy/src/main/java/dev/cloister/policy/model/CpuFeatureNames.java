package dev.cloister.policy.model;

import java.util.Arrays;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;

/** Names of processor features that a policy may use. The processor itself is the emulator's; a test holds both lists together. */
public final class CpuFeatureNames {
    /** As {@code /proc/cpuinfo} spells them, and other common names of the same; unmodifiable, in alphabetical order. */
    public static final Set<String> KNOWN =
            Collections.unmodifiableSet(new TreeSet<>(Arrays.asList("""
                3dnowprefetch abm adx aes apic arat arch_capabilities avx avx2 avx512f avx_vnni bmi1 bmi2 cet_ss
                cldemote clflush clflushopt clfsh clwb clzero cmov cx16 cx8 de erms f16c fma fpu fsgsbase fsrm fxsr
                gfni hypervisor ibrs invariant_tsc invpcid la57 lahf_lm lm lzcnt mca mce md_clear mmx monitor
                monitorx movbe movdir64b movdiri msr mtrr nonstop_tsc nx pae page_1gb pat pcid pclmulqdq pconfig
                pdpe1gb pge pku pni popcnt prefetchw pse pse36 ptwrite rdpid rdpru rdrand rdseed rdtscp rtm sep
                serialize sgx sha sha_ni shstk smap smep smx spec_ctrl ssbd sse sse2 sse3 sse4_1 sse4_2 ssse3 stibp
                svm syscall tsc tsc_adjust tsc_deadline tsc_deadline_timer tsxldtrk uintr umip vaes vme vmx
                vpclmulqdq waitpkg wbnoinvd wrmsrns x2apic xgetbv1 xgetbv_ecx_1 xsave xsavec xsaveopt xsaves
                """.strip().split("\\s+"))));

    private CpuFeatureNames() {}
}
