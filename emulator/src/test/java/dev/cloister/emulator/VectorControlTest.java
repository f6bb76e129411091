package dev.cloister.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.StepResult;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What CR0, CR4, XCR0 and the mode allow vector instructions (Intel SDM vol. 2, tables 2-18 and following; vol. 3, 13.1). */
class VectorControlTest {
    private static final int COMPLETED = -1;

    private final TestMachine machine = new TestMachine(0);

    private int vectorOf(String code) {
        StepResult result = machine.run(code);
        assertThat(result).as(machine.executor.reason()).isNotEqualTo(StepResult.UNSUPPORTED);
        return result == StepResult.COMPLETED ? COMPLETED : machine.executor.vector();
    }

    /** paddb mm0,mm1; paddb xmm0,xmm1; vpaddb ymm0,ymm1,ymm2; cvtpi2ps xmm0,mm1; sha1nexte xmm0,xmm1. */
    @ParameterizedTest
    @CsvSource({
        "none, -1, -1, -1, -1, -1",
        "EM, 6, 6, -1, 6, 6",
        "TS, 7, 7, 7, 7, 7",
        "EM+TS, 6, 6, 7, 6, 6",
        "OSFXSR, -1, 6, -1, 6, 6",
        "OSXSAVE, -1, -1, 6, -1, -1",
        "XCR0, -1, -1, 6, -1, -1"
    })
    void registersMustBeEnabled(String what, int mmx, int sse, int avx, int both, int sha) {
        if (what.contains("EM")) {
            machine.state.setCr0(machine.state.cr0() | ControlBits.CR0_EM);
        }
        if (what.contains("TS")) {
            machine.state.setCr0(machine.state.cr0() | ControlBits.CR0_TS);
        }
        switch (what) {
            case "OSFXSR" -> machine.state.setCr4(machine.state.cr4() & ~ControlBits.CR4_OSFXSR);
            case "OSXSAVE" -> machine.state.setCr4(machine.state.cr4() & ~ControlBits.CR4_OSXSAVE);
            case "XCR0" -> machine.state.setXcr0(3);
            default -> {}
        }
        assertThat(List.of(
                        vectorOf("0ffcc1"),
                        vectorOf("660ffcc1"),
                        vectorOf("c5f5fcc2"),
                        vectorOf("0f2ac1"),
                        vectorOf("0f38c8c1")))
                .containsExactly(mmx, sse, avx, both, sha);
    }

    @Test
    void anUnmaskedExceptionSetsItsFlagAndLeavesTheDestination() {
        machine.state.extended().normalize();
        machine.state.extended().setMxcsr(0x1F80 & ~0x200);
        machine.state.extended().setLane(0, 0, 0x3F800000);
        assertThat(vectorOf("f30f5ec1")).isEqualTo(CpuException.XM);
        assertThat(machine.state.extended().mxcsr()).isEqualTo(0x1D84);
        assertThat(machine.state.extended().lane(0, 0)).isEqualTo(0x3F800000);
        machine.state.setCr4(machine.state.cr4() & ~ControlBits.CR4_OSXMMEXCPT);
        assertThat(vectorOf("f30f5ec1")).isEqualTo(CpuException.UD);
    }

    @Test
    void mmxReportsAPendingX87ErrorFirst() {
        machine.state.extended().normalize();
        machine.state.extended().setStatusWord(0x8081);
        assertThat(vectorOf("0ffcc1")).isEqualTo(CpuException.MF);
        assertThat(vectorOf("660ffcc1")).isEqualTo(COMPLETED);
        // CVTPI2PD with a memory operand doesn't touch MMX registers.
        machine.state.setGpr(CpuState.RSI, TestMachine.BASE);
        assertThat(vectorOf("660f2a06")).isEqualTo(COMPLETED);
        assertThat(vectorOf("660f2ac1")).isEqualTo(CpuException.MF);
    }

    @Test
    void misalignedAndNonCanonicalOperandsFaultByTheirSegment() {
        machine.state.setGpr(CpuState.RSI, TestMachine.BASE + 8);
        machine.state.setGpr(CpuState.RBP, TestMachine.BASE + 8);
        assertThat(vectorOf("0f2806")).isEqualTo(CpuException.GP);
        assertThat(vectorOf("0f284500")).isEqualTo(CpuException.GP);
        assertThat(vectorOf("0f104500")).isEqualTo(COMPLETED);
        machine.state.setGpr(CpuState.RBP, 0x7FFFFFFFFFF8L);
        assertThat(vectorOf("0f104500")).isEqualTo(CpuException.SS);
    }

    @Test
    void realModeHasSseButNoVex() {
        TestMachine real = new TestMachine(0);
        real.state.setEfer(0);
        real.state.setCr0(0x32);
        for (int s = CpuState.ES; s <= CpuState.GS; s++) {
            real.state.segment(s).set(0, TestMachine.BASE, 0xFFFF, 0x93);
        }
        real.state.segment(CpuState.CS).set(0, TestMachine.BASE, 0xFFFF, 0x9B);
        real.state.setGpr(CpuState.RSI, 0xFFF8);
        int[][] expected = {
            {0x66, 0x0F, 0xFC, 0xC1, COMPLETED},
            {0xC5, 0xF1, 0xFC, 0xC2, CpuException.UD},
            {0x0F, 0x10, 0x04, 0x90, CpuException.GP}
        };
        for (int[] row : expected) {
            for (int n = 0; n < 4; n++) {
                real.memory[n] = (byte) row[n];
            }
            real.state.setRip(0);
            StepResult result = real.executor.step();
            int vector = result == StepResult.COMPLETED ? COMPLETED : real.executor.vector();
            assertThat(vector).as("%02x %02x %02x", row[0], row[1], row[2]).isEqualTo(row[4]);
        }
    }

    /** Every form, with operands that stay in the fast path and that don't. */
    @Test
    void nothingIsAllocated() {
        ByteBuffer record = ByteBuffer.allocate(VectorCases.RECORD).order(ByteOrder.LITTLE_ENDIAN);
        List<VectorCases.Target> targets = VectorCases.targets();
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        // What instructions allocate, they allocate in every round; the JVM's own doings come once.
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 5 && least != 0; round++) {
            VectorCases cases = new VectorCases(8, true);
            long allocated = 0;
            for (int n = 0; n < 4 * targets.size(); n++) {
                cases.fill(record, targets.get(n / 4));
                VectorDifferentialTest.load(machine, record);
                long before = threads.getCurrentThreadAllocatedBytes();
                machine.executor.step();
                allocated += threads.getCurrentThreadAllocatedBytes() - before;
            }
            least = Math.min(least, allocated);
        }
        assertThat(least)
                .as("bytes allocated by %d instructions", 4 * targets.size())
                .isZero();
    }
}
