package dev.cloister.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.ExtendedState;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.cpu.StepResult;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What of the x87 needs privilege or other modes than 64-bit: CR0, FERR#, layouts of the environment. */
class X87SystemTest {
    private static final String DIVIDE_ONE_BY_ZERO = "def9";
    private static final String FNSTENV = "d936";
    private static final String FLDENV = "d926";

    private static TestMachine pending(TestMachine m, long cr0) {
        m.state.setCr0(cr0);
        ExtendedState e = m.state.extended();
        e.setXstateBv(7);
        e.setControlWord(0x37B);
        e.setTagByte(0);
        step(m, "d9ee");
        step(m, "d9e8");
        step(m, "d9c9");
        step(m, DIVIDE_ONE_BY_ZERO);
        assertThat(e.statusWord() & 0x8084).isEqualTo(0x8084);
        return m;
    }

    private static void step(TestMachine m, String code) {
        assertThat(m.run(code)).as(code + " " + m.executor.reason()).isEqualTo(StepResult.COMPLETED);
    }

    private static void raises(TestMachine m, int vector, String code) {
        assertThat(m.run(code)).as(code).isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).as(code).isEqualTo(vector);
    }

    @Test
    void anErrorIsReportedByTheNextWaitingInstruction() {
        TestMachine m = pending(new TestMachine(0), 0x80050033L);
        for (String waiting : List.of("9b", "d9e8", "d9d0", "d92e", FLDENV, "0f77", "0f6fc1", "d9f6")) {
            raises(m, CpuException.MF, waiting);
        }
        for (String other : List.of("d97e40", "dd7e40", "dfe0", FNSTENV, "dbe2")) {
            m.state.setGpr(CpuState.RSI, TestMachine.BASE);
            step(m, other);
        }
        step(m, "d9e8");
    }

    @Test
    void withoutNumericErrorsTheChipsetIsTold() {
        List<Boolean> levels = new ArrayList<>();
        boolean[] ignored = new boolean[1];
        TestMachine plain = new TestMachine(0);
        CpuEnvironment environment = (CpuEnvironment) Proxy.newProxyInstance(
                CpuEnvironment.class.getClassLoader(), new Class<?>[] {CpuEnvironment.class}, (proxy, method, args) -> {
                    switch (method.getName()) {
                        case "numericError" -> {
                            levels.add((Boolean) args[0]);
                            return null;
                        }
                        case "ignoresNumericError" -> {
                            return ignored[0];
                        }
                        default -> {
                            return method.invoke(plain, args);
                        }
                    }
                });
        pending(plain, 0x80050013L);
        Executor executor = new Executor(plain.state, plain, plain, environment);
        plain.code("d9e8");
        assertThat(executor.step()).isEqualTo(StepResult.HALTED);
        assertThat(plain.state.rip()).isEqualTo(TestMachine.CODE);
        assertThat(levels).containsExactly(true);
        ignored[0] = true;
        assertThat(executor.step()).isEqualTo(StepResult.COMPLETED);
        plain.code("dbe2");
        assertThat(executor.step()).isEqualTo(StepResult.COMPLETED);
        assertThat(levels).containsExactly(true, true, false);
    }

    @Test
    void taskSwitchedAndEmulationBitsRaiseDeviceNotAvailable() {
        TestMachine m = new TestMachine(0);
        for (long bit : new long[] {4, 8}) {
            m.state.setCr0(0x80050031L | bit);
            raises(m, CpuException.NM, "d9e8");
            raises(m, CpuException.NM, "dbe3");
            raises(m, CpuException.NM, "dfe0");
            step(m, "9b");
        }
        m.state.setCr0(0x8005003BL);
        raises(m, CpuException.NM, "9b");
    }

    @Test
    void theEnvironmentHasFourLayouts() {
        TestMachine m = TestMachine.protectedMode();
        ExtendedState e = m.state.extended();
        e.setXstateBv(7);
        e.setControlWord(0x37F);
        e.setShort(6, 0x5A5);
        e.setLong(8, 0x12345678L);
        e.setLong(16, 0x9ABCDEF0L);
        m.state.setGpr(CpuState.RSI, TestMachine.BASE);
        step(m, FNSTENV);
        assertThat(words(m, 4))
                .containsExactly(
                        0xFFFF037FL, 0xFFFF0000L, 0xFFFFFFFFL, 0x12345678L, 0x05A50000L, 0x9ABCDEF0L, 0xFFFF0000L);
        step(m, "66" + FNSTENV);
        assertThat(words(m, 2)).containsExactly(0x37FL, 0L, 0xFFFFL, 0x5678L, 0L, 0xDEF0L, 0L);
        m.state.setCr0(0x60000010L);
        m.state.setGpr(CpuState.RBX, 0x100);
        m.state.segment(CpuState.DS).set(0x1000, TestMachine.BASE, 0xFFFF, 0x93);
        m.state.segment(CpuState.CS).set(0x8000, TestMachine.CODE, 0xFFFF, 0x9B);
        real(m, "66d937");
        assertThat(words(m, 4, 0x100))
                .containsExactly(
                        0xFFFF037FL, 0xFFFF0000L, 0xFFFFFFFFL, 0xFFFF5678L, 0x012345A5L, 0xFFFFDEF0L, 0x09ABC000L);
        real(m, "d937");
        assertThat(words(m, 2, 0x100)).containsExactly(0x37FL, 0L, 0xFFFFL, 0x5678L, 0x45A5L, 0xDEF0L, 0xC000L);
        e.setLong(8, 0);
        e.setLong(16, 0);
        e.setShort(6, 0);
        real(m, "d927");
        assertThat(e.getLong(8)).isEqualTo(0x45678L);
        assertThat(e.getLong(16)).isEqualTo(0xCDEF0L);
        assertThat(e.getShort(6)).isEqualTo(0x5A5);
    }

    private static void real(TestMachine m, String code) {
        m.code(code);
        m.state.setRip(0);
        assertThat(m.executor.step()).as(code).isEqualTo(StepResult.COMPLETED);
    }

    private static long[] words(TestMachine m, int size) {
        return words(m, size, 0);
    }

    private static long[] words(LinearMemory m, int size, int at) {
        long[] result = new long[7];
        for (int n = 0; n < 7; n++) {
            result[n] = m.read(TestMachine.BASE + at + (long) n * size, size, 0);
        }
        return result;
    }
}
