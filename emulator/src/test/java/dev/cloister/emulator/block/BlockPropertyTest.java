package dev.cloister.emulator.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.ExtendedState;
import dev.cloister.emulator.cpu.SegmentRegister;
import dev.cloister.emulator.cpu.StepResult;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Random programs leave the same state whether they are stepped or run in blocks: after every run of a random length. */
class BlockPropertyTest {
    private static final long SEED = Long.getLong("blocks.seed", 20_25L);
    private static final int PROGRAMS = Integer.getInteger("blocks.programs", 150);
    private static final int TRANSLATED = Integer.getInteger("blocks.translated", 60);
    private static final int RUNS = 12;

    @ParameterizedTest
    @EnumSource(RandomMachine.Setting.class)
    void runsAsItSteps(RandomMachine.Setting setting) {
        long executed = 0;
        for (int n = 0; n < PROGRAMS; n++) {
            executed += compare(setting, SEED * 1_000_003 + n, 0);
        }
        System.out.println(setting + ": " + executed + " instructions in " + PROGRAMS + " programs");
        assertThat(executed).as("instructions executed").isGreaterThan(PROGRAMS * 20L);
    }

    @ParameterizedTest
    @EnumSource(RandomMachine.Setting.class)
    void runsTranslatedAsItSteps(RandomMachine.Setting setting) {
        long executed = 0;
        for (int n = 0; n < TRANSLATED; n++) {
            executed += compare(setting, SEED * 2_000_003 + n, 1 + n % 3);
        }
        System.out.println(setting + ", translated: " + executed + " instructions in " + TRANSLATED + " programs");
        assertThat(executed).as("instructions executed").isGreaterThan(TRANSLATED * 20L);
    }

    /** Two machines with the same program, one stepped, one run. */
    private static final class Pair {
        final Random random;
        final RandomMachine stepped;
        final RandomMachine ran;
        StepResult expected = StepResult.COMPLETED;
        StepResult actual = StepResult.COMPLETED;

        Pair(RandomMachine.Setting setting, long seed, int after) {
            random = new Random(seed);
            stepped = new RandomMachine(setting);
            byte[] code = new RandomProgram(random, RandomMachine.bits(setting), RandomMachine.CODE_BYTES).code();
            stepped.memory.write(RandomMachine.CODE, code, 0, code.length);
            byte[] data = new byte[0x8000];
            random.nextBytes(data);
            stepped.memory.write(RandomMachine.DATA, data, 0, data.length);
            RandomProgram.registers(random, stepped.state, setting);
            ran = new RandomMachine(setting);
            MemorySegment.copy(stepped.ram, 0, ran.ram, 0, RandomMachine.MEMORY);
            ran.state.copyFrom(stepped.state);
            ran.executor.translateAfter(after);
        }

        int count(int round) {
            return 1 + random.nextInt(round < 6 ? 20 : 400);
        }

        void go(int count) {
            expected = StepResult.COMPLETED;
            for (int n = 0; n < count && isGoing(expected); n++) {
                expected = stepped.executor.stepAndDeliver();
            }
            actual = ran.executor.run(count);
        }

        /** What differs between the two; empty if nothing does. */
        String difference() {
            if (!text(ran.state).equals(text(stepped.state))) {
                return "registers: expected\n" + text(stepped.state) + "\nbut was\n" + text(ran.state);
            }
            if (expected != actual && !(isGoing(expected) && isGoing(actual))) {
                return "result: expected " + expected + " but was " + actual;
            }
            long at = ran.ram.mismatch(stepped.ram);
            if (at >= 0) {
                return "memory at 0x" + Long.toHexString(at);
            }
            if (ran.ports() != stepped.ports()) {
                return "port accesses";
            }
            long more = ran.executor.completed() - stepped.executor.completed();
            return more == 0 ? "" : "instructions completed, by " + more;
        }

        boolean isOver() {
            return expected == StepResult.SHUTDOWN || expected == StepResult.UNSUPPORTED;
        }
    }

    private static long compare(RandomMachine.Setting setting, long seed, int after) {
        Pair pair = new Pair(setting, seed, after);
        for (int round = 0; round < RUNS && !pair.isOver(); round++) {
            int count = pair.count(round);
            pair.go(count);
            if (!pair.difference().isEmpty()) {
                fail(shrink(setting, seed, after, round, count));
            }
        }
        return pair.ran.executor.completed();
    }

    /** Finds the first instruction of the round after which the two differ. */
    private static String shrink(RandomMachine.Setting setting, long seed, int after, int round, int most) {
        for (int count = 1; count <= most; count++) {
            Pair pair = new Pair(setting, seed, after);
            for (int r = 0; r < round; r++) {
                pair.go(pair.count(r));
            }
            long rip = pair.stepped.state.rip();
            String before = text(pair.stepped.state);
            pair.go(count);
            String difference = pair.difference();
            if (!difference.isEmpty()) {
                return setting + " seed " + seed + " translated after " + after + " round " + round + ": after " + count
                        + " instructions from rip "
                        + Long.toHexString(rip) + ", the last \"" + pair.stepped.executor.text() + "\" ("
                        + pair.expected
                        + ", vector " + pair.stepped.executor.vector() + "): " + difference + "\nat the start\n"
                        + before;
            }
        }
        return setting + " seed " + seed + " translated after " + after + " round " + round + ": only whole differs";
    }

    private static boolean isGoing(StepResult result) {
        return result == StepResult.COMPLETED || result == StepResult.REPEATING;
    }

    private static String text(CpuState s) {
        StringBuilder text = new StringBuilder();
        text.append("rip ")
                .append(Long.toHexString(s.rip()))
                .append("\nrflags ")
                .append(Long.toHexString(s.rflags()));
        for (int r = 0; r < 16; r++) {
            text.append("\nr").append(r).append(' ').append(Long.toHexString(s.gpr(r)));
        }
        for (int n = 0; n < 8; n++) {
            SegmentRegister g = s.segment(n);
            text.append("\ns")
                    .append(n)
                    .append(' ')
                    .append(g.selector())
                    .append(' ')
                    .append(Long.toHexString(g.base()));
            text.append(' ').append(g.limit()).append(' ').append(g.attributes());
        }
        text.append("\ncr ").append(Long.toHexString(s.cr0())).append(' ').append(Long.toHexString(s.cr2()));
        text.append(' ').append(Long.toHexString(s.cr3())).append(' ').append(Long.toHexString(s.cr4()));
        text.append("\nshadow ").append(s.interruptShadow());
        byte[] extended = new byte[ExtendedState.SIZE];
        text.append("\nxmm ").append(extendedHash(s, extended));
        return text.toString();
    }

    private static int extendedHash(CpuState s, byte[] into) {
        long hash = 0;
        for (int r = 0; r < 16; r++) {
            for (int lane = 0; lane < 4; lane++) {
                hash = hash * 31 + s.extended().lane(r, lane);
            }
        }
        return (int) (hash ^ hash >>> 32) + into[0];
    }
}
