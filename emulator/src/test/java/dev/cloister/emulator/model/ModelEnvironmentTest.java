package dev.cloister.emulator.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.emulator.cpu.CpuFeature;
import dev.cloister.emulator.cpu.CpuState;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** CPUID, MSRs and the time-stamp counter of the named models. */
class ModelEnvironmentTest {
    private final CpuState state = new CpuState();
    private long now = 1000;
    private final int[] r = new int[4];
    private final long[] v = new long[1];

    private ModelEnvironment of(CpuModel model, Topology topology) {
        return new ModelEnvironment(new ModelEnvironment.Parts(
                model, state, topology, () -> now, 2_500_000_000L, () -> 7, LocalApicMsrs.none(true)));
    }

    private ModelEnvironment of(String name) {
        return of(CpuModel.of(name), Topology.SINGLE);
    }

    private static boolean tells(ModelEnvironment e, CpuFeature feature) {
        int[] r = new int[4];
        e.cpuid(feature.word().leaf(), feature.word().subleaf(), r);
        return (r[feature.word().register()] & feature.mask()) != 0;
    }

    @ParameterizedTest
    @ValueSource(strings = {"v1", "v2", "v3", "max"})
    void cpuidTellsOfTheModelsFeaturesAndNoOthers(String name) {
        ModelEnvironment e = of(name);
        for (CpuFeature feature : CpuFeature.values()) {
            assertThat(tells(e, feature)).as(feature.name()).isEqualTo(e.offers(feature));
            assertThat(e.offers(feature)).as(feature.name()).isEqualTo(e.model().has(feature));
        }
        assertThat(e.offers(CpuFeature.VMX) || e.offers(CpuFeature.SVM)).isFalse();
    }

    /** By these numbers GCC's resolvers choose code without asking for features: model 0x55 was given code with AVX-512. */
    @ParameterizedTest
    @CsvSource({
        "max, '', 0x306C3",
        "v3, '', 0x306C3",
        "v3, SMEP, 0x306C3",
        "max, RDRAND, 0x106A5",
        "max, AVX2, 0x106A5",
        "v2, '', 0x106A5",
        "max, SSE4_2, 0xF61",
        "v2, POPCNT, 0xF61",
        "v1, '', 0xF61"
    })
    void versionIsThatOfAProcessorWithoutMore(String name, String hidden, String version) {
        Set<CpuFeature> gone = hidden.isEmpty() ? Set.of() : Set.of(CpuFeature.valueOf(hidden));
        of(CpuModel.of(name).without(gone), Topology.SINGLE).cpuid(1, 0, r);
        assertThat(r[0]).isEqualTo(Integer.decode(version));
    }

    @Test
    void modelsGrow() {
        Set<CpuFeature> before = Set.of();
        for (String name : CpuModel.names()) {
            Set<CpuFeature> features = CpuModel.of(name).features();
            assertThat(features).as(name).containsAll(before);
            before = features;
        }
        assertThat(CpuModel.of("max").has(CpuFeature.LA57)).isFalse();
        assertThat(CpuModel.of("max").with(Set.of(CpuFeature.LA57)).linearBits())
                .isEqualTo(57);
    }

    @Test
    void hidingAFeatureHidesWhatNeedsIt() {
        CpuModel model = CpuModel.of("max").without(EnumSet.of(CpuFeature.XSAVE, CpuFeature.APIC));
        for (CpuFeature gone : List.of(
                CpuFeature.XSAVE,
                CpuFeature.AVX,
                CpuFeature.AVX2,
                CpuFeature.FMA,
                CpuFeature.XSAVEOPT,
                CpuFeature.X2APIC,
                CpuFeature.TSC_DEADLINE)) {
            assertThat(model.has(gone)).as(gone.name()).isFalse();
        }
        assertThat(model.has(CpuFeature.SSE2)).isTrue();
    }

    @Test
    void refusesWhatIsNotImplementedAndUnknownNames() {
        assertThatThrownBy(() -> CpuModel.of("v1").with(Set.of(CpuFeature.VMX)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("VMX");
        assertThatThrownBy(() -> CpuModel.of("v4")).hasMessageContaining("v4").hasMessageContaining("max");
        assertThat(FeatureNames.feature("sse4.1")).isEqualTo(CpuFeature.SSE4_1);
        assertThatThrownBy(() -> FeatureNames.feature("mmxx")).hasMessageContaining("mmxx");
    }

    private String text(ModelEnvironment e, int leaf, int... order) {
        ByteBuffer bytes = ByteBuffer.allocate(order.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        e.cpuid(leaf, 0, r);
        for (int n : order) {
            bytes.putInt(r[n]);
        }
        return new String(bytes.array(), StandardCharsets.US_ASCII);
    }

    @Test
    void namesItself() {
        ModelEnvironment e = of("v2");
        assertThat(text(e, 0, 1, 3, 2)).isEqualTo("GenuineIntel");
        String brand =
                text(e, 0x80000002, 0, 1, 2, 3) + text(e, 0x80000003, 0, 1, 2, 3) + text(e, 0x80000004, 0, 1, 2, 3);
        assertThat(brand).startsWith("Cloister x86-64-v2").endsWith("\0");
        assertThat(text(e, 0x40000000, 1, 2, 3)).isEqualTo("CloisterVMM ");
    }

    @Test
    void followsControlRegistersAndApicBase() {
        ModelEnvironment e = of("v1");
        e.cpuid(1, 0, r);
        assertThat(r[3] & CpuFeature.APIC.mask()).isNotZero();
        assertThat(e.writeMsr(0x1B, 0xFEE00100L)).isTrue();
        e.cpuid(1, 0, r);
        assertThat(r[3] & CpuFeature.APIC.mask()).isZero();
    }

    /** A controller that takes whatever reaches it: what is refused was refused by the model. */
    private static final class AnyApic implements LocalApicMsrs {
        private long base = 0xFEE00900L;

        @Override
        public boolean readMsr(int index, long[] value) {
            value[0] = base;
            return true;
        }

        @Override
        public boolean writeMsr(int index, long value) {
            base = value;
            return true;
        }

        @Override
        public long apicBase() {
            return base;
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void x2apicModeIsEnteredOnlyWhereCpuidOffersIt(boolean offered) {
        CpuModel model = CpuModel.of("v1");
        ModelEnvironment e = new ModelEnvironment(new ModelEnvironment.Parts(
                offered ? model : model.without(EnumSet.of(CpuFeature.X2APIC)),
                state,
                Topology.SINGLE,
                () -> now,
                1_000_000_000L,
                () -> 7,
                new AnyApic()));
        assertThat(e.writeMsr(LocalApicMsrs.APIC_BASE, 0xFEE00D00L)).isEqualTo(offered);
        assertThat(e.readMsr(LocalApicMsrs.X2APIC_FIRST + 2, v)).isEqualTo(offered);
        assertThat(e.writeMsr(LocalApicMsrs.APIC_BASE, 0xFEE00900L)).isTrue();
    }

    @Test
    void topologyNumbersProcessors() {
        ModelEnvironment e = of(CpuModel.of("v1"), new Topology(5, 6));
        e.cpuid(1, 0, r);
        assertThat(r[1] >>> 24).isEqualTo(5);
        assertThat(r[1] >>> 16 & 0xFF).isEqualTo(6);
        e.cpuid(0xB, 1, r);
        assertThat(r).containsExactly(3, 6, 0x201, 5);
        e.cpuid(0xB, 0, r);
        assertThat(r).containsExactly(0, 1, 0x100, 5);
        assertThatThrownBy(() -> new Topology(6, 6)).isInstanceOf(IllegalArgumentException.class);
    }

    /** Firmware makes page tables for all that the processor can address: no more than memory needs, but that. */
    @Test
    void physicalAddressesReachTheEndOfMemory() {
        CpuModel model = CpuModel.of("v1");
        assertThat(model.physicalBits()).isEqualTo(40);
        assertThat(model.reaching(1)).isSameAs(model);
        assertThat(model.reaching(1L << 40)).isSameAs(model);
        assertThat(model.reaching((1L << 40) + 1).physicalBits()).isEqualTo(41);
        assertThat(model.reaching((1L << 40) + (1L << 30)).features()).isEqualTo(model.features());
        assertThat(model.reaching(1L << 52).physicalBits()).isEqualTo(52);
    }

    @Test
    void frequencyAddressesAndUnknownLeaves() {
        ModelEnvironment e = of("v1");
        e.cpuid(0x15, 0, r);
        assertThat((long) r[2] * r[1] / r[0]).isEqualTo(2_500_000_000L);
        e.cpuid(0x80000008, 0, r);
        assertThat(r[0]).isEqualTo(48 << 8 | 40);
        e.cpuid(0x16, 0, r);
        int[] highest = r.clone();
        e.cpuid(0x12345678, 0, r);
        assertThat(r).isEqualTo(highest);
        e.cpuid(0x80000123, 0, r);
        assertThat(r).isEqualTo(highest);
        e.cpuid(0x40000055, 0, r);
        assertThat(r).containsOnly(0);
    }

    @ParameterizedTest
    @CsvSource({
        // index, allowed, refused
        "0xC0000082, 0xFFFFFFFF81000000, 0x800000000000",
        "0xC0000083, 0x7FFFFFFFFFFF, 0x8000000000000000",
        "0xC0000102, 0xFFFF800000000000, 0xFFFF7FFFFFFFFFFF",
        "0xC0000084, 0x47700, 0x100000000",
        "0xC0000103, 0xFFFFFFFF, 0x100000000",
        "0x175, 0xFFFFFE0000002000, 0x1000000000000",
        "0x277, 0x0007040600070406, 0x0007040600070402",
        "0x277, 0x0606060606060606, 0x0806060606060606",
        "0x2FF, 0xC06, 0xC02",
        "0x2FF, 0x800, 0x1800",
        "0x250, 0x0606060606060606, 0x0606060606060607",
        "0x200, 0x80000006, 0x80000106",
        "0x201, 0xFF80000800, 0x10000000800",
        "0x401, 0, 1",
        "0x400, -1, 1",
        "0x17A, 4, 8",
        "0x48, 1, 8",
        "0x1B, 0xFEE00900, 0xFEE00001"
    })
    void writesKeepTheRulesOfEachRegister(String index, String allowed, String refused) {
        ModelEnvironment e = of("v1");
        int msr = Long.decode(index).intValue();
        long good = parse(allowed);
        assertThat(e.writeMsr(msr, good)).isTrue();
        assertThat(e.writeMsr(msr, parse(refused))).isFalse();
        assertThat(e.readMsr(msr, v)).isTrue();
        assertThat(v[0]).isEqualTo(good);
    }

    private static long parse(String number) {
        return number.startsWith("0x") ? Long.parseUnsignedLong(number.substring(2), 16) : Long.parseLong(number);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x3A, 0x480, 0xC0010117, 0x12345, 0x808, 0x186})
    void whatIsAbsentFaults(int msr) {
        ModelEnvironment e = of("v1");
        assertThat(e.readMsr(msr, v)).isFalse();
        assertThat(e.writeMsr(msr, 0)).isFalse();
    }

    @Test
    void readOnlyAndWriteOnlyRegisters() {
        ModelEnvironment e = of("v1");
        assertThat(e.readMsr(0xFE, v)).isTrue();
        assertThat(v[0] & 0xFF).isEqualTo(8);
        assertThat(e.writeMsr(0xFE, v[0])).isFalse();
        assertThat(e.writeMsr(0x49, 1)).isTrue();
        assertThat(e.readMsr(0x49, v)).isFalse();
        long reset = miscEnable(e);
        assertThat(e.writeMsr(0x1A0, -1L)).isTrue();
        assertThat(miscEnable(e) & 0x1800).as("BTS and PEBS stay absent").isEqualTo(0x1800);
        e.reset();
        assertThat(miscEnable(e)).isEqualTo(reset);
    }

    private long miscEnable(ModelEnvironment e) {
        assertThat(e.readMsr(0x1A0, v)).isTrue();
        return v[0];
    }

    @Test
    void timeStampAndItsAdjustmentMoveTogether() {
        ModelEnvironment e = of("v1");
        assertThat(e.timestampCounter()).isEqualTo(1000);
        assertThat(e.writeMsr(0x10, 50)).isTrue();
        assertThat(e.readMsr(0x3B, v)).isTrue();
        assertThat(v[0]).isEqualTo(-950);
        now = 1100;
        assertThat(e.timestampCounter()).isEqualTo(150);
        assertThat(e.writeMsr(0x3B, 0)).isTrue();
        assertThat(e.timestampCounter()).isEqualTo(1100);
        assertThat(e.timestampOffset()).isZero();
    }

    @Test
    void everySavedRegisterGoesBackUnchanged() {
        ModelEnvironment e = of("max");
        ModelEnvironment other = of("max");
        assertThat(e.writeMsr(0xC0000082, 0x1234)).isTrue();
        for (int msr : e.savedMsrs()) {
            if (e.readMsr(msr, v)) {
                assertThat(other.restoreMsr(msr, v[0])).isTrue();
            }
        }
        assertThat(other.readMsr(0xC0000082, v)).isTrue();
        assertThat(v[0]).isEqualTo(0x1234);
    }

    @Test
    void sourcesOfTicks() {
        long[] count = {5};
        assertThat(TimestampSource.instructions(() -> count[0], 3).ticks()).isEqualTo(15);
        TimestampSource host = TimestampSource.host(2_000_000_000L);
        long first = host.ticks();
        assertThat(host.ticks()).isGreaterThanOrEqualTo(first);
    }
}
