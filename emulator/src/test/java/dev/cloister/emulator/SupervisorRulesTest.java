package dev.cloister.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuFeature;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.memory.PagedMemory;
import dev.cloister.emulator.memory.TlbMemory;
import dev.cloister.mmu.DeviceWindow;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.WalkContext;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rules of the system level that few programs meet, each with its section of the Intel SDM. */
class SupervisorRulesTest {
    private static final int DEBUG_CONTROL = 0x1D9;
    private static final long BRANCHES = 2;

    @ParameterizedTest(name = "{0}: {2}")
    @CsvSource({
        "90,           2, COMPLETED",
        "7402,         2, COMPLETED",
        "7502,         2, EXCEPTION",
        "EB00,         2, EXCEPTION",
        "EB10,         2, EXCEPTION",
        "E810000000,   2, EXCEPTION",
        "F3AA,         2, REPEATING",
        "E202,         2, EXCEPTION",
        "90,           0, EXCEPTION",
        "7402,         1, EXCEPTION"
    })
    void singleStepByBranchesTrapsBehindTakenOnesAlone(String code, long control, StepResult expected) {
        // Vol. 3, 18.4.3.
        TestMachine m = new TestMachine(0);
        m.msrs.put(DEBUG_CONTROL, control);
        m.state.setRflags(2 | Flags.TF);
        m.state.setGpr(CpuState.RCX, 3);
        m.state.setGpr(CpuState.RDI, TestMachine.BASE);
        assertThat(m.run(code)).isEqualTo(expected);
        if (expected == StepResult.EXCEPTION) {
            assertThat(m.executor.vector()).isEqualTo(CpuException.DB);
            assertThat(m.state.dr(6) & 0x4000).isEqualTo(0x4000);
            assertThat(m.msrs).containsEntry(DEBUG_CONTROL, 0L);
        } else {
            assertThat(m.msrs).containsEntry(DEBUG_CONTROL, BRANCHES);
        }
    }

    /** SS is pushed first: CR2 names the highest word that can't be written (Intel SDM vol. 2, INT n). */
    @ParameterizedTest
    @CsvSource({"0x10, -8", "0x20, -8", "0x00, -8", "-0x100, -0x108"})
    void aStackThatIsNotThereIsFoundWhereTheFirstWordGoes(String stack, String expected) {
        TestMachine m = new TestMachine(0);
        long tables = TestMachine.BASE + 0x1000;
        m.poke(tables + 8, 8, 0x00AF9B000000FFFFL);
        m.state.gdtr().set(tables, 0xF);
        m.state.idtr().set(tables + 0x100, 0xFFF);
        for (int vector = 0; vector < 32; vector++) {
            m.poke(tables + 0x100 + 16L * vector, 8, 0x10008E0000080000L);
        }
        m.state.setGpr(CpuState.RSP, TestMachine.BASE + Long.decode(stack));
        m.code("0F 0B");
        assertThat(m.executor.stepAndDeliver()).isEqualTo(StepResult.SHUTDOWN);
        assertThat(m.state.cr2()).isEqualTo(TestMachine.BASE + Long.decode(expected));
    }

    @Test
    void lahfAndSahfAreAFeatureOf64BitModeAlone() {
        // Vol. 2, LAHF.
        TestMachine m = new TestMachine(0);
        Executor without = new Executor(m.state, m, m, new Hiding(m, CpuFeature.LAHF_LM));
        for (String code : new String[] {"9F", "9E"}) {
            assertThat(m.code(code).executor.step()).isEqualTo(StepResult.COMPLETED);
            m.code(code);
            assertThat(without.step()).isEqualTo(StepResult.EXCEPTION);
            assertThat(without.vector()).isEqualTo(CpuException.UD);
        }
        TestMachine p = TestMachine.protectedMode();
        Executor old = new Executor(p.state, p, p, new Hiding(p, CpuFeature.LAHF_LM));
        p.code("9F");
        assertThat(old.step()).isEqualTo(StepResult.COMPLETED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0F01C1", "0F01D9"})
    void hypercallsAreUndefinedUnlessSomebodyAnswers(String code) {
        TestMachine m = new TestMachine(0);
        assertThat(m.run(code)).isEqualTo(StepResult.EXCEPTION);
        assertThat(m.executor.vector()).isEqualTo(CpuException.UD);

        Executor answered = new Executor(m.state, m, m, new Answering(m));
        m.code(code).state.setGpr(CpuState.RAX, 0x1_0000_0005L);
        m.state.setGpr(CpuState.RSI, -1);
        assertThat(answered.step()).isEqualTo(StepResult.COMPLETED);
        assertThat(m.state.gpr(CpuState.RAX)).isEqualTo(0x1_0000_0004L);

        TestMachine p = TestMachine.protectedMode();
        Executor narrow = new Executor(p.state, p, p, new Answering(p));
        p.code(code).state.setGpr(CpuState.RAX, 0x1_0000_0000L);
        p.state.setGpr(CpuState.RSI, -1);
        assertThat(narrow.step()).isEqualTo(StepResult.COMPLETED);
        assertThat(p.state.gpr(CpuState.RAX)).isEqualTo(0xFFFF_FFFFL);

        TestMachine u = new TestMachine(3);
        Executor user = new Executor(u.state, u, u, new Answering(u));
        u.code(code);
        assertThat(user.step()).isEqualTo(StepResult.COMPLETED);
        assertThat(u.state.gpr(CpuState.RAX)).isEqualTo(-1);
    }

    @ParameterizedTest(name = "pointer {0}: {1}")
    @CsvSource({
        // Bits 2:1, 8:5 and what is beyond the physical addresses are reserved (vol. 3, table 4-8).
        "0x2001, true",
        "0x2009, true",
        "0x2E19, true",
        "0x2003, false",
        "0x2005, false",
        "0x2021, false",
        "0x2101, false",
        "0x4000000000002001, false",
        "0x0010000000002001, false",
        "0xFFFFFFFFFFFFFFFE, true"
    })
    void directoryPointersAreCheckedWhenTheyAreLoaded(String pointer, boolean allowed) {
        long bits = Long.parseUnsignedLong(pointer.substring(2), 16);
        try (Arena arena = Arena.ofConfined()) {
            GuestMemory memory = GuestMemory.builder()
                    .ram("ram", 0, arena.allocate(1 << 16, 4096))
                    .build();
            for (long n = 0; n < 4; n++) {
                memory.writeLong(0x1000 + 8 * n, 0x2001);
                memory.writeLong(0x1100 + 8 * n, n == 2 ? bits : n == 0 ? 0x2001 : 0);
            }
            memory.writeLong(0x2000, 0x3003);
            memory.writeLong(0x3000, 0x4003);
            // mov cr3, eax; mov cr0, ebx; mov cr4, ecx; all at linear 0.
            for (byte[] code :
                    new byte[][] {{15, 0x22, (byte) 0xD8}, {15, 0x22, (byte) 0xC3}, {15, 0x22, (byte) 0xE1}}) {
                memory.write(0x4000, code, 0, 3);
                memory.write(0, code, 0, 3);
                TestMachine m = TestMachine.protectedMode();
                prepare(m.state, code[2]);
                loads(m, new PagedMemory(m.state, memory, new WalkContext(40, true)), allowed);
                prepare(m.state, code[2]);
                try (TlbMemory tlb = new TlbMemory(m.state, memory, new NoDevices(), 40, true)) {
                    loads(m, tlb, allowed);
                }
            }
        }
    }

    /** PAE paging with good pointers, or with the ones in question already in CR3 and paging off, or a flag of CR4 about to change. */
    private static void prepare(CpuState state, byte modrm) {
        boolean intoCr3 = modrm == (byte) 0xD8;
        boolean intoCr0 = modrm == (byte) 0xC3;
        state.setRip(0);
        state.setCr3(intoCr3 ? 0x1000 : 0x1100);
        state.setCr4(ControlBits.CR4_PAE);
        state.setCr0(intoCr0 ? 0x33 : ControlBits.CR0_PG | 0x33);
        state.setGpr(CpuState.RAX, 0x1100);
        state.setGpr(CpuState.RBX, ControlBits.CR0_PG | 0x33);
        state.setGpr(CpuState.RCX, ControlBits.CR4_PAE | ControlBits.CR4_PGE);
    }

    private static void loads(TestMachine m, LinearMemory memory, boolean allowed) {
        memory.refresh();
        long cr3 = m.state.cr3();
        Executor executor = new Executor(m.state, memory, m, m);
        assertThat(executor.step()).isEqualTo(allowed ? StepResult.COMPLETED : StepResult.EXCEPTION);
        if (!allowed) {
            assertThat(executor.vector()).isEqualTo(CpuException.GP);
            assertThat(m.state.cr3()).isEqualTo(cr3);
        }
    }

    @Test
    void initKeepsWhatTheManualSays() {
        // Vol. 3, table 9-1.
        CpuState state = new TestMachine(0).state;
        state.extended().setMxcsr(0x1FA0);
        state.extended().setPkru(4);
        state.setDr(0, 5);
        state.initialise(0x50657);
        assertThat(state.cr0()).isEqualTo(0x10);
        state.setCr0(0x60000033L);
        state.initialise(0x50657);
        assertThat(state.cr0()).isEqualTo(0x60000010L);
        assertThat(state.xcr0()).isEqualTo(7);
        assertThat(state.extended().mxcsr()).isEqualTo(0x1FA0);
        assertThat(state.extended().pkru()).isEqualTo(4);
        assertThat(state.gpr(CpuState.RDX)).isEqualTo(0x50657);
        assertThat(state.dr(0)).isZero();
        assertThat(state.efer()).isZero();
        assertThat(state.rip()).isEqualTo(0xFFF0);
    }

    private static final class NoDevices implements DeviceWindow {
        @Override
        public long read(long gpa, int size) {
            return -1;
        }

        @Override
        public void write(long gpa, int size, long value) {
            throw new AssertionError("a write to 0x" + Long.toHexString(gpa));
        }
    }

    /** The surroundings of a test machine, for those that differ in something. */
    private static class Like implements CpuEnvironment {
        private final TestMachine machine;

        Like(TestMachine machine) {
            this.machine = machine;
        }

        @Override
        public void cpuid(int leaf, int subleaf, int[] result) {
            machine.cpuid(leaf, subleaf, result);
        }

        @Override
        public long timestampCounter() {
            return machine.timestampCounter();
        }

        @Override
        public long random() {
            return machine.random();
        }

        @Override
        public boolean readMsr(int index, long[] value) {
            return machine.readMsr(index, value);
        }

        @Override
        public boolean writeMsr(int index, long value) {
            return machine.writeMsr(index, value);
        }
    }

    private static final class Hiding extends Like {
        private final CpuFeature hidden;

        Hiding(TestMachine machine, CpuFeature hidden) {
            super(machine);
            this.hidden = hidden;
        }

        @Override
        public boolean offers(CpuFeature feature) {
            return feature != hidden;
        }
    }

    private static final class Answering extends Like {
        Answering(TestMachine machine) {
            super(machine);
        }

        @Override
        public boolean offersHypercalls() {
            return true;
        }

        @Override
        public long hypercall(long number, long[] arguments) {
            return number + arguments[3];
        }
    }
}
