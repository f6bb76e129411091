package dev.cloister.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuMode;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.StepResult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SYSCALL, SYSRET, SYSENTER, SYSEXIT in their forms, and faults of control-register writes (Intel SDM vol. 2 and 3, 2.5). */
class SystemCallTest {
    private static final long KERNEL = TestMachine.BASE + 0x90000;

    private static TestMachine user() {
        TestMachine m = new TestMachine(3);
        m.state.segment(CpuState.CS).set(0x33, 0, -1, 0xA0FB);
        m.state.segment(CpuState.SS).set(0x2B, 0, -1, 0xC0F3);
        m.msrs.put(0xC0000081, 0x0023_0010_0000_0000L);
        m.msrs.put(0xC0000082, KERNEL);
        m.msrs.put(0xC0000083, KERNEL + 0x100);
        m.msrs.put(0xC0000084, Flags.IF | Flags.TF);
        m.msrs.put(0x174, 0x10L);
        m.msrs.put(0x175, TestMachine.BASE + 0x7000);
        m.msrs.put(0x176, KERNEL);
        return m;
    }

    @Test
    void syscallAndSysretKeepTheUsersState() {
        TestMachine m = user();
        m.state.setRflags(0x202);
        assertThat(m.run("0F 05")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.rip()).isEqualTo(KERNEL);
        assertThat(m.state.cpl()).isZero();
        assertThat(m.state.segment(CpuState.CS).selector()).isEqualTo(0x10);
        assertThat(m.state.segment(CpuState.SS).selector()).isEqualTo(0x18);
        assertThat(m.state.gpr(CpuState.RCX)).isEqualTo(TestMachine.CODE + 2);
        assertThat(m.state.gpr(11)).isEqualTo(0x202);
        assertThat(m.state.rflags()).isEqualTo(2);
        m.poke(KERNEL, 3, 0);
        m.poke(KERNEL, 4, 0x070F48);
        assertThat(m.executor.step()).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.rip()).isEqualTo(TestMachine.CODE + 2);
        assertThat(m.state.cpl()).isEqualTo(3);
        assertThat(m.state.segment(CpuState.CS).selector()).isEqualTo(0x33);
        assertThat(m.state.segment(CpuState.SS).selector()).isEqualTo(0x2B);
        assertThat(m.state.rflags()).isEqualTo(0x202);
    }

    @Test
    void compatibilityCodeEntersThroughCstar() {
        TestMachine m = user();
        m.state.segment(CpuState.CS).set(0x23, 0, -1, 0xC0FB);
        assertThat(m.state.mode()).isEqualTo(CpuMode.COMPATIBILITY_32);
        assertThat(m.run("0F 05")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.rip()).isEqualTo(KERNEL + 0x100);
        assertThat(m.state.mode()).isEqualTo(CpuMode.LONG_64);
        m.poke(KERNEL + 0x100, 2, 0x070F);
        assertThat(m.executor.step()).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.mode()).isEqualTo(CpuMode.COMPATIBILITY_32);
        assertThat(m.state.segment(CpuState.CS).selector()).isEqualTo(0x23);
    }

    @Test
    void singleStepFollowsTheFlagAtTheEnd() {
        TestMachine m = user();
        m.state.setRflags(0x302);
        assertThat(m.run("0F 05")).as("the mask clears TF").isEqualTo(StepResult.COMPLETED);
        m.poke(KERNEL, 4, 0x070F48);
        assertThat(m.executor.step()).as("R11 brings TF back").isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(CpuException.DB);
        assertThat(m.state.rip()).isEqualTo(TestMachine.CODE + 2);
    }

    @Test
    void sysenterAndSysexit() {
        TestMachine m = user();
        m.state.setRflags(0x202);
        assertThat(m.run("0F 34")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.rip()).isEqualTo(KERNEL);
        assertThat(m.state.gpr(CpuState.RSP)).isEqualTo(TestMachine.BASE + 0x7000);
        assertThat(m.state.cpl()).isZero();
        assertThat(m.state.flag(Flags.IF)).isFalse();
        m.state.setGpr(CpuState.RDX, TestMachine.CODE);
        m.state.setGpr(CpuState.RCX, TestMachine.BASE + 0x6000);
        m.poke(KERNEL, 4, 0x350F48);
        assertThat(m.executor.step()).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.rip()).isEqualTo(TestMachine.CODE);
        assertThat(m.state.gpr(CpuState.RSP)).isEqualTo(TestMachine.BASE + 0x6000);
        assertThat(m.state.segment(CpuState.CS).selector()).isEqualTo(0x33);
        assertThat(m.state.segment(CpuState.SS).selector()).isEqualTo(0x3B);
    }

    @Test
    void systemCallsNeedTheirEnabling() {
        TestMachine m = user();
        m.state.setEfer(m.state.efer() & ~1L);
        assertThat(m.run("0F 05")).isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(CpuException.UD);
        m.msrs.put(0x174, 3L);
        assertThat(m.run("0F 34")).isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(CpuException.GP);
        assertThat(m.run("48 0F 35")).as("SYSEXIT at CPL 3").isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(CpuException.GP);
    }

    @ParameterizedTest
    @CsvSource({
        // register number, value in RAX, vector (0: completes)
        "0, 0x100000011, 13",
        "0, 0x80000000, 13",
        "0, 0x20000011, 13",
        "0, 0x00000031, 13",
        "0, 0x80050033, 0",
        "3, 0x8000000000000000, 13",
        "3, 0x10000000000000, 13",
        "3, 0x1000, 0",
        "4, 0x100506A0, 13",
        "4, 0x50680, 13",
        "4, 0x516A0, 13",
        "4, 0x706A0, 0",
        "8, 0x10, 13",
        "8, 0xF, 0",
        "1, 0, 6"
    })
    void controlRegistersRefuseWhatTheManualRefuses(int register, String value, int vector) {
        TestMachine m = new TestMachine(0);
        m.state.setGpr(CpuState.RAX, Long.parseUnsignedLong(value.replace("0x", ""), 16));
        String rex = register >= 8 ? "44 " : "";
        String code = rex + "0F 22 " + String.format("%02X", 0xC0 | (register & 7) << 3);
        StepResult result = m.run(code);
        assertThat(result).isEqualTo(vector == 0 ? StepResult.COMPLETED : StepResult.EXCEPTION);
        if (vector != 0) {
            assertThat(m.executor.vector()).isEqualTo(vector);
            assertThat(m.executor.errorCode()).isZero();
        }
    }

    @Test
    void protectionKeysNeedTheirEnabling() {
        TestMachine m = new TestMachine(3);
        assertThat(m.run("0F 01 EE")).isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(CpuException.UD);
        m.state.setCr4(m.state.cr4() | 1L << 22);
        m.state.setGpr(CpuState.RAX, 0x55);
        assertThat(m.run("0F 01 EF")).isEqualTo(StepResult.COMPLETED);
        m.state.setGpr(CpuState.RAX, 0);
        assertThat(m.run("0F 01 EE")).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.gpr(CpuState.RAX)).isEqualTo(0x55);
        m.state.setGpr(CpuState.RCX, 1);
        assertThat(m.run("0F 01 EE")).isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(CpuException.GP);
    }
}
