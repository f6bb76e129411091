package dev.cloister.emulator.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.StepResult;
import java.math.BigInteger;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What bytecode does besides computing: bounds, kicks, code that is written, how many translations there are. */
class TranslatedBlockTest {
    /** inc rax; jmp to itself. */
    private static final String COUNT = "48 ff c0 eb fb";
    /** inc rax; dec rcx; jne to itself; hlt. */
    private static final String DOWN = "48 ff c0 48 ff c9 75 f8 f4";

    private static RandomMachine machine(String hex) {
        RandomMachine m = new RandomMachine(RandomMachine.Setting.LONG);
        byte[] code = HexFormat.of().parseHex(hex.replace(" ", ""));
        m.memory.write(RandomMachine.CODE, code, 0, code.length);
        m.state.setRip(RandomMachine.CODE);
        m.state.setGpr(CpuState.RSP, RandomMachine.STACK + 0x1000L);
        m.executor.translateAfter(1);
        return m;
    }

    @Test
    void aBoundIsKeptExactlyInALoopInPlace() {
        RandomMachine m = machine(COUNT);
        for (int bound = 1; bound < 60; bound++) {
            long before = m.executor.completed();
            assertThat(m.executor.run(bound)).isEqualTo(StepResult.COMPLETED);
            assertThat(m.executor.completed() - before).as("bound %d", bound).isEqualTo(bound);
            assertThat(m.state.gpr(CpuState.RAX)).isEqualTo((m.executor.completed() + 1) / 2);
        }
        assertThat(m.executor.translations()).isPositive();
    }

    @Test
    void aLoopInPlaceEndsWhereItsConditionFails() {
        RandomMachine m = machine(DOWN);
        m.state.setGpr(CpuState.RCX, 12_345);
        assertThat(m.executor.run(1_000_000)).isEqualTo(StepResult.HALTED);
        assertThat(m.state.gpr(CpuState.RAX)).isEqualTo(12_345);
        assertThat(m.executor.completed()).isEqualTo(3 * 12_345 + 1);
    }

    @Test
    void aKickEndsALoopThatWouldNeverEnd() throws InterruptedException {
        RandomMachine m = machine(COUNT);
        m.executor.run(1000);
        Thread kicker = Thread.ofPlatform().start(m.executor::kick);
        assertThat(m.executor.run(Integer.MAX_VALUE)).isEqualTo(StepResult.COMPLETED);
        kicker.join();
        assertThat(m.state.rip()).isIn((long) RandomMachine.CODE, RandomMachine.CODE + 3L);
    }

    @Test
    void codeThatADeviceWritesIsExecutedNextAndIsTranslatedAnew() {
        RandomMachine m = machine(COUNT);
        m.executor.run(100);
        long counted = m.state.gpr(CpuState.RAX);
        assertThat(m.executor.translations()).isEqualTo(1);
        // dec rax
        m.memory.writeByte(RandomMachine.CODE + 2L, (byte) 0xc8);
        m.executor.run(2);
        assertThat(m.executor.translations()).isLessThanOrEqualTo(1);
        m.executor.run(98);
        assertThat(m.state.gpr(CpuState.RAX)).isEqualTo(counted - 50);
        assertThat(m.executor.translations()).isEqualTo(1);
    }

    @Test
    void aStoreIntoTheRunningLoopTakesEffectAtTheNextInstruction() {
        // mov [rbx], cl; inc rax; dec rcx; jne back; hlt: rbx names the inc's last byte once rcx is 0xc8, which makes
        // it dec rax.
        RandomMachine m = machine("88 0b 48 ff c0 48 ff c9 75 f6 f4");
        m.state.setGpr(CpuState.RBX, RandomMachine.DATA);
        m.state.setGpr(CpuState.RCX, 0xd0);
        for (int n = 0; n < 8; n++) {
            assertThat(m.executor.run(4)).isEqualTo(StepResult.COMPLETED);
        }
        assertThat(m.state.gpr(CpuState.RAX)).isEqualTo(8);
        m.state.setGpr(CpuState.RBX, RandomMachine.CODE + 4L);
        assertThat(m.executor.run(2)).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.gpr(CpuState.RAX)).isEqualTo(7);
    }

    @Test
    void translationsAreBoundedAndAllForgottenAtTheBound() {
        BlockCache cache = new BlockCache();
        for (int n = 0; n < Translator.MOST; n++) {
            cache.countTranslation();
        }
        assertThat(cache.translations()).isEqualTo(Translator.MOST);
        cache.countTranslation();
        assertThat(cache.translations()).isEqualTo(1);
    }

    @Test
    void aNegativeNumberOfExecutionsIsRefused() {
        RandomMachine m = machine(COUNT);
        assertThatThrownBy(() -> m.executor.translateAfter(-1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("-1");
    }

    @Test
    void dividesAsWholeNumbersDo() {
        // div rbx
        RandomMachine m = machine("48 f7 f3");
        long seed = Long.getLong("blocks.seed", 20_25L);
        Random random = new Random(seed);
        for (int n = 0; n < 2000; n++) {
            long by = random.nextLong() >>> random.nextInt(64) | 1;
            long high = n % 2 == 0 ? 0 : Long.remainderUnsigned(random.nextLong(), by);
            long low = random.nextLong() >>> random.nextInt(64);
            m.state.setGpr(CpuState.RAX, low);
            m.state.setGpr(CpuState.RDX, high);
            m.state.setGpr(CpuState.RBX, by);
            m.state.setRip(RandomMachine.CODE);
            assertThat(m.executor.step()).isEqualTo(StepResult.COMPLETED);
            BigInteger[] expected =
                    unsigned(high).shiftLeft(64).or(unsigned(low)).divideAndRemainder(unsigned(by));
            String what = "seed " + seed + " case " + n;
            assertThat(unsigned(m.state.gpr(CpuState.RAX))).as(what).isEqualTo(expected[0]);
            assertThat(unsigned(m.state.gpr(CpuState.RDX))).as(what).isEqualTo(expected[1]);
        }
    }

    private static BigInteger unsigned(long value) {
        return new BigInteger(Long.toUnsignedString(value));
    }
}
