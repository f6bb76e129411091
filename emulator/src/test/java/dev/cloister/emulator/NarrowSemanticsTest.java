package dev.cloister.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.ExtendedState;
import dev.cloister.emulator.cpu.StepResult;
import org.junit.jupiter.api.Test;

/** What comparing 16- and 32-bit code with a real processor has shown. */
class NarrowSemanticsTest {
    private static final int STACK_16 = 0x0093;

    @Test
    void pushaWrapsASixteenBitStackPointerWithoutFault() {
        TestMachine m = TestMachine.protectedMode();
        m.state.segment(CpuState.SS).set(0x10, TestMachine.BASE, 0xFFFF, STACK_16);
        m.state.setGpr(CpuState.RSP, 8);
        m.state.setGpr(CpuState.RAX, 0x1234);
        m.state.setGpr(CpuState.RDI, 0x5678);
        assertThat(m.run("66 60")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.gpr(CpuState.RSP) & 0xFFFF).isEqualTo(0xFFF8);
        assertThat(m.peek(TestMachine.BASE + 6, 2)).isEqualTo(0x1234);
        assertThat(m.peek(TestMachine.BASE + 0xFFF8, 2)).isEqualTo(0x5678);
    }

    @Test
    void popOfASegmentReadsSixteenBits() {
        TestMachine m = TestMachine.protectedMode();
        m.state.segment(CpuState.SS).set(0x10, TestMachine.BASE, 0x1FFF, STACK_16);
        m.state.setGpr(CpuState.RSP, 0x1FFE);
        m.poke(TestMachine.BASE + 0x1FFE, 2, 0);
        assertThat(m.run("0f a1")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.segment(CpuState.FS).selector()).isZero();
        assertThat(m.state.gpr(CpuState.RSP) & 0xFFFF).isEqualTo(0x2002);
    }

    @Test
    void xsaveLeavesTheUpperEightRegistersOutsideLongModeAlone() {
        TestMachine m = TestMachine.protectedMode();
        long area = TestMachine.BASE + 0x1000;
        for (int n = 0; n < 16; n++) {
            ExtendedState.putLong(m.state.extended().image(), 576 + 16 * n, 0x1111L * (n + 1));
        }
        m.state.extended().setXstateBv(7);
        m.poke(area + 576 + 16 * 8, 8, 0x7777);
        m.state.setGpr(CpuState.RAX, 7);
        m.state.setGpr(CpuState.RBX, area);
        assertThat(m.run("0f ae 23")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.peek(area + 576 + 16 * 7, 8)).isEqualTo(0x1111L * 8);
        assertThat(m.peek(area + 576 + 16 * 8, 8)).isEqualTo(0x7777);
    }

    @Test
    void misalignedVectorsFaultBeforeTheStackSegmentsLimit() {
        TestMachine m = TestMachine.protectedMode();
        m.state.segment(CpuState.SS).set(0x10, TestMachine.BASE, 0xFFF, 0x4093);
        m.state.setGpr(CpuState.RBP, 0x2001);
        assertThat(m.run("0f 28 45 00")).isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(CpuException.GP);
    }

    @Test
    void linesOfExecuteOnlySegmentsCanBeFlushed() {
        TestMachine m = TestMachine.protectedMode();
        m.state.segment(CpuState.CS).set(0x08, 0, -1, 0xC099);
        m.state.setGpr(CpuState.RCX, TestMachine.CODE);
        assertThat(m.run("2e 0f ae 39")).isEqualTo(StepResult.COMPLETED);
    }

    @Test
    void sysretIsUndefinedInCompatibilityMode() {
        TestMachine m = new TestMachine(3);
        m.state.segment(CpuState.CS).set(0x23, 0, -1, 0xC0FB);
        assertThat(m.run("0f 07")).isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(CpuException.UD);
    }
}
