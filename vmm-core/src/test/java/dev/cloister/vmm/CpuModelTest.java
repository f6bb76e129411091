package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.kvm.Kvm;
import dev.cloister.policy.model.Engine;
import dev.cloister.vmm.TestGuest.Run;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.host.CpuidSupport;
import dev.cloister.vmm.report.MachineException;
import dev.cloister.vmm.report.ReportJson;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A guest finds the processor that was chosen for it. */
@Timeout(300)
class CpuModelTest extends EveryEngine {
    /** Ends with bits for AVX2 (1), POPCNT (2), XSAVE's AVX component (4), SSE2 (8). */
    private static final String LOOK = """
        main:   xor     esi, esi
                mov     eax, 7
                xor     ecx, ecx
                cpuid
                bt      ebx, 5
                adc     esi, 0
                mov     eax, 1
                cpuid
                bt      ecx, 23
                jnc     .a
                or      esi, 2
        .a:     bt      edx, 26
                jnc     .b
                or      esi, 8
        .b:     mov     eax, 13
                xor     ecx, ecx
                cpuid
                bt      eax, 2
                jnc     .c
                or      esi, 4
        .c:     mov     eax, esi
                out     0xf4, al
        trap:   exit    16
        """;

    /** Whether guests of this engine can be shown another processor here; told why not. */
    private boolean isShown() throws Exception {
        try (Kvm kvm = TestGuest.kvm()) {
            boolean shown = kvm == null || CpuidSupport.probe(kvm).isKept();
            if (!shown) {
                System.out.println("not shown: this host's KVM lets CPUID run on the host's processor");
            }
            return shown;
        }
    }

    @Test
    void aHostThatShowsItsOwnProcessorIsToldSo() throws Exception {
        MachineConfig.Builder builder = TestGuest.config(TestGuest.long64(LOOK)).cpuModel("v1");
        if (isShown()) {
            assertThat(TestGuest.run(builder).code() >> 1).isEqualTo(8);
            return;
        }
        assertThatThrownBy(() -> TestGuest.run(builder))
                .isInstanceOf(MachineException.class)
                .hasMessageContainingAll("engine direct can't show processor model v1", "take the engine emulated");
        Run run = TestGuest.run(builder.engine(Engine.AUTO));
        assertThat(run.report().engine()).isEqualTo("emulated");
        assertThat(run.code() >> 1).isEqualTo(8);
        assertThat(run.report().notes().toString()).contains("can't show processor model v1");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "v1|8",
                "v2|10",
                "v3|15",
                "x86-64-v3,-avx2|14",
                "v3,-avx|10",
                "v3,-xsave|10",
                "max,-popcnt|13",
                "v1,+popcnt|10",
                "host,-avx2|14"
            })
    void cpuidTellsWhatWasChosen(String model, int expected) throws Exception {
        assumeTrue(isShown());
        Run run = TestGuest.run(TestGuest.config(TestGuest.long64(LOOK)).cpuModel(model));
        assertThat(run.code() >> 1).isEqualTo(expected);
        assertThat(run.report().cpuModel())
                .isEqualTo(dev.cloister.emulator.model.CpuChoice.parse(model).text());
        assertThat(ReportJson.write(run.report())).contains("\"cpuModel\":\"");
    }

    @Test
    void controlBitsOfAHiddenFeatureAreRefused() throws Exception {
        assumeTrue(isShown());
        // MOV CR4 with FSGSBASE.
        String guest = """
            main:   mov     rax, cr4
                    bts     rax, 16
                    mov     cr4, rax
                    exit    1
            trap:   exit    2
            """;
        assertThat(TestGuest.run(TestGuest.config(TestGuest.long64(guest)).cpuModel("v3"))
                        .code())
                .isEqualTo(3);
        assertThat(TestGuest.run(TestGuest.config(TestGuest.long64(guest)).cpuModel("v3,-fsgsbase"))
                        .code())
                .isEqualTo(5);
    }

    @Test
    void instructionsOfAHiddenFeatureAreUndefinedWhereTheEmulatorExecutesThem() throws Exception {
        if (engine != Engine.EMULATED) {
            // A processor has its instructions, whatever CPUID tells.
            return;
        }
        String guest = """
            main:   popcnt  eax, ebx
                    exit    1
            trap:   exit    2
            """;
        assertThat(TestGuest.run(TestGuest.config(TestGuest.long64(guest)).cpuModel("v2"))
                        .code())
                .isEqualTo(3);
        assertThat(TestGuest.run(TestGuest.config(TestGuest.long64(guest)).cpuModel("v2,-popcnt"))
                        .code())
                .isEqualTo(5);
    }

    @Test
    void whatNamesNoProcessorIsRefused() {
        MachineConfig config = TestGuest.config(TestGuest.long64("main: exit 1\ntrap: exit 2\n"))
                .cpuModel("v9")
                .build();
        assertThatThrownBy(() -> Machine.open(config))
                .isInstanceOf(MachineException.class)
                .hasMessage("there is no processor model v9; expected one of host, v1, v2, v3, max, then features as "
                        + "-NAME or +NAME");
    }
}
