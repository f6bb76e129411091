package dev.cloister.vmm.processor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.emulator.cpu.CpuFeature;
import dev.cloister.emulator.model.CpuChoice;
import dev.cloister.emulator.model.CpuModel;
import dev.cloister.emulator.model.FeatureNames;
import dev.cloister.kvm.CpuidEntries;
import dev.cloister.kvm.CpuidEntries.Entry;
import dev.cloister.policy.model.CpuFeatureNames;
import dev.cloister.vmm.report.MachineException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a chosen processor leaves of a KVM's table. */
class CpuidMaskTest {
    private static final int INDEXED = CpuidEntries.SIGNIFICANT_INDEX;

    /** A host that tells of everything, also of what nobody knows. */
    private static CpuidEntries rich() {
        CpuidEntries table = new CpuidEntries();
        table.set(Entry.leaf(0, 0x20, 0, 0, 0));
        table.set(Entry.leaf(1, 0x800f12, 0x800, -1, -1));
        table.set(Entry.leaf(6, -1, -1, -1, -1));
        table.set(new Entry(7, 0, INDEXED, 2, -1, -1, -1));
        table.set(new Entry(7, 1, INDEXED, -1, -1, -1, -1));
        table.set(new Entry(0xd, 0, INDEXED, 0x602e7, 576, 11008, 0));
        table.set(new Entry(0xd, 1, INDEXED, -1, 0, 0x1800, 0));
        int[][] components = {
            {2, 256, 576},
            {5, 64, 832},
            {6, 512, 896},
            {7, 1024, 1408},
            {9, 8, 2432},
            {17, 64, 2752},
            {18, 8192, 2816},
            {11, 16, 0},
            {12, 24, 0}
        };
        for (int[] c : components) {
            table.set(new Entry(0xd, c[0], INDEXED, c[1], c[2], c[0] == 11 || c[0] == 12 ? 1 : 0, 0));
        }
        table.set(new Entry(0x14, 0, INDEXED, 0, -1, 0, 0));
        table.set(Entry.leaf(0x8000_0001, 0, 0, -1, -1));
        table.set(Entry.leaf(0x8000_0007, 0, 0, 0, -1));
        table.set(Entry.leaf(0x8000_0008, 0x3030, -1, 0, 0));
        table.set(Entry.leaf(0x8000_000a, 1, -1, 0, -1));
        return table;
    }

    private static CpuidEntries masked(String choice) throws MachineException {
        CpuidEntries table = rich();
        CpuidMask.apply(table, CpuChoice.parse(choice));
        return table;
    }

    @Test
    void nobodysChoiceChangesNothing() throws Exception {
        assertThat(masked("host").entries()).isEqualTo(rich().entries());
    }

    @Test
    void anyChoiceShowsItsFeaturesAndNoOthers() throws Exception {
        List<CpuFeature> all = List.of(CpuFeature.values());
        for (long seed = 0; seed < 400; seed++) {
            Random random = new Random(seed);
            String model =
                    CpuChoice.models().get(random.nextInt(CpuChoice.models().size()));
            StringBuilder text = new StringBuilder(model);
            for (int n = random.nextInt(5); n > 0; n--) {
                text.append(",-").append(FeatureNames.of(all.get(random.nextInt(all.size()))));
            }
            CpuChoice choice = CpuChoice.parse(text.toString());
            CpuidEntries table = masked(text.toString());
            Set<CpuFeature> expected = model.equals(CpuChoice.HOST)
                    ? CpuModel.remaining(EnumSet.allOf(CpuFeature.class), choice.hidden())
                    : EnumSet.copyOf(choice.emulated().features());
            Set<CpuFeature> shown = EnumSet.copyOf(CpuidMask.offered(table));
            if (!expected.contains(CpuFeature.XSAVE)) {
                assertThat(table.get(0xd, 0)).as(text.toString()).isEmpty();
            } else {
                consistent(table, expected, text.toString());
            }
            // These leaves go as a whole.
            EnumSet<CpuFeature> leaves = EnumSet.of(CpuFeature.PTWRITE);
            Set<CpuFeature> wanted = EnumSet.copyOf(expected);
            wanted.removeAll(leaves);
            shown.removeAll(leaves);
            assertThat(shown).as("seed %d: %s", seed, text).isEqualTo(wanted);
        }
    }

    /** The size that leaf 0xD tells is that of its components, and each feature has its component. */
    private static void consistent(CpuidEntries table, Set<CpuFeature> shown, String text) {
        Entry main = table.get(0xd, 0).orElseThrow();
        assertThat((main.eax() >> 2 & 1) != 0).as(text).isEqualTo(shown.contains(CpuFeature.AVX));
        assertThat((main.eax() & 0xe0) == 0xe0).as(text).isEqualTo(shown.contains(CpuFeature.AVX512F));
        assertThat((main.eax() >> 9 & 1) != 0).as(text).isEqualTo(shown.contains(CpuFeature.PKU));
        int size = 576;
        for (int n = 2; n < 32; n++) {
            Entry component = table.get(0xd, n).orElse(null);
            if ((main.eax() >> n & 1) != 0) {
                assertThat(component).as("%s: component %d", text, n).isNotNull();
                size = Math.max(size, component.eax() + component.ebx());
            }
        }
        assertThat(main.ecx()).as(text).isEqualTo(size);
    }

    @Test
    void aNamedModelHasNothingWithoutAName() throws Exception {
        CpuidEntries table = masked("v3");
        assertThat(table.get(0x14, 0)).isEmpty();
        assertThat(table.get(0x8000_000a, 0)).isEmpty();
        assertThat(table.get(7, 0).orElseThrow().ebx() & 0xdc23_0000)
                .as("AVX-512")
                .isZero();
        assertThat(table.get(7, 1).orElseThrow().eax() & 1 << 23).as("AVX-IFMA").isZero();
        assertThat(table.get(0x8000_0001, 0).orElseThrow().ecx() & 1 << 16)
                .as("FMA4")
                .isZero();
        assertThat(table.get(0xd, 1).orElseThrow().ecx())
                .as("supervisor components")
                .isZero();
    }

    @Test
    void aHostThatLacksWhatIsAskedForIsRefusedByName() {
        CpuidEntries table = rich();
        table.set(new Entry(7, 0, INDEXED, 2, ~(CpuFeature.AVX2.mask() | CpuFeature.BMI2.mask()), -1, -1));
        assertThatThrownBy(() -> CpuidMask.apply(table, CpuChoice.parse("v3")))
                .isInstanceOf(MachineException.class)
                .hasMessage("processor model v3 needs what this host's KVM does not offer: avx2 bmi2; choose a lower "
                        + "model, hide these, or take the engine emulated");
    }

    @Test
    void hiddenFeaturesNeedNotBeThere() throws Exception {
        CpuidEntries table = rich();
        table.set(new Entry(7, 0, INDEXED, 2, ~CpuFeature.AVX2.mask(), -1, -1));
        CpuidMask.apply(table, CpuChoice.parse("v3,-avx2"));
        assertThat(CpuidMask.offered(table)).contains(CpuFeature.BMI2).doesNotContain(CpuFeature.AVX2);
    }

    @Test
    void aPolicyKnowsTheSameNames() {
        Set<String> names = new HashSet<>();
        for (CpuFeature feature : CpuFeature.values()) {
            names.add(FeatureNames.of(feature));
            names.add(feature.name().toLowerCase(Locale.ROOT));
        }
        assertThat(new ArrayList<>(CpuFeatureNames.KNOWN)).containsExactlyInAnyOrderElementsOf(names);
    }
}
