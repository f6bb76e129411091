package dev.cloister.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.StepResult;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Call gates, interrupts, task switches and virtual-8086 mode in 32-bit protected mode (Intel SDM vol. 3, 5, 6, 8, 21). */
class LegacyTransferTest {
    private static final long GDT = TestMachine.BASE + 0x1000;
    private static final long IDT = TestMachine.BASE + 0x2000;
    private static final long TSS = TestMachine.BASE + 0x3000;
    private static final long OTHER_TSS = TestMachine.BASE + 0x3800;
    private static final long INNER_STACK = TestMachine.BASE + 0x7000;
    private static final long TARGET = TestMachine.BASE + 0x90000;

    private static final int CODE_0 = 0x08;
    private static final int DATA_0 = 0x10;
    private static final int CODE_3 = 0x1B;
    private static final int DATA_3 = 0x23;
    private static final int TASK = 0x28;
    private static final int OTHER_TASK = 0x30;
    private static final int GATE = 0x38;
    private static final int TASK_GATE = 0x40;

    private TestMachine m;

    private static long task(long base, int type) {
        return 0x67 | (base & 0xFFFFFF) << 16 | (0x80L | type) << 40 | (base >>> 24) << 56;
    }

    private static long gate(int selector, long offset, int words, int attributes) {
        return offset & 0xFFFF
                | (long) selector << 16
                | (long) words << 32
                | (long) attributes << 40
                | (offset >>> 16) << 48;
    }

    @BeforeEach
    void descriptors() {
        m = TestMachine.protectedMode();
        m.state.gdtr().set(GDT, 0x47);
        m.poke(GDT + CODE_0, 8, 0x00CF9B000000FFFFL);
        m.poke(GDT + DATA_0, 8, 0x00CF93000000FFFFL);
        m.poke(GDT + 0x18, 8, 0x00CFFB000000FFFFL);
        m.poke(GDT + 0x20, 8, 0x00CFF3000000FFFFL);
        m.poke(GDT + TASK, 8, task(TSS, 11));
        m.poke(GDT + OTHER_TASK, 8, task(OTHER_TSS, 0x69));
        m.poke(GDT + GATE, 8, gate(CODE_0, TARGET, 2, 0xEC));
        m.poke(GDT + TASK_GATE, 8, gate(OTHER_TASK, 0, 0, 0xE5));
        m.state.idtr().set(IDT, 0x7FF);
        m.poke(IDT + 8 * 0x21, 8, gate(CODE_0, TARGET, 0, 0xEE));
        m.poke(IDT + 8 * 0x22, 8, gate(OTHER_TASK, 0, 0, 0xE5));
        m.poke(IDT + 8 * CpuException.GP, 8, gate(CODE_0, TARGET, 0, 0x8E));
        m.state.segment(CpuState.TR).set(TASK, TSS, 0x67, 0x8B);
        m.poke(TSS + 4, 4, INNER_STACK);
        m.poke(TSS + 8, 4, DATA_0);
    }

    private void user() {
        m.state.segment(CpuState.CS).set(CODE_3, 0, -1, 0xC0FB);
        for (int s : new int[] {CpuState.SS, CpuState.DS, CpuState.ES}) {
            m.state.segment(s).set(DATA_3, 0, -1, 0xC0F3);
        }
    }

    private long top(int word) {
        return m.peek(m.state.gpr(CpuState.RSP) + 4L * word, 4);
    }

    private void otherTask(int flags) {
        m.poke(OTHER_TSS + 32, 4, TARGET);
        m.poke(OTHER_TSS + 36, 4, flags);
        for (int n = 0; n < 8; n++) {
            m.poke(OTHER_TSS + 40 + 4 * n, 4, n == 4 ? TestMachine.BASE + 0x6000 : 0x1000 + n);
        }
        int[] selectors = {DATA_0, CODE_0, DATA_0, DATA_0, 0, 0};
        for (int s = 0; s < 6; s++) {
            m.poke(OTHER_TSS + 72 + 4 * s, 4, selectors[s]);
        }
    }

    @Test
    void callGateSwitchesTheStackAndCopiesParameters() {
        user();
        long rsp = m.state.gpr(CpuState.RSP);
        m.poke(rsp, 4, 0x1111);
        m.poke(rsp + 4, 4, 0x2222);
        assertThat(m.run("9A 00 00 00 00 3B 00")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.rip()).isEqualTo(TARGET);
        assertThat(m.state.cpl()).isZero();
        assertThat(m.state.gpr(CpuState.RSP)).isEqualTo(INNER_STACK - 24);
        assertThat(new long[] {top(0), top(1), top(2), top(3), top(4), top(5)})
                .containsExactly(TestMachine.CODE + 7, CODE_3, 0x1111, 0x2222, rsp, DATA_3);
        // retf 8 gives both stacks' parameters back, and takes the segments away that the user may not have.
        m.state.segment(CpuState.DS).set(DATA_0, 0, -1, 0xC093);
        m.poke(TARGET, 4, 0x0008CA);
        assertThat(m.executor.step()).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.cpl()).isEqualTo(3);
        assertThat(m.state.gpr(CpuState.RSP)).isEqualTo(rsp + 8);
        assertThat(m.state.segment(CpuState.DS).selector()).isZero();
        assertThat(m.state.segment(CpuState.ES).selector()).isEqualTo(DATA_3);
    }

    @ParameterizedTest
    @CsvSource({
        // what is changed: offset in the GDT, value; the vector and error code of lcall through the gate at CPL 3
        "0x38, 0x00008C0000080000, 13, 0x38",
        "0x38, 0x00006C0000080000, 11, 0x38",
        "0x38, 0x0000EC0000000000, 13, 0",
        "0x38, 0x0000EC0000500000, 13, 0x50",
        "0x38, 0x0000EC0000100000, 13, 0x10",
        "0x10, 0x00CF13000000FFFF, 12, 0x10",
        "0x10, 0x00CF91000000FFFF, 10, 0x10",
        "0x08, 0x00CF1B000000FFFF, 11, 0x08"
    })
    void badCallGatesFaultBeforeAnythingChanges(String at, String descriptor, int vector, String error) {
        user();
        m.poke(GDT + Long.decode(at), 8, Long.decode(descriptor));
        long rsp = m.state.gpr(CpuState.RSP);
        assertThat(m.run("9A 00 00 00 00 3B 00")).isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(vector);
        assertThat(m.executor.errorCode()).isEqualTo(Integer.decode(error));
        assertThat(m.state.cpl()).isEqualTo(3);
        assertThat(m.state.gpr(CpuState.RSP)).isEqualTo(rsp);
    }

    @Test
    void callSwitchesTasksAndIretComesBack() {
        otherTask(2);
        m.state.setGpr(CpuState.RBX, 0xABCD);
        assertThat(m.run("9A 00 00 00 00 30 00")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.rip()).isEqualTo(TARGET);
        assertThat(m.state.gpr(CpuState.RBX)).isEqualTo(0x1003);
        assertThat(m.state.segment(CpuState.TR).selector()).isEqualTo(OTHER_TASK);
        assertThat(m.state.flag(Flags.NT)).isTrue();
        assertThat(m.state.cr0() & 8).as("CR0.TS").isEqualTo(8);
        assertThat(m.peek(OTHER_TSS, 2)).as("link").isEqualTo(TASK);
        assertThat(m.peek(GDT + OTHER_TASK + 5, 1) & 2).as("busy").isEqualTo(2);
        m.poke(TARGET, 1, 0xCF);
        assertThat(m.executor.step()).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.rip()).isEqualTo(TestMachine.CODE + 7);
        assertThat(m.state.gpr(CpuState.RBX)).isEqualTo(0xABCD);
        assertThat(m.state.flag(Flags.NT)).isFalse();
        assertThat(m.peek(GDT + OTHER_TASK + 5, 1) & 2).as("busy").isZero();
        assertThat(m.peek(GDT + TASK + 5, 1) & 2).as("busy").isEqualTo(2);
    }

    @Test
    void jumpThroughATaskGateLeavesNoLink() {
        otherTask(2);
        assertThat(m.run("EA 00 00 00 00 40 00")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.rip()).isEqualTo(TARGET);
        assertThat(m.state.flag(Flags.NT)).isFalse();
        assertThat(m.peek(GDT + TASK + 5, 1) & 2).as("busy").isZero();
        assertThat(m.run("EA 00 00 00 00 30 00")).as("a busy task").isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(CpuException.GP);
        assertThat(m.executor.errorCode()).isEqualTo(OTHER_TASK);
    }

    @Test
    void faultOfTheNewTaskIsRaisedInIt() {
        otherTask(2);
        m.poke(OTHER_TSS + 72 + 4 * CpuState.DS, 4, 0x50);
        assertThat(m.run("EA 00 00 00 00 30 00")).isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(CpuException.TS);
        assertThat(m.executor.errorCode()).isEqualTo(0x50);
        assertThat(m.state.rip()).isEqualTo(TARGET);
        assertThat(m.state.segment(CpuState.TR).selector()).isEqualTo(OTHER_TASK);
    }

    @Test
    void interruptThroughATaskGateSavesTheOldTask() {
        otherTask(2);
        user();
        assertThat(m.run("CD 22")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.rip()).isEqualTo(TARGET);
        assertThat(m.state.cpl()).isZero();
        assertThat(m.peek(TSS + 32, 4)).as("saved EIP").isEqualTo(TestMachine.CODE + 2);
        assertThat(m.peek(TSS + 76, 2)).as("saved CS").isEqualTo(CODE_3);
    }

    private void virtual(int flags) {
        long rsp = m.state.gpr(CpuState.RSP);
        long[] frame = {0x100, 0x2000, flags | 0x20002, 0x200, 0x3000, 0x4000, 0x5000, 0x6000, 0x7000};
        for (int n = 0; n < frame.length; n++) {
            m.poke(rsp + 4L * n, 4, frame[n]);
        }
    }

    @Test
    void iretEntersVirtual8086ModeAndAnInterruptLeavesIt() {
        virtual(0x3000);
        assertThat(m.run("CF")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.mode()).isEqualTo(dev.cloister.emulator.cpu.CpuMode.VIRTUAL_8086);
        assertThat(m.state.cpl()).isEqualTo(3);
        assertThat(m.state.rip()).isEqualTo(0x100);
        assertThat(m.state.segment(CpuState.CS).base()).isEqualTo(0x20000);
        assertThat(m.state.segment(CpuState.GS).base()).isEqualTo(0x70000);
        assertThat(m.executor.delivery().deliverInterrupt(0x21)).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.flag(Flags.VM)).isFalse();
        assertThat(m.state.cpl()).isZero();
        assertThat(m.state.gpr(CpuState.RSP)).isEqualTo(INNER_STACK - 36);
        assertThat(new long[] {top(0), top(1), top(3), top(4), top(5), top(6), top(7), top(8)})
                .containsExactly(0x100, 0x2000, 0x200, 0x3000, 0x4000, 0x5000, 0x6000, 0x7000);
        assertThat(m.state.segment(CpuState.DS).selector()).isZero();
    }

    @Test
    void eventsCanNotEnterVirtual8086CodeAtOuterLevels() {
        virtual(0);
        assertThat(m.run("CF")).isEqualTo(StepResult.COMPLETED);
        m.poke(IDT + 8 * 0x21, 8, gate(CODE_3 & ~3, TARGET, 0, 0xEE));
        assertThat(m.executor.delivery().deliverInterrupt(0x21)).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.rip()).as("the handler of #GP").isEqualTo(TARGET);
        assertThat(top(0)).as("error code with EXT").isEqualTo((CODE_3 & ~3) | 1);
    }

    @Test
    void doubleFaultWithoutHandlerIsShutdown() {
        m.state.idtr().set(IDT, 0);
        assertThat(m.run("CD 21")).isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.errorCode()).isEqualTo(0x21 * 8 + 2);
        assertThat(m.executor.stepAndDeliver()).isEqualTo(StepResult.SHUTDOWN);
    }

    @Test
    void contributoryFaultsAddUpToShutdown() {
        m.poke(IDT + 8 * CpuException.GP, 8, gate(TASK_GATE, 0, 0, 0x8E));
        assertThat(m.executor.delivery().deliverException(CpuException.UD, 0, 0))
                .isEqualTo(StepResult.SHUTDOWN);
    }

    @Test
    void nmiIsBlockedUntilIret() {
        m.poke(IDT + 8 * CpuException.NMI, 8, gate(CODE_0, TARGET, 0, 0x8E));
        m.code("90");
        assertThat(m.executor.delivery().deliverNmi()).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.events().nmiBlocked()).isTrue();
        m.state.events().setNmiPending(true);
        assertThat(m.executor.delivery().deliverPending()).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.events().nmiPending()).isTrue();
        m.poke(TARGET, 1, 0xCF);
        assertThat(m.executor.step()).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.events().nmiBlocked()).isFalse();
        assertThat(m.state.rip()).isEqualTo(TestMachine.CODE);
    }
}
