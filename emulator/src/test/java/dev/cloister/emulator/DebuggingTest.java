package dev.cloister.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.StepResult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Breakpoints, single step and DR6 (Intel SDM vol. 3, 18.2 and 18.3). */
class DebuggingTest {
    private static final long DATA = TestMachine.BASE + 0x100;
    private final TestMachine m = new TestMachine(0);

    private void expectTrap(long dr6, int length) {
        assertThat(m.executor.vector()).isEqualTo(CpuException.DB);
        assertThat(m.state.dr(6) & 0xE00F).isEqualTo(dr6);
        assertThat(m.state.rip()).isEqualTo(TestMachine.CODE + length);
    }

    @Test
    void singleStepTrapsBehindTheInstruction() {
        m.state.setRflags(2 | Flags.TF);
        assertThat(m.run("48 FF C0")).isEqualTo(StepResult.EXCEPTION);
        expectTrap(0x4000, 3);
        assertThat(m.state.gpr(CpuState.RAX)).isEqualTo(1);
    }

    @Test
    void popfThatSetsTheTrapFlagDoesNotTrapYet() {
        long rsp = m.state.gpr(CpuState.RSP);
        m.poke(rsp, 8, 0x102);
        assertThat(m.run("9D 90")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.executor.step()).isEqualTo(StepResult.EXCEPTION);
        expectTrap(0x4000, 2);
    }

    @Test
    void singleStepStopsARepeatedInstructionAfterEachIteration() {
        m.state.setRflags(2 | Flags.TF);
        m.state.setGpr(CpuState.RCX, 3);
        m.state.setGpr(CpuState.RDI, DATA);
        assertThat(m.run("F3 AA")).isEqualTo(StepResult.EXCEPTION);
        expectTrap(0x4000, 0);
        assertThat(m.state.gpr(CpuState.RCX)).isEqualTo(2);
        assertThat(m.state.flag(Flags.RF)).isTrue();
    }

    @Test
    void loadOfSsHoldsTheTrapOffForOneInstruction() {
        TestMachine p = TestMachine.protectedMode();
        p.state.gdtr().set(TestMachine.BASE + 0x1000, 0x1F);
        p.poke(TestMachine.BASE + 0x1010, 8, 0x00CF93000000FFFFL);
        p.state.setRflags(2 | Flags.TF);
        p.state.setGpr(CpuState.RAX, 0x10);
        assertThat(p.run("8E D0 90")).isEqualTo(StepResult.COMPLETED);
        assertThat(p.state.interruptShadow()).isTrue();
        assertThat(p.executor.step()).isEqualTo(StepResult.EXCEPTION);
        assertThat(p.state.rip()).isEqualTo(TestMachine.CODE + 3);
    }

    @Test
    void instructionBreakpointFaultsBeforeUnlessResumed() {
        m.state.setDr(0, TestMachine.CODE);
        m.state.setDr(7, 0x401);
        assertThat(m.run("48 FF C0")).isEqualTo(StepResult.EXCEPTION);
        expectTrap(1, 0);
        assertThat(m.state.gpr(CpuState.RAX)).isZero();
        m.state.setRflags(2 | Flags.RF);
        assertThat(m.executor.step()).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.flag(Flags.RF)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        // DR7, offset of DR0, code that accesses the data, whether it hits
        "0x00010402, 0, 8907, true",
        "0x00010402, 3, 8907, true",
        "0x00010402, 4, 8907, false",
        "0x000D0402, 0, 8B07, false",
        "0x000F0402, 0, 8B07, true",
        "0x000D0402, 4, 8907, false",
        "0x000D0402, 3, 8807, true",
        "0x00090402, 7, 8907, true",
        "0x000D0402, 0, FF07, true",
        "0x000D0400, 0, FF07, false"
    })
    void dataBreakpointsMatchByKindAndLength(String dr7, int offset, String code, boolean hits) {
        m.state.setDr(7, Long.decode(dr7));
        m.state.setDr(0, DATA + offset);
        m.state.setGpr(CpuState.RDI, DATA);
        assertThat(m.run(code)).isEqualTo(hits ? StepResult.EXCEPTION : StepResult.COMPLETED);
        if (hits) {
            expectTrap(1, 2);
        }
    }

    @Test
    void portBreakpointsNeedDebuggingExtensions() {
        m.state.setDr(0, 0x60);
        m.state.setDr(7, 0x00020402);
        m.state.setCr4(m.state.cr4() | 8);
        assertThat(m.run("E4 60")).isEqualTo(StepResult.EXCEPTION);
        expectTrap(1, 2);
        m.state.setCr4(m.state.cr4() & ~8L);
        assertThat(m.run("E4 60")).isEqualTo(StepResult.COMPLETED);
    }

    @Test
    void generalDetectGuardsTheDebugRegisters() {
        m.state.setDr(7, 0x2400);
        assertThat(m.run("0F 21 C0")).isEqualTo(StepResult.EXCEPTION);
        expectTrap(0x2000, 0);
    }

    @ParameterizedTest
    @CsvSource({"0F 23 F0, 0x100000000, 13", "0F 23 E0, 0, 6", "0F 21 E8, 0, 6"})
    void debugRegistersRefuseWhatTheManualRefuses(String code, String rax, int vector) {
        m.state.setCr4(m.state.cr4() | 8);
        m.state.setGpr(CpuState.RAX, Long.decode(rax));
        assertThat(m.run(code)).isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(vector);
    }

    @Test
    void writesKeepTheFixedBits() {
        m.state.setGpr(CpuState.RAX, 0xFFFFFFFFL);
        assertThat(m.run("0F 23 F0")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.dr(6)).isEqualTo(0xFFFFEFFFL);
        m.state.setGpr(CpuState.RAX, 0);
        assertThat(m.run("0F 23 F8")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.dr(7)).isEqualTo(0x400);
    }
}
