package dev.cloister.emulator.model;

import dev.cloister.emulator.cpu.CpuFeature;
import java.util.Arrays;
import java.util.TreeMap;

/**
 * The model-specific registers that hold what is written to them, each with the rule of what may be written (Intel SDM
 * vol. 4, chapter 2). A look-up is a binary search; nothing is allocated by it.
 */
final class MsrFile {
    /** What a write must satisfy; everything else raises #GP. */
    private enum Rule {
        /** Bits outside the mask must be zero. */
        MASK,
        /** Bits outside the mask keep their value, whatever is written. */
        KEEP,
        /** The value must be a canonical address. */
        CANONICAL,
        /** No write at all. */
        READ_ONLY,
        /** Written bits must be in the mask; reading raises #GP. */
        WRITE_ONLY,
        /** All zeros or all ones. */
        ALL_OR_NONE,
        /** Eight memory types, one in each byte. */
        TYPES,
        /** Eight memory types, UC- included. */
        PAT_TYPES,
        /** A memory type in the low byte, the mask's bits above it. */
        TYPE
    }

    private record Definition(Rule rule, long initial, long mask) {}

    private static final long ALL = -1L;
    private static final long LOW_32 = 0xFFFFFFFFL;
    private static final int MTRR_PAIRS = 8;
    private static final int MACHINE_CHECK_BANKS = 4;
    private static final long PAT_RESET = 0x0007040600070406L;
    /** UC, WC, WT, WP, WB (SDM vol. 3, 12.3). */
    private static final int TYPES = 0b1110011;

    private static final int PAT_TYPES = TYPES | 1 << 7;
    /** RDCL_NO, IBRS_ALL, SKIP_L1DFL_VMENTRY, SSB_NO, MDS_NO, PSCHANGE_MC_NO, TAA_NO, SBDR, FBSDP, PSDP, BHI, PBRSB, GDS, RFDS, ITS. */
    private static final long NOT_AFFECTED = 0x1 | 0x2 | 0x8 | 0x10 | 0x20 | 0x40 | 0x100 | 0xE000 | 1L << 20 | 1L << 24
            | 1L << 26 | 1L << 27 | 1L << 62;

    private final int linearBits;
    private final int[] index;
    private final long[] value;
    private final Definition[] definition;

    MsrFile(CpuModel model) {
        linearBits = model.linearBits();
        TreeMap<Integer, Definition> all = new TreeMap<>();
        system(all, model);
        memoryTypes(all, model);
        machineCheck(all, model);
        int count = all.size();
        index = new int[count];
        value = new long[count];
        definition = new Definition[count];
        int n = 0;
        for (var entry : all.entrySet()) {
            index[n] = entry.getKey();
            definition[n] = entry.getValue();
            n++;
        }
        reset();
    }

    /** Returns every register to its value after reset. */
    void reset() {
        for (int n = 0; n < value.length; n++) {
            value[n] = definition[n].initial;
        }
    }

    private static void put(TreeMap<Integer, Definition> all, int msr, Rule rule, long initial, long mask) {
        all.put(msr, new Definition(rule, initial, mask));
    }

    private static void system(TreeMap<Integer, Definition> all, CpuModel model) {
        put(all, 0x17, Rule.READ_ONLY, 0, 0);
        put(all, 0x79, Rule.WRITE_ONLY, 0, ALL);
        put(all, 0x8B, Rule.KEEP, 1L << 32, 0);
        put(all, 0x1A0, Rule.KEEP, 0x1801, 0x4_00C5_0009L);
        put(all, 0x1D9, Rule.MASK, 0, 2);
        put(all, 0xC0000081, Rule.MASK, 0, ALL);
        put(all, 0xC0000082, Rule.CANONICAL, 0, ALL);
        put(all, 0xC0000083, Rule.CANONICAL, 0, ALL);
        put(all, 0xC0000084, Rule.MASK, 0, LOW_32);
        put(all, 0xC0000102, Rule.CANONICAL, 0, ALL);
        if (model.has(CpuFeature.SEP)) {
            put(all, 0x174, Rule.MASK, 0, LOW_32);
            put(all, 0x175, Rule.CANONICAL, 0, ALL);
            put(all, 0x176, Rule.CANONICAL, 0, ALL);
        }
        if (model.has(CpuFeature.RDTSCP) || model.has(CpuFeature.RDPID)) {
            put(all, 0xC0000103, Rule.MASK, 0, LOW_32);
        }
        if (model.has(CpuFeature.XSAVES)) {
            put(all, 0xDA0, Rule.MASK, 0, 0);
        }
        speculation(all, model);
    }

    private static void speculation(TreeMap<Integer, Definition> all, CpuModel model) {
        if (model.has(CpuFeature.SPEC_CTRL)) {
            long bits = 1 | (model.has(CpuFeature.STIBP) ? 2 : 0) | (model.has(CpuFeature.SSBD) ? 4 : 0);
            put(all, 0x48, Rule.MASK, 0, bits);
            put(all, 0x49, Rule.WRITE_ONLY, 0, 1);
        }
        if (model.has(CpuFeature.ARCH_CAPABILITIES)) {
            put(all, 0x10A, Rule.READ_ONLY, NOT_AFFECTED, 0);
        }
    }

    private static void memoryTypes(TreeMap<Integer, Definition> all, CpuModel model) {
        if (model.has(CpuFeature.PAT)) {
            put(all, 0x277, Rule.PAT_TYPES, PAT_RESET, ALL);
        }
        if (!model.has(CpuFeature.MTRR)) {
            return;
        }
        long physical = (1L << model.physicalBits()) - 1 & ~0xFFFL;
        put(all, 0xFE, Rule.READ_ONLY, 0x500 | MTRR_PAIRS, 0);
        for (int n = 0; n < MTRR_PAIRS; n++) {
            put(all, 0x200 + 2 * n, Rule.TYPE, 0, physical);
            put(all, 0x201 + 2 * n, Rule.MASK, 0, physical | 0x800);
        }
        put(all, 0x250, Rule.TYPES, 0, ALL);
        put(all, 0x258, Rule.TYPES, 0, ALL);
        put(all, 0x259, Rule.TYPES, 0, ALL);
        for (int n = 0x268; n <= 0x26F; n++) {
            put(all, n, Rule.TYPES, 0, ALL);
        }
        put(all, 0x2FF, Rule.TYPE, 0, 0xC00);
    }

    private static void machineCheck(TreeMap<Integer, Definition> all, CpuModel model) {
        if (!model.has(CpuFeature.MCA)) {
            return;
        }
        put(all, 0, Rule.MASK, 0, 0);
        put(all, 1, Rule.MASK, 0, 0);
        put(all, 0x179, Rule.READ_ONLY, 0x100 | MACHINE_CHECK_BANKS, 0);
        put(all, 0x17A, Rule.MASK, 0, 7);
        put(all, 0x17B, Rule.ALL_OR_NONE, 0, ALL);
        for (int bank = 0; bank < MACHINE_CHECK_BANKS; bank++) {
            put(all, 0x400 + 4 * bank, Rule.ALL_OR_NONE, 0, ALL);
            // Software may only clear the status that an error left.
            put(all, 0x401 + 4 * bank, Rule.MASK, 0, 0);
            put(all, 0x402 + 4 * bank, Rule.MASK, 0, ALL);
            put(all, 0x403 + 4 * bank, Rule.MASK, 0, ALL);
        }
    }

    private int find(int msr) {
        return Arrays.binarySearch(index, msr);
    }

    /** Reads; false where there is no such register or it can't be read. */
    boolean read(int msr, long[] into) {
        int at = find(msr);
        if (at < 0 || definition[at].rule == Rule.WRITE_ONLY) {
            return false;
        }
        into[0] = value[at];
        return true;
    }

    /** Writes as WRMSR does; false where that raises #GP. */
    boolean write(int msr, long wanted) {
        int at = find(msr);
        if (at < 0 || !allows(definition[at], wanted)) {
            return false;
        }
        long mask = definition[at].mask;
        value[at] = definition[at].rule == Rule.KEEP ? value[at] & ~mask | wanted & mask : wanted;
        return true;
    }

    private boolean allows(Definition d, long wanted) {
        return switch (d.rule) {
            case MASK, WRITE_ONLY -> (wanted & ~d.mask) == 0;
            case KEEP -> true;
            case CANONICAL -> isCanonical(wanted);
            case READ_ONLY -> false;
            case ALL_OR_NONE -> wanted == 0 || wanted == ALL;
            case TYPES -> areTypes(wanted, TYPES);
            case PAT_TYPES -> areTypes(wanted, PAT_TYPES);
            case TYPE -> (wanted & ~(d.mask | 0xFF)) == 0 && isType(wanted & 0xFF, TYPES);
        };
    }

    private boolean isCanonical(long address) {
        int shift = 64 - linearBits;
        return address << shift >> shift == address;
    }

    private static boolean isType(long type, int allowed) {
        return type < 8 && (allowed >> type & 1) != 0;
    }

    private static boolean areTypes(long types, int allowed) {
        boolean good = true;
        for (int shift = 0; shift < 64; shift += 8) {
            good &= isType(types >>> shift & 0xFF, allowed);
        }
        return good;
    }

    /** Every register that can be read back, for a snapshot. */
    int[] indices() {
        return index.clone();
    }

    /** Stores without asking the rule: a snapshot is put back. */
    boolean restore(int msr, long saved) {
        int at = find(msr);
        if (at >= 0) {
            value[at] = saved;
        }
        return at >= 0;
    }
}
