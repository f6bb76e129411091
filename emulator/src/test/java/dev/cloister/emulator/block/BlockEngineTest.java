package dev.cloister.emulator.block;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.mmu.Region;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

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
}
