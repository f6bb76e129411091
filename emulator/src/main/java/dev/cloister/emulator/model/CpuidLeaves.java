package dev.cloister.emulator.model;

import dev.cloister.emulator.cpu.CpuFeature;
import dev.cloister.emulator.cpu.CpuState;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The answers of CPUID (Intel SDM vol. 2, CPUID): fixed ones from the model, the rest from the processor's state. */
final class CpuidLeaves {
    static final int MAX_BASIC = 0x16;
    private static final int MHZ_PER_CRYSTAL = 1000;
    static final int MAX_EXTENDED = 0x80000008;
    static final int HYPERVISOR = 0x40000000;
    /** The x87's data pointer changes with unmasked exceptions only, and its selectors read as zero. */
    private static final int X87_POINTERS = 1 << 6 | 1 << 13;

    private static final String VENDOR = "GenuineIntel";
    private static final String SIGNATURE = "CloisterVMM ";
    private static final int BRAND_LENGTH = 48;

    private static final int CLFLUSH_SIZE = 8 << 8;
    private static final int OSXSAVE = 1 << 27;
    private static final int OSPKE = 1 << 4;
    private static final int HTT = 1 << 28;
    private static final long CR4_OSXSAVE = 1L << 18;
    private static final long CR4_PKE = 1L << 22;
    private static final int MHZ = 1_000_000;

    private final CpuModel model;
    private final CpuState state;
    private final Topology topology;
    private final LocalApicMsrs apic;
    private final long hertz;
    private final XsaveLayout xsave;
    private final byte[] brand;
    private final int version;
    private final int[] words = new int[CpuFeature.Word.values().length];

    CpuidLeaves(CpuModel model, CpuState state, Topology topology, LocalApicMsrs apic, long hertz) {
        this.model = model;
        this.state = state;
        this.topology = topology;
        this.apic = apic;
        this.hertz = hertz;
        xsave = new XsaveLayout(model);
        version = CpuVersion.of(model);
        String name = "Cloister x86-64-" + model.name() + " processor (emulated)";
        brand = Arrays.copyOf(name.getBytes(StandardCharsets.US_ASCII), BRAND_LENGTH);
        for (CpuFeature feature : model.features()) {
            words[feature.word().ordinal()] |= feature.mask();
        }
    }

    private int word(CpuFeature.Word word) {
        return words[word.ordinal()];
    }

    void answer(int leaf, int subleaf, int[] result) {
        Arrays.fill(result, 0);
        int known = leaf;
        if (leaf > MAX_BASIC && (leaf & 0xFFFFFF00) != HYPERVISOR
                || leaf < 0 && Integer.compareUnsigned(leaf, MAX_EXTENDED) > 0) {
            // A leaf above the highest answers as the highest basic one does.
            known = MAX_BASIC;
        }
        if (known < 0) {
            extended(known, result);
        } else if ((known & 0xFFFFFF00) == HYPERVISOR) {
            hypervisor(known, result);
        } else {
            basic(known, subleaf, result);
        }
    }

    private static void set(int[] result, int eax, int ebx, int ecx, int edx) {
        result[0] = eax;
        result[1] = ebx;
        result[2] = ecx;
        result[3] = edx;
    }

    private static int text(byte[] bytes, int at) {
        return bytes[at] & 0xFF | (bytes[at + 1] & 0xFF) << 8 | (bytes[at + 2] & 0xFF) << 16 | bytes[at + 3] << 24;
    }

    private void basic(int leaf, int subleaf, int[] result) {
        switch (leaf) {
            case 0 -> vendor(result);
            case 1 -> version(result);
            // Descriptor FF: the caches are told of by leaf 4.
            case 2 -> set(result, 0x00FEFF01, 0, 0, 0);
            case 4, 0xB -> topology(leaf, subleaf, result);
            case 6 -> set(result, word(CpuFeature.Word.LEAF_6_EAX), 0, 0, 0);
            case 7 -> structuredFeatures(subleaf, result);
            case 0xD -> xsave.answer(subleaf, state, word(CpuFeature.Word.LEAF_D_1_EAX), result);
            default -> clocks(leaf, result);
        }
    }

    private void clocks(int leaf, int[] result) {
        if (leaf == 0x15) {
            crystal(result);
        } else if (leaf == 0x16) {
            frequencies(result);
        }
    }

    private static void vendor(int[] result) {
        byte[] vendor = VENDOR.getBytes(StandardCharsets.US_ASCII);
        set(result, MAX_BASIC, text(vendor, 0), text(vendor, 8), text(vendor, 4));
    }

    private void version(int[] result) {
        int ecx = word(CpuFeature.Word.LEAF_1_ECX);
        if (model.has(CpuFeature.XSAVE) && (state.cr4() & CR4_OSXSAVE) != 0) {
            ecx |= OSXSAVE;
        }
        int edx = word(CpuFeature.Word.LEAF_1_EDX);
        if ((apic.apicBase() & LocalApicMsrs.ENABLED) == 0) {
            edx &= ~CpuFeature.APIC.mask();
        }
        if (topology.processors() > 1) {
            edx |= HTT;
        }
        int ebx = topology.apicId() << 24 | topology.processors() << 16 & 0xFF0000 | CLFLUSH_SIZE;
        set(result, version, ebx, ecx, edx);
    }

    private void structuredFeatures(int subleaf, int[] result) {
        if (subleaf == 0) {
            int ecx = word(CpuFeature.Word.LEAF_7_ECX);
            if (model.has(CpuFeature.PKU) && (state.cr4() & CR4_PKE) != 0) {
                ecx |= OSPKE;
            }
            int further = word(CpuFeature.Word.LEAF_7_1_EAX) != 0 ? 1 : 0;
            set(
                    result,
                    further,
                    word(CpuFeature.Word.LEAF_7_EBX) | X87_POINTERS,
                    ecx,
                    word(CpuFeature.Word.LEAF_7_EDX));
        } else if (subleaf == 1) {
            set(result, word(CpuFeature.Word.LEAF_7_1_EAX), 0, 0, 0);
        }
    }

    /** Deterministic cache parameters: 32 KiB of data and of code, 1 MiB for each core, 16 MiB for all. */
    private void caches(int subleaf, int[] result) {
        int cores = (1 << topology.shift()) - 1 << 26;
        int all = (1 << topology.shift()) - 1 << 14;
        switch (subleaf) {
            case 0 -> set(result, cores | 0x121, 7 << 22 | 63, 63, 0);
            case 1 -> set(result, cores | 0x122, 7 << 22 | 63, 63, 0);
            case 2 -> set(result, cores | 0x143, 15 << 22 | 63, 1023, 0);
            case 3 -> set(result, cores | all | 0x163, 15 << 22 | 63, 16383, 4);
            default -> {}
        }
    }

    private void levels(int subleaf, int[] result) {
        switch (subleaf) {
            case 0 -> set(result, 0, 1, 0x100, topology.apicId());
            case 1 -> set(result, topology.shift(), topology.processors(), 0x201, topology.apicId());
            default -> set(result, 0, 0, subleaf & 0xFF, topology.apicId());
        }
    }

    /**
     * TSC by a crystal of 1 GHz, whose ticks the local APIC's timer counts (Intel SDM vol. 3, 11.5.4); every frequency in MHz is told
     * exactly.
     */
    private void crystal(int[] result) {
        if (model.has(CpuFeature.INVARIANT_TSC) && hertz % MHZ == 0) {
            set(result, MHZ_PER_CRYSTAL, (int) (hertz / MHZ), MHZ_PER_CRYSTAL * MHZ, 0);
        }
    }

    private void topology(int leaf, int subleaf, int[] result) {
        if (leaf == 4) {
            caches(subleaf, result);
        } else {
            levels(subleaf, result);
        }
    }

    private void frequencies(int[] result) {
        int mhz = (int) (hertz / MHZ);
        set(result, mhz, mhz, 100, 0);
    }

    private void hypervisor(int leaf, int[] result) {
        if (leaf == HYPERVISOR && model.has(CpuFeature.HYPERVISOR)) {
            byte[] name = SIGNATURE.getBytes(StandardCharsets.US_ASCII);
            set(result, HYPERVISOR, text(name, 0), text(name, 4), text(name, 8));
        }
    }

    private void extended(int leaf, int[] result) {
        switch (leaf) {
            case 0x80000000 -> set(result, MAX_EXTENDED, 0, 0, 0);
            case 0x80000001 ->
                set(result, 0, 0, word(CpuFeature.Word.LEAF_80000001_ECX), word(CpuFeature.Word.LEAF_80000001_EDX));
            case 0x80000002, 0x80000003, 0x80000004 -> {
                int at = (leaf - 0x80000002) * 16;
                set(result, text(brand, at), text(brand, at + 4), text(brand, at + 8), text(brand, at + 12));
            }
            case 0x80000006 -> set(result, 0, 0, 1024 << 16 | 6 << 12 | 64, 0);
            case 0x80000007 -> set(result, 0, 0, 0, word(CpuFeature.Word.LEAF_80000007_EDX));
            case 0x80000008 ->
                set(
                        result,
                        model.linearBits() << 8 | model.physicalBits(),
                        word(CpuFeature.Word.LEAF_80000008_EBX),
                        0,
                        0);
            default -> {}
        }
    }
}
