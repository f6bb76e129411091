package dev.cloister.emulator.block;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.mmu.Region;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What ends a run of blocks, and what others write into code. */
class BlockEngineTest {
    /** inc rax; jmp to itself. */
    private static final String COUNT = "48 ff c0 eb fb";

    private static RandomMachine machine(String hex) {
        RandomMachine m = new RandomMachine(RandomMachine.Setting.LONG);
        byte[] code = HexFormat.of().parseHex(hex.replace(" ", ""));
        m.memory.write(RandomMachine.CODE, code, 0, code.length);
        m.state.setRip(RandomMachine.CODE);
        m.state.setGpr(CpuState.RSP, RandomMachine.STACK + 0x1000L);
        return m;
    }

    @Test
    void aBoundIsKeptExactly() {
        RandomMachine m = machine(COUNT);
        for (int bound = 1; bound < 40; bound++) {
            long before = m.executor.completed();
            assertThat(m.executor.run(bound)).isEqualTo(StepResult.COMPLETED);
            assertThat(m.executor.completed() - before).as("bound %d", bound).isEqualTo(bound);
        }
        assertThat(m.state.gpr(CpuState.RAX)).isEqualTo(m.executor.completed() / 2);
    }

    /** As real processors do: the return address is in memory, the stack pointer as it was. */
    @Test
    void aCallToAnAddressThatIsNotCanonicalHasStoredItsReturnAddress() {
        // call rax
        RandomMachine m = machine("ff d0");
        m.state.setGpr(CpuState.RAX, 1L << 62);
        // The handler's frame, aligned to 16, begins below the return address.
        m.state.setGpr(CpuState.RSP, RandomMachine.STACK + 0x1008L);
        m.executor.run(1);
        assertThat(m.executor.vector()).isEqualTo(CpuException.GP);
        assertThat(m.memory.readLong(RandomMachine.STACK + 0x1000L)).isEqualTo(RandomMachine.CODE + 2L);
        assertThat(m.memory.readLong(RandomMachine.STACK + 0xFF0L)).isEqualTo(RandomMachine.STACK + 0x1008L);
    }

    @Test
    void aKickEndsARunThatWouldNeverEnd() throws InterruptedException {
        RandomMachine m = machine(COUNT);
        Thread kicker = Thread.ofPlatform().start(m.executor::kick);
        assertThat(m.executor.run(Integer.MAX_VALUE)).isEqualTo(StepResult.COMPLETED);
        kicker.join();
        assertThat(m.state.rip()).isIn((long) RandomMachine.CODE, RandomMachine.CODE + 3L);
    }

    @Test
    void anAwaitedWindowEndsARunBehindTheShadowOfSti() {
        // inc rax; sti; inc rax; inc rax; jmp back
        RandomMachine m = machine("48 ff c0 fb 48 ff c0 48 ff c0 eb f4");
        m.executor.awaitInterruptWindow(true);
        assertThat(m.executor.run(1000)).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.gpr(CpuState.RAX)).isEqualTo(2);
        assertThat(m.state.rflags() & Flags.IF).isNotZero();
    }

    @Test
    void codeThatADeviceWritesIsExecutedNext() {
        RandomMachine m = machine(COUNT);
        m.executor.run(100);
        long counted = m.state.gpr(CpuState.RAX);
        // dec rax
        m.memory.writeByte(RandomMachine.CODE + 2L, (byte) 0xc8);
        m.executor.run(100);
        assertThat(m.state.gpr(CpuState.RAX)).isEqualTo(counted - 50);
    }

    @Test
    void codeIsDecodedAnewWhereOtherMemoryIsMapped() {
        RandomMachine m = machine(COUNT);
        m.executor.run(100);
        m.memory.unmap("ram");
        byte[] other = HexFormat.of().parseHex("48ffc8ebfb");
        java.lang.foreign.MemorySegment copy =
                m.arena.allocate(RandomMachine.MEMORY, 4096).copyFrom(m.ram);
        java.lang.foreign.MemorySegment.copy(
                other, 0, copy, java.lang.foreign.ValueLayout.JAVA_BYTE, RandomMachine.CODE, other.length);
        m.memory.map(new Region("other", Region.Kind.RAM, 0, copy));
        m.executor.run(100);
        assertThat(m.state.gpr(CpuState.RAX)).isZero();
    }

    @Test
    void aStoreIntoTheRunningBlockTakesEffectAtTheNextInstruction() {
        // mov byte [rip + 3], 0xc8 changes the inc rax behind it (48 ff c0) to dec rax; hlt
        RandomMachine m = machine("c6 05 02 00 00 00 c8 48 ff c0 f4");
        assertThat(m.executor.run(10)).isEqualTo(StepResult.HALTED);
        assertThat(m.state.gpr(CpuState.RAX)).isEqualTo(-1);
    }

    private static final int SECOND = RandomMachine.CODE + 0x1000;
    private static final int OTHER = RandomMachine.CODE + 0x2000;
    private static final long ENTRIES = RandomMachine.TABLES + 0x3000L;
    private static final long OTHER_TABLES = RandomMachine.TABLES + 0x4000L;
    private static final long GLOBAL = 0x100;

    /** A program that jumps to {@link #SECOND} and comes back behind that jump; there or in {@link #OTHER} it counts RAX or RBX. */
    private static RandomMachine twoPages(String behindTheJump) {
        RandomMachine m = machine("e9 fb 0f 00 00" + behindTheJump);
        byte[] first = HexFormat.of().parseHex("48ffc0e9fdefffff");
        byte[] second = HexFormat.of().parseHex("48ffc3e9fdefffff");
        m.memory.write(SECOND, first, 0, first.length);
        m.memory.write(OTHER, second, 0, second.length);
        return m;
    }

    private static long entryOf(long page) {
        return ENTRIES + (page >>> 9);
    }

    /** Runs rounds of so many instructions; every other one must have come to the other page. */
    private static void expectTurns(RandomMachine m, int instructions) {
        for (int rounds = 2; rounds < 400; rounds += 2) {
            m.executor.run(2 * instructions);
            assertThat(m.state.gpr(CpuState.RAX)).as("rounds in the one").isEqualTo(rounds / 2);
            assertThat(m.state.gpr(CpuState.RBX)).as("rounds in the other").isEqualTo(rounds / 2);
        }
    }

    @ParameterizedTest
    @CsvSource({"false, false", "true, false", "false, true", "true, true"})
    void anAddressSpaceHasItsOwnCodeAtTheSameAddress(boolean global, boolean pcids) {
        // mov cr3, rcx; xchg rcx, rdx; jmp to the beginning
        RandomMachine m = twoPages("0f 22 d9 48 87 ca eb f3");
        if (global) {
            long entry = entryOf(RandomMachine.CODE);
            m.memory.writeLong(entry, m.memory.readLong(entry) | GLOBAL);
        }
        byte[] tables = new byte[0x4000];
        m.memory.read(RandomMachine.TABLES, tables, 0, tables.length);
        m.memory.write(OTHER_TABLES, tables, 0, tables.length);
        for (int level = 0; level < 3; level++) {
            m.memory.writeLong(OTHER_TABLES + 0x1000L * level, OTHER_TABLES + 0x1000L * (level + 1) | 7);
        }
        m.memory.writeLong(entryOf(SECOND) + 0x4000, OTHER | 0x27);
        m.state.setCr4(m.state.cr4() | (pcids ? ControlBits.CR4_PCIDE : 0));
        // Bit 63: what is known of the space is kept.
        m.state.setGpr(CpuState.RCX, OTHER_TABLES | (pcids ? 1L << 63 | 5 : 0));
        m.state.setGpr(CpuState.RDX, RandomMachine.TABLES | (pcids ? 1L << 63 : 0));
        expectTurns(m, 6);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, GLOBAL})
    void aPageThatIsInvalidatedIsFoundAnew(long global) {
        // mov [entry], rcx; xchg rcx, rdx; invlpg [second]; jmp to the beginning
        RandomMachine m = twoPages("48 89 0c 25 88 b0 00 00 48 87 ca 0f 01 3c 25 00 10 01 00 eb e6");
        assertThat(entryOf(SECOND)).isEqualTo(0xB088);
        m.memory.writeLong(entryOf(SECOND), SECOND | 0x27 | global);
        m.state.setGpr(CpuState.RCX, OTHER | 0x27 | global);
        m.state.setGpr(CpuState.RDX, SECOND | 0x27 | global);
        expectTurns(m, 7);
    }
}
