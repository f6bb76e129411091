package dev.cloister.vmm.processor;

import dev.cloister.emulator.cpu.CpuFeature;
import dev.cloister.emulator.model.CpuChoice;
import dev.cloister.emulator.model.CpuModel;
import dev.cloister.emulator.model.FeatureNames;
import dev.cloister.kvm.CpuidEntries;
import dev.cloister.kvm.CpuidEntries.Entry;
import dev.cloister.vmm.report.MachineException;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes of what a KVM supports what a chosen processor shows: features that the choice hides or its model lacks are taken out, also
 * such as have no name here, and the state components of XSAVE that belong to them.
 */
public final class CpuidMask {
    private static final int FEATURES = 1;
    private static final int STRUCTURED = 7;
    private static final int XSAVE = 0xd;
    private static final int EXTENDED = 0x8000_0001;
    private static final int SECURE_VM = 0x8000_000a;

    /** Bits of 0x80000001 EDX that repeat those of leaf 1 EDX on AMD's processors (APM vol. 3, E.4.2). */
    private static final int REPEATED = 0x0183_f3ff;

    /** Leaves of features that no named model has: performance counters, SGX, trace, key locker, AMX, AVX10, SVM, SEV. */
    private static final List<Integer> FOREIGN =
            List.of(0xa, 0x12, 0x14, 0x19, 0x1c, 0x1d, 0x1e, 0x24, SECURE_VM, 0x8000_001f, 0x8000_0022);

    /** Bits of AVX-512 in leaf 7 EBX, ECX, EDX and of leaf 7 subleaf 1 EAX. */
    private static final int[] AVX512 = {0xdc23_0000, 0x0000_5842, 0x0080_010c, 1 << 5};

    /** What takes AVX for granted and has no name here: leaf 7 subleaf 1 EAX (AVX-IFMA) and EDX (VNNI, NE-CONVERT, AVX10). */
    private static final int[] BEYOND_AVX = {1 << 23, 1 << 4 | 1 << 5 | 1 << 10 | 1 << 19};

    private static final int XSTATE_LEGACY = 3;
    private static final int XSTATE_AVX = 4;
    private static final int XSTATE_AVX512 = 0xe0;
    private static final int XSTATE_KEYS = 0x200;
    private static final int XSAVE_HEADER_END = 576;
    private static final int COMPONENTS = 63;

    private CpuidMask() {}

    /**
     * Changes a table.
     *
     * @param table what KVM supports; changed in place
     * @param choice which processor
     * @throws MachineException if the host lacks what the choice requires; the message names it
     */
    public static void apply(CpuidEntries table, CpuChoice choice) throws MachineException {
        boolean whole = choice.model().equals(CpuChoice.HOST);
        if (whole && choice.added().isEmpty() && choice.hidden().isEmpty()) {
            return;
        }
        Set<CpuFeature> offered = offered(table);
        EnumSet<CpuFeature> missing = EnumSet.noneOf(CpuFeature.class);
        missing.addAll(choice.required());
        missing.removeAll(offered);
        if (!missing.isEmpty()) {
            throw MachineException.input("processor model " + choice.text()
                    + " needs what this host's KVM does not offer: " + FeatureNames.of(missing)
                    + "; choose a lower model, hide these, or take the engine emulated");
        }
        EnumSet<CpuFeature> wanted = EnumSet.noneOf(CpuFeature.class);
        wanted.addAll(offered);
        if (!whole) {
            wanted.retainAll(choice.emulated().features());
        }
        Set<CpuFeature> shown = CpuModel.remaining(wanted, choice.hidden());
        for (CpuFeature.Word word : CpuFeature.Word.values()) {
            keep(table, word, shown, whole);
        }
        others(table, shown, whole);
        components(table, shown, whole);
    }

    /** Takes the hypervisor bit out again, where the choice hides it. */
    public static void hideHypervisor(CpuidEntries table, CpuChoice choice) {
        if (choice.hidden().contains(CpuFeature.HYPERVISOR)) {
            clear(table, FEATURES, 0, 2, CpuFeature.HYPERVISOR.mask());
        }
    }

    /** The features, of those that have a name, that a table tells of. */
    static Set<CpuFeature> offered(CpuidEntries table) {
        EnumSet<CpuFeature> offered = EnumSet.noneOf(CpuFeature.class);
        for (CpuFeature feature : CpuFeature.values()) {
            CpuFeature.Word word = feature.word();
            Entry entry = table.get(word.leaf(), word.subleaf()).orElse(null);
            if (entry != null && (registers(entry)[word.register()] & feature.mask()) != 0) {
                offered.add(feature);
            }
        }
        return offered;
    }

    private static int[] registers(Entry e) {
        return new int[] {e.eax(), e.ebx(), e.ecx(), e.edx()};
    }

    /** Takes bits out of one register of a leaf, where it is there. */
    private static void clear(CpuidEntries table, int leaf, int subleaf, int number, int bits) {
        Entry e = table.get(leaf, subleaf).orElse(null);
        if (e != null) {
            int[] r = registers(e);
            r[number] &= ~bits;
            table.set(new Entry(leaf, e.index(), e.flags(), r[0], r[1], r[2], r[3]));
        }
    }

    private static void keep(CpuidEntries table, CpuFeature.Word word, Set<CpuFeature> shown, boolean whole) {
        int known = 0;
        int kept = 0;
        for (CpuFeature feature : CpuFeature.values()) {
            if (feature.word() == word) {
                known |= feature.mask();
                kept |= shown.contains(feature) ? feature.mask() : 0;
            }
        }
        int gone = whole ? known & ~kept : ~(kept | structural(word));
        clear(table, word.leaf(), word.subleaf(), word.register(), gone);
    }

    /** Bits without a name here that a named model keeps: how the processor behaves, is built, and may be told not to speculate. */
    private static int structural(CpuFeature.Word word) {
        return switch (word) {
            // FDP_EXCPTN_ONLY, and x87 selectors that read as 0.
            case LEAF_7_EBX -> 1 << 6 | 1 << 13;
            // SRBDS_CTRL, L1D_FLUSH.
            case LEAF_7_EDX -> 1 << 9 | 1 << 28;
            // CmpLegacy, ExtApicSpace, AltMovCr8, TopologyExtensions.
            case LEAF_80000001_ECX -> 1 << 1 | 1 << 3 | 1 << 4 | 1 << 22;
            case LEAF_80000001_EDX -> REPEATED;
            // IBPB, IBRS, STIBP and their hints, SSBD, predictive store forwarding (APM vol. 3, E.4.6).
            case LEAF_80000008_EBX -> 0x1707_d000;
            default -> 0;
        };
    }

    private static void others(CpuidEntries table, Set<CpuFeature> shown, boolean whole) {
        table.get(FEATURES, 0).ifPresent(e -> clear(table, EXTENDED, 0, 3, REPEATED & ~e.edx()));
        if (!shown.contains(CpuFeature.AVX512F)) {
            for (int register = 1; register <= 3; register++) {
                clear(table, STRUCTURED, 0, register, AVX512[register - 1]);
            }
            clear(table, STRUCTURED, 1, 0, AVX512[3]);
        }
        if (!shown.contains(CpuFeature.AVX) || !whole) {
            clear(table, STRUCTURED, 1, 0, BEYOND_AVX[0]);
            clear(table, STRUCTURED, 1, 3, BEYOND_AVX[1]);
        }
        if (!whole) {
            FOREIGN.forEach(table::remove);
        } else if (!shown.contains(CpuFeature.SVM)) {
            table.remove(SECURE_VM);
        }
    }

    /** Leaf 0xD: no component of a feature that isn't shown, and the size of what remains (SDM vol. 1, 13.2). */
    private static void components(CpuidEntries table, Set<CpuFeature> shown, boolean whole) {
        Entry main = table.get(XSAVE, 0).orElse(null);
        if (main == null || !shown.contains(CpuFeature.XSAVE)) {
            table.remove(XSAVE);
            return;
        }
        if (!whole) {
            // No components of the supervisor's.
            clear(table, XSAVE, 1, 2, -1);
            clear(table, XSAVE, 1, 3, -1);
        }
        int low = main.eax() & user(shown, whole);
        int high = whole ? main.edx() : 0;
        long kept = wide(low, high) | supervisor(table.get(XSAVE, 1).orElse(null));
        List<Entry> before = table.entries().stream()
                .filter(e -> e.function() == XSAVE && e.index() >= 1 && e.index() < COMPONENTS)
                .toList();
        table.remove(XSAVE);
        int size = XSAVE_HEADER_END;
        for (Entry e : before) {
            if (e.index() == 1 || isIn(kept, e)) {
                table.set(e);
            }
            if (e.index() > 1 && isIn(kept & wide(low, high), e)) {
                size = Math.max(size, e.eax() + e.ebx());
            }
        }
        table.set(new Entry(XSAVE, 0, main.flags(), low, Math.min(main.ebx(), size), size, high));
    }

    private static boolean isIn(long components, Entry e) {
        return (components >> e.index() & 1) != 0;
    }

    private static long wide(int low, int high) {
        return (long) high << Integer.SIZE | low & 0xFFFF_FFFFL;
    }

    private static long supervisor(@Nullable Entry features) {
        return features == null ? 0 : wide(features.ecx(), features.edx());
    }

    /** Components that the shown features leave. */
    private static int user(Set<CpuFeature> shown, boolean whole) {
        int known = XSTATE_LEGACY | XSTATE_AVX | XSTATE_AVX512 | XSTATE_KEYS;
        int gone = (shown.contains(CpuFeature.AVX) ? 0 : XSTATE_AVX)
                | (shown.contains(CpuFeature.AVX512F) ? 0 : XSTATE_AVX512)
                | (shown.contains(CpuFeature.PKU) ? 0 : XSTATE_KEYS);
        return ~gone & (whole ? -1 : known);
    }
}
