package dev.cloister.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuFeature;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.decode.DecodeResult;
import dev.cloister.emulator.decode.Decoder;
import dev.cloister.emulator.decode.FeatureTable;
import dev.cloister.emulator.decode.Form;
import dev.cloister.emulator.decode.FormTable;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.model.CpuModel;
import dev.cloister.emulator.model.LocalApicMsrs;
import dev.cloister.emulator.model.ModelEnvironment;
import dev.cloister.emulator.model.TimestampSource;
import dev.cloister.emulator.model.Topology;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A processor model's hidden features are not there: every instruction of theirs raises #UD, their control bits #GP. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MaskedFeatureTest {
    /** Without their feature these do what their encoding did before. */
    private static final Set<String> OLDER = Set.of("tzcnt", "lzcnt", "wbnoinvd");

    private static final int SAMPLES = 40;
    private static final String[] PREFIXES = {"", "66", "f3", "f2", "48", "6648", "f348", "f248"};
    private static final String[] MAPS = {"", "0f", "0f38", "0f3a"};

    private static final CpuModel WHOLE = CpuModel.of("max").with(Set.of(CpuFeature.LA57));

    private final List<List<byte[]>> samples = new ArrayList<>();
    private final List<List<byte[]>> executed = new ArrayList<>();

    /** Finds encodings of every form by decoding all that there is with short prefixes. */
    MaskedFeatureTest() {
        FormTable.instance().forms().forEach(form -> samples.add(new ArrayList<>()));
        for (String prefix : PREFIXES) {
            for (String map : MAPS) {
                sample(HexFormat.of().parseHex(prefix + map));
            }
        }
        for (int map = 1; map <= 3; map++) {
            for (int last = 0; last < 16; last++) {
                // W, vvvv = 1111b, L, pp
                sample(new byte[] {(byte) 0xC4, (byte) (0xE0 | map), (byte) (last << 4 & 0x80 | 0x78 | last & 7)});
            }
        }
    }

    private void sample(byte[] head) {
        Decoder decoder = new Decoder();
        Instruction i = new Instruction();
        byte[] code = new byte[16];
        // An index register of its own, which gathers insist on.
        Arrays.fill(code, (byte) 0x0A);
        System.arraycopy(head, 0, code, 0, head.length);
        for (int opcode = 0; opcode < 256; opcode++) {
            for (int n = 0; n < 256; n++) {
                // All of them, in an order that soon has memory and registers, and different ones.
                int modrm = n * 37 & 0xFF;
                code[head.length] = (byte) opcode;
                code[head.length + 1] = (byte) modrm;
                if (decoder.decode(code, 0, code.length, 64, TestMachine.CODE, i) == DecodeResult.OK
                        && i.length > head.length) {
                    List<byte[]> known = samples.get(i.form.id);
                    if (known.size() < SAMPLES) {
                        known.add(code.clone());
                    }
                }
            }
        }
    }

    private static ModelEnvironment environment(CpuModel model, CpuState state) {
        return new ModelEnvironment(new ModelEnvironment.Parts(
                model,
                state,
                Topology.SINGLE,
                TimestampSource.host(1_000_000_000),
                1_000_000_000,
                () -> 1,
                LocalApicMsrs.none(true)));
    }

    /** A processor in 64-bit mode at privilege level 0, which executes one instruction at a time. */
    private static final class Processor {
        private final TestMachine machine = new TestMachine(0);
        private final CpuState fresh = new TestMachine(0).state;
        private final Executor executor;

        Processor(CpuModel model) {
            executor = new Executor(machine.state, machine, machine, environment(model, machine.state));
            fresh.setCr4(fresh.cr4() | ControlBits.CR4_PKE | ControlBits.CR4_OSXSAVE);
            for (int r = 0; r < 16; r++) {
                fresh.setGpr(r, TestMachine.BASE + 0x4000);
            }
        }

        /** Whether one instruction raises #UD. */
        boolean isUndefined(byte[] code) {
            machine.state.copyFrom(fresh);
            System.arraycopy(code, 0, machine.memory, (int) (TestMachine.CODE - TestMachine.BASE), code.length);
            StepResult result = executor.step();
            return result == StepResult.EXCEPTION && executor.vector() == CpuException.UD;
        }
    }

    /** The encodings that the model with everything executes, by form; some of each form. */
    private List<List<byte[]>> known() {
        List<List<byte[]>> found = executed;
        if (found.isEmpty()) {
            Processor whole = new Processor(WHOLE);
            for (List<byte[]> each : samples) {
                found.add(each.stream().filter(code -> !whole.isUndefined(code)).toList());
            }
        }
        return found;
    }

    static Set<CpuFeature> implemented() {
        return CpuModel.implemented();
    }

    @ParameterizedTest
    @MethodSource("implemented")
    void everyInstructionOfAMaskedFeatureIsUndefined(CpuFeature feature) {
        CpuModel masked = WHOLE.without(EnumSet.of(feature));
        assertThat(masked.has(feature)).isFalse();
        Processor processor = new Processor(masked);
        Set<String> expected = new TreeSet<>();
        Set<String> tried = new TreeSet<>();
        for (Form form : FormTable.instance().forms()) {
            FeatureTable.Need need = FeatureTable.instance().of(form);
            boolean wide = need.wide().contains(feature);
            if (!need.always().contains(feature) && !wide || HandlerTable.of(form) == null) {
                continue;
            }
            if (!wide && WHOLE.features().containsAll(need.always())) {
                expected.add(form.mnemonic);
            }
            for (byte[] code : known().get(form.id)) {
                boolean narrow = wide && (code[2] & 4) == 0;
                if (narrow) {
                    continue;
                }
                tried.add(form.mnemonic);
                if (processor.isUndefined(code) == OLDER.contains(form.mnemonic)) {
                    fail("%s %s without %s", form.mnemonic, HexFormat.of().formatHex(code), feature);
                }
            }
        }
        assertThat(tried).containsAll(expected);
    }

    @Test
    void maskingOneFeatureLeavesTheOthersInstructions() {
        for (CpuFeature feature : EnumSet.of(CpuFeature.AVX2, CpuFeature.BMI1, CpuFeature.SSE4_2, CpuFeature.MMX)) {
            CpuModel masked = WHOLE.without(EnumSet.of(feature));
            Processor processor = new Processor(masked);
            for (Form form : FormTable.instance().forms()) {
                FeatureTable.Need need = FeatureTable.instance().of(form);
                if (!masked.features().containsAll(need.always())
                        || !masked.features().containsAll(need.wide())) {
                    continue;
                }
                for (byte[] code : known().get(form.id)) {
                    if (processor.isUndefined(code)) {
                        fail("%s %s without %s", form.mnemonic, HexFormat.of().formatHex(code), feature);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        // mov cr4,rax with the feature's bit
        "SMEP, 100000",
        "SMAP, 200000",
        "PKU, 400000",
        "UMIP, 800",
        "FSGSBASE, 10000",
        "PCID, 20000",
        "XSAVE, 40000",
        "PGE, 80",
        "VME, 1",
        "DE, 8",
        "MCE, 40",
        "LA57, 1000",
        "SSE, 400",
        "FXSR, 200",
        "PSE, 10",
    })
    void aMaskedFeaturesBitInCr4IsReserved(CpuFeature feature, String bit) {
        CpuModel whole = CpuModel.of("max").with(Set.of(CpuFeature.LA57));
        long value = Long.parseLong(bit, 16);
        assertThat(setsCr4(whole.without(EnumSet.of(feature)), value)).isFalse();
        // LA57 can't change in long mode whatever the model.
        assertThat(setsCr4(whole, value)).isEqualTo(feature != CpuFeature.LA57);
    }

    private static boolean setsCr4(CpuModel model, long bit) {
        TestMachine machine = new TestMachine(0);
        machine.state.setCr4(ControlBits.CR4_PAE);
        machine.state.setGpr(CpuState.RAX, ControlBits.CR4_PAE | bit);
        machine.code("0f 22 e0");
        Executor executor = new Executor(machine.state, machine, machine, environment(model, machine.state));
        StepResult result = executor.step();
        if (result == StepResult.EXCEPTION) {
            assertThat(executor.vector()).isEqualTo(CpuException.GP);
        }
        return result == StepResult.COMPLETED;
    }

    @ParameterizedTest
    @CsvSource({"AVX, 7, 3", "PKU, 203, 3", "XSAVE, 0, 0"})
    void aMaskedFeaturesStateInXcr0IsReserved(CpuFeature feature, String with, String without) {
        CpuModel masked = CpuModel.of("max").without(EnumSet.of(feature));
        if (feature == CpuFeature.XSAVE) {
            assertThat(CpuModel.remaining(masked.features(), Set.of())).doesNotContain(CpuFeature.AVX);
            return;
        }
        assertThat(setsXcr0(masked, Long.parseLong(with, 16))).isFalse();
        assertThat(setsXcr0(masked, Long.parseLong(without, 16))).isTrue();
        assertThat(setsXcr0(CpuModel.of("max"), Long.parseLong(with, 16))).isTrue();
    }

    private static boolean setsXcr0(CpuModel model, long value) {
        TestMachine machine = new TestMachine(0);
        machine.state.setGpr(CpuState.RAX, value);
        machine.state.setGpr(CpuState.RCX, 0);
        machine.state.setGpr(CpuState.RDX, 0);
        machine.code("0f 01 d1");
        Executor executor = new Executor(machine.state, machine, machine, environment(model, machine.state));
        StepResult result = executor.step();
        return result == StepResult.COMPLETED;
    }

    @ParameterizedTest
    @CsvSource({
        "SEP, 174",
        "SEP, 175",
        "SEP, 176",
        "TSC_ADJUST, 3b",
        "X2APIC, 802",
        "TSC_DEADLINE, 6e0",
        "APIC, 1b",
        "SPEC_CTRL, 48",
        "ARCH_CAPABILITIES, 10a",
        "PAT, 277",
        "MTRR, fe",
        "MTRR, 2ff",
        "MCA, 179",
    })
    void aMaskedFeaturesRegistersAreMissing(CpuFeature feature, String msr) {
        int index = Integer.parseInt(msr, 16);
        CpuEnvironment masked = environment(CpuModel.of("max").without(EnumSet.of(feature)), new CpuState());
        assertThat(masked.readMsr(index, new long[1])).isFalse();
        assertThat(masked.writeMsr(index, 0)).isFalse();
        boolean needsApic = feature == CpuFeature.X2APIC || feature == CpuFeature.TSC_DEADLINE;
        assertThat(environment(CpuModel.of("max"), new CpuState()).readMsr(index, new long[1]))
                .isEqualTo(!needsApic);
    }
}
