package dev.cloister.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.memory.PagedMemory;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.WalkContext;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** Linear memory through the guest's own page tables: present and writable only where they say so. */
class PagedMemoryTest {
    @Test
    void translatesAndFaultsAsTheTablesSay() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ram = arena.allocate(1 << 16, 4096);
            GuestMemory memory = GuestMemory.builder().ram("ram", 0, ram).build();
            memory.writeLong(0x1000, 0x2007);
            memory.writeLong(0x2000, 0x3007);
            memory.writeLong(0x3000, 0x4007);
            memory.writeLong(0x4000, 0x5007);
            memory.writeLong(0x4008, 0x6005);
            TestMachine template = new TestMachine(3);
            template.state.setCr3(0x1000);
            PagedMemory paged = new PagedMemory(template.state, memory, new WalkContext());
            Executor executor = new Executor(template.state, paged, template, template);
            memory.write(0x5000, new byte[] {0x48, (byte) 0x89, 0x03}, 0, 3);
            template.state.setRip(0);
            template.state.setGpr(CpuState.RAX, 0x1122334455667788L);
            template.state.setGpr(CpuState.RBX, 0xFF8);
            assertThat(executor.step()).isEqualTo(StepResult.COMPLETED);
            assertThat(memory.readLong(0x5FF8)).isEqualTo(0x1122334455667788L);
            template.state.setRip(0);
            template.state.setGpr(CpuState.RBX, 0xFFC);
            assertThat(executor.step()).isEqualTo(StepResult.EXCEPTION);
            assertThat(executor.vector()).isEqualTo(CpuException.PF);
            assertThat(executor.faultAddress()).isEqualTo(0x1000);
            assertThat(executor.errorCode()).isEqualTo(7);
            assertThat(memory.readInt(0x5FFC))
                    .as("no half of the write happened")
                    .isEqualTo(0x11223344);
        }
    }
}
