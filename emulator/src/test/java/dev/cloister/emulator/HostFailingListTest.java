package dev.cloister.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.StepResult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every instruction on which software-assisted KVM gives up at CPL 0 is completed here. */
class HostFailingListTest {
    private static final long GDT = TestMachine.BASE + 0x1000;
    private static final long IDT = TestMachine.BASE + 0x2000;
    private static final long HANDLER = TestMachine.BASE + 0x90000;

    private static TestMachine longMachine(int cpl) {
        TestMachine m = new TestMachine(cpl);
        m.state.gdtr().set(GDT, 0x4F);
        m.poke(GDT + 0x08, 8, 0x00AF9B000000FFFFL);
        m.poke(GDT + 0x10, 8, 0x00CF93000000FFFFL);
        m.poke(GDT + 0x18, 8, 0x00AFFB000000FFFFL);
        m.poke(GDT + 0x20, 8, 0x00CFF3000000FFFFL);
        m.state.idtr().set(IDT, 0xFFF);
        for (int v = 0; v < 64; v++) {
            m.poke(IDT + 16 * v, 8, HANDLER & 0xFFFF | 8 << 16 | 0xEE00L << 32 | (HANDLER >>> 16 & 0xFFFF) << 48);
            m.poke(IDT + 16 * v + 8, 8, HANDLER >>> 32);
        }
        return m;
    }

    @ParameterizedTest
    @CsvSource({"CD 21, 2", "CC, 1"})
    void softwareInterruptsEnterTheHandlerAndIretqReturns(String code, int length) {
        TestMachine m = longMachine(0);
        long rsp = m.state.gpr(CpuState.RSP);
        m.state.setRflags(0x202);
        assertThat(m.run(code)).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.rip()).isEqualTo(HANDLER);
        assertThat(m.state.rflags() & Flags.IF).isZero();
        assertThat(m.peek(m.state.gpr(CpuState.RSP), 8)).isEqualTo(TestMachine.CODE + length);
        m.poke(HANDLER, 2, 0xCF48);
        assertThat(m.executor.step()).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.rip()).isEqualTo(TestMachine.CODE + length);
        assertThat(m.state.gpr(CpuState.RSP)).isEqualTo(rsp);
        assertThat(m.state.rflags()).isEqualTo(0x202);
    }

    @Test
    void interruptFromUserModeSwitchesToTheTaskStackAndBack() {
        TestMachine m = longMachine(3);
        m.state.segment(CpuState.CS).set(0x1B, 0, -1, 0xA0FB);
        m.state.segment(CpuState.SS).set(0x23, 0, -1, 0xC0F3);
        long tss = TestMachine.BASE + 0x4000;
        m.state.segment(CpuState.TR).set(0x30, tss, 103, 0x8B);
        m.poke(tss + 4, 8, TestMachine.BASE + 0x7000);
        long rsp = m.state.gpr(CpuState.RSP);
        assertThat(m.run("CD 30")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.cpl()).isZero();
        assertThat(m.state.gpr(CpuState.RSP)).isEqualTo(TestMachine.BASE + 0x7000 - 40);
        m.poke(HANDLER, 2, 0xCF48);
        assertThat(m.executor.step()).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.cpl()).isEqualTo(3);
        assertThat(m.state.gpr(CpuState.RSP)).isEqualTo(rsp);
    }

    @Test
    void protectedModeInterruptAndIretToTheSameLevel() {
        TestMachine m = TestMachine.protectedMode();
        m.state.gdtr().set(GDT, 0x1F);
        m.poke(GDT + 8, 8, 0x00CF9B000000FFFFL);
        m.state.idtr().set(IDT, 0x7FF);
        m.poke(IDT + 8 * 0x21, 8, HANDLER & 0xFFFF | 8 << 16 | 0x8E00L << 32 | (HANDLER >>> 16 & 0xFFFF) << 48);
        m.state.setRflags(0x246);
        assertThat(m.run("CD 21")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.rip()).isEqualTo(HANDLER);
        m.poke(HANDLER, 1, 0xCF);
        assertThat(m.executor.step()).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.rip()).isEqualTo(TestMachine.CODE + 2);
        assertThat(m.state.rflags()).isEqualTo(0x246);
    }

    @Test
    void loadsStackPointerAndSegmentTogether() {
        TestMachine m = TestMachine.protectedMode();
        m.state.gdtr().set(GDT, 0x1F);
        m.poke(GDT + 0x10, 8, 0x00CF93000000FFFFL);
        m.poke(TestMachine.BASE, 4, 0x10012345);
        m.poke(TestMachine.BASE + 4, 2, 0x10);
        m.state.setGpr(CpuState.RBX, TestMachine.BASE);
        assertThat(m.run("0F B2 23")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.gpr(CpuState.RSP)).isEqualTo(0x10012345);
        assertThat(m.state.segment(CpuState.SS).selector()).isEqualTo(0x10);
        assertThat(m.state.interruptShadow()).isTrue();
        m.poke(TestMachine.BASE + 4, 2, 0x48);
        assertThat(m.run("0F B2 23")).isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(CpuException.GP);
        assertThat(m.executor.errorCode()).isEqualTo(0x48);
        assertThat(m.state.gpr(CpuState.RSP)).isEqualTo(0x10012345);
    }

    @ParameterizedTest
    @CsvSource({
        "9B",
        "DF E0",
        "48 0F C7 0B",
        "0F 01 D0",
        "F3 48 0F B8 C3",
        "0F 01 F9",
        "0F 01 CB",
        "0F 01 CA",
        "66 0F 38 82 03",
        "66 0F AE 33",
        "F2 48 0F 38 F1 C3",
        "66 48 0F 38 F6 C3",
        "F3 48 0F 38 F6 C3",
        "C4 E2 E0 F2 C1",
        "C4 E2 E1 F7 C1",
        "F3 48 0F 1E C8",
        "66 0F EF C1",
        "48 0F AE 23",
        "48 0F AE 2B",
        "0F C7 F0",
        "F3 0F BC C3",
        "0F AE F0"
    })
    void completes(String code) {
        TestMachine m = new TestMachine(0);
        m.state.setGpr(CpuState.RBX, TestMachine.BASE);
        m.state.setGpr(CpuState.RAX, 0);
        m.state.setGpr(CpuState.RCX, 0);
        m.state.setGpr(CpuState.RDX, 0);
        m.state.setCr0(m.state.cr0() & ~8L);
        StepResult result = m.run(code);
        assertThat(result).as("%s %s", m.executor.text(), m.executor.reason()).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.rip())
                .isEqualTo(TestMachine.CODE + code.replace(" ", "").length() / 2);
    }

    @ParameterizedTest
    @CsvSource({"0F B9 C0, 6", "0F 01 FD, 6", "0F 0B, 6", "F0 90, 6", "0F FF C0, 6"})
    void raisesUndefinedOpcode(String code, int vector) {
        TestMachine m = new TestMachine(0);
        assertThat(m.run(code)).isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(vector);
        assertThat(m.state.rip()).isEqualTo(TestMachine.CODE);
    }

    @Test
    void xsaveAndXrstorCarryEveryByteOfTheVectorState() {
        TestMachine m = new TestMachine(0);
        m.state.extended().setXstateBv(7);
        for (int r = 0; r < 16; r++) {
            for (int lane = 0; lane < 4; lane++) {
                m.state.extended().setLane(r, lane, 0x0101_0101_0101_0101L * (r * 4 + lane + 1));
            }
        }
        byte[] before = m.state.extended().image().clone();
        m.state.setGpr(CpuState.RBX, TestMachine.BASE);
        m.state.setGpr(CpuState.RAX, 7);
        m.state.setGpr(CpuState.RDX, 0);
        for (String[] pair : new String[][] {
            {"48 0F AE 23", "48 0F AE 2B"}, {"48 0F C7 23", "48 0F AE 2B"}, {"48 0F C7 2B", "48 0F C7 1B"}
        }) {
            java.util.Arrays.fill(m.memory, 0, 4096, (byte) 0);
            assertThat(m.run(pair[0])).isEqualTo(StepResult.COMPLETED);
            m.state.extended().reset();
            assertThat(m.run(pair[1])).as(pair[0]).isEqualTo(StepResult.COMPLETED);
            assertThat(java.util.Arrays.copyOf(m.state.extended().image(), 832))
                    .as(pair[0])
                    .isEqualTo(java.util.Arrays.copyOf(before, 832));
        }
        m.poke(TestMachine.BASE + 520, 8, 1);
        assertThat(m.run("48 0F AE 2B")).isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(CpuException.GP);
    }

    @Test
    void pageFaultsArePreciseAndDeliverable() {
        TestMachine m = longMachine(0);
        m.state.setGpr(CpuState.RAX, 0x1000);
        m.state.setGpr(CpuState.RSI, 5);
        long rsp = m.state.gpr(CpuState.RSP);
        assertThat(m.run("8F 00")).isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(CpuException.PF);
        assertThat(m.executor.faultAddress()).isEqualTo(0x1000);
        assertThat(m.state.gpr(CpuState.RSP)).isEqualTo(rsp);
        assertThat(m.executor.stepAndDeliver()).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.cr2()).isEqualTo(0x1000);
        assertThat(m.state.rip()).isEqualTo(HANDLER);
        assertThat(m.peek(m.state.gpr(CpuState.RSP), 8)).isEqualTo(1);
        m.state.idtr().set(IDT, 0);
        assertThat(m.code("0F 0B").executor.stepAndDeliver()).isEqualTo(StepResult.SHUTDOWN);
    }

    @Test
    void longRepetitionsStopAtTheirBoundAndContinue() {
        TestMachine m = new TestMachine(3);
        m.state.setGpr(CpuState.RCX, 10000);
        m.state.setGpr(CpuState.RDI, TestMachine.BASE);
        m.state.setGpr(CpuState.RAX, 0x55);
        assertThat(m.run("F3 AA")).isEqualTo(StepResult.REPEATING);
        assertThat(m.executor.step()).isEqualTo(StepResult.REPEATING);
        assertThat(m.executor.step()).isEqualTo(StepResult.COMPLETED);
        assertThat(m.memory[9999]).isEqualTo((byte) 0x55);
        assertThat(m.memory[10000]).isZero();
        assertThat(m.executor.completed()).isEqualTo(1);
    }
}
