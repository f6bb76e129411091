package dev.cloister.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.StepResult;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random bytes yield declared results only, and an instruction that faults changes no register. */
class FuzzTest {
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void randomBytesYieldDeclaredResultsOnly(long seed) {
        Random random = new Random(seed);
        byte[] bytes = new byte[15];
        for (int n = 0; n < 6_000; n++) {
            TestMachine m = n % 3 == 0 ? TestMachine.protectedMode() : new TestMachine(n % 3 == 1 ? 0 : 3);
            for (int r = 0; r < 16; r++) {
                m.state.setGpr(r, random.nextBoolean() ? random.nextLong() : TestMachine.BASE + random.nextInt(4096));
            }
            random.nextBytes(bytes);
            if (random.nextBoolean()) {
                bytes[0] = 0x0F;
            }
            System.arraycopy(bytes, 0, m.memory, (int) (TestMachine.CODE - TestMachine.BASE), 15);
            long rsp = m.state.gpr(CpuState.RSP);
            long rax = m.state.gpr(CpuState.RAX);
            boolean repeats = false;
            StepResult result = m.executor.step();
            for (int k = 0; k < m.executor.length(); k++) {
                repeats |= (bytes[k] & 0xFE) == 0xF2;
            }
            assertThat(result).isNotNull().isNotEqualTo(StepResult.SHUTDOWN);
            boolean trap = m.executor.vector() == CpuException.DB;
            if (result == StepResult.EXCEPTION && !repeats && !trap) {
                assertThat(m.state.gpr(CpuState.RSP)).isEqualTo(rsp);
                assertThat(m.state.gpr(CpuState.RAX)).isEqualTo(rax);
                assertThat(m.state.rip()).isEqualTo(TestMachine.CODE);
                assertThat(m.executor.vector()).isBetween(0, 31);
            }
        }
    }
}
