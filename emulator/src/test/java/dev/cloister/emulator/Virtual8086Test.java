package dev.cloister.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuMode;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.StepResult;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What virtual-8086 code may do by IOPL, and the virtual interrupt flag of CR4.VME (Intel SDM vol. 3, 21.2 and 21.3). */
class Virtual8086Test {
    private static final long TSS = TestMachine.BASE + 0x3000;
    private final TestMachine m = TestMachine.protectedMode();

    @BeforeEach
    void enter() {
        m.state.setRflags(0x20002);
        for (int s = CpuState.ES; s <= CpuState.GS; s++) {
            m.state.segment(s).set(0x1000, TestMachine.BASE, 0xFFFF, 0xF3);
        }
        m.state.segment(CpuState.CS).set(0x8000, TestMachine.CODE, 0xFFFF, 0xF3);
        m.state.setGpr(CpuState.RSP, 0x8000);
        m.state.segment(CpuState.TR).set(0x28, TSS, 0x188, 0x8B);
        m.poke(TSS + 102, 2, 0x88);
    }

    private StepResult run(String code) {
        m.code(code);
        m.state.setRip(0);
        return m.executor.step();
    }

    private void extended() {
        m.state.setCr4(m.state.cr4() | 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"FA", "FB", "9C", "9D", "CF", "CD 10", "F4", "0F 20 C0", "0F 06"})
    void sensitiveInstructionsFaultBelowIopl3(String code) {
        assertThat(m.state.mode()).isEqualTo(CpuMode.VIRTUAL_8086);
        assertThat(run(code)).isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(CpuException.GP);
        assertThat(m.executor.errorCode()).isZero();
    }

    @Test
    void systemInstructionsOfProtectedModeAreUndefined() {
        for (String code : new String[] {"0F 00 C8", "0F 02 C0", "63 C0", "0F 05"}) {
            assertThat(run(code)).as(code).isEqualTo(StepResult.EXCEPTION);
            assertThat(m.executor.vector()).as(code).isEqualTo(CpuException.UD);
        }
    }

    @Test
    void interruptFlagIsVirtualWithTheExtensions() {
        extended();
        assertThat(run("FB")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.flag(Flags.VIF)).isTrue();
        assertThat(m.state.flag(Flags.IF)).isFalse();
        assertThat(run("9C")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.peek(TestMachine.BASE + 0x7FFE, 2) & 0x3200)
                .as("IOPL 3, IF as VIF")
                .isEqualTo(0x3200);
        assertThat(run("FA")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.flag(Flags.VIF)).isFalse();
        assertThat(run("9D")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.flag(Flags.VIF)).isTrue();
        assertThat(run("66 9C")).as("32-bit PUSHF").isEqualTo(StepResult.EXCEPTION);
        m.state.setRflags(m.state.rflags() & ~Flags.VIF | Flags.VIP);
        assertThat(run("FB")).as("a virtual interrupt is pending").isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(CpuException.GP);
    }

    @Test
    void interruptsOfTheRedirectionBitmapGoToTheMonitor() {
        extended();
        m.poke(TSS + 0x88 - 32 + 2, 1, 1);
        assertThat(run("CD 10")).as("bit set, IOPL 0").isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(CpuException.GP);
        assertThat(m.executor.errorCode()).isZero();
        m.poke(TSS + 0x88 - 32 + 2, 1, 0);
        assertThat(run("CD 10")).as("the table at 0 isn't mapped here").isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(CpuException.PF);
        assertThat(m.executor.faultAddress()).isEqualTo(0x40);
    }

    @Test
    void portsAreAllowedByTheBitmapAlone() {
        m.state.setRflags(0x23002);
        assertThat(run("E4 08")).isEqualTo(StepResult.COMPLETED);
        m.poke(TSS + 0x89, 1, 1);
        assertThat(run("E4 08")).isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(CpuException.GP);
        assertThat(run("E5 07")).as("a word that reaches the port").isEqualTo(StepResult.EXCEPTION);
    }
}
