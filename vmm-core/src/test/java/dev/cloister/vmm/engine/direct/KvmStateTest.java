package dev.cloister.vmm.engine.direct;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.ExtendedState;
import dev.cloister.kvm.Kvm;
import dev.cloister.kvm.KvmRegs;
import dev.cloister.kvm.KvmSregs;
import dev.cloister.kvm.Vcpu;
import dev.cloister.kvm.Vm;
import dev.cloister.linux.ErrnoException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The emulator's state goes to KVM's structures, and to a vCPU, and back unchanged. */
class KvmStateTest {
    /** Type, S, DPL and P; AVL, L, D/B, G and KVM's own bit for what is unusable. */
    private static final int ATTRIBUTES = 0x1F0FF;

    private static final int STATES = 200;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void structuresLoseNothing(long seed) {
        Random random = new Random(seed);
        MemorySegment regs = Arena.ofAuto().allocate(KvmRegs.SIZE, 8);
        MemorySegment sregs = Arena.ofAuto().allocate(KvmSregs.SIZE, 8);
        for (int n = 0; n < STATES; n++) {
            CpuState from = anything(random);
            KvmState.storeRegs(from, regs);
            KvmState.storeSregs(from, sregs);
            CpuState to = new CpuState();
            KvmState.loadRegs(regs, to);
            KvmState.loadSregs(sregs, to);
            assertThat(to)
                    .as("seed %d, state %d", seed, n)
                    .usingRecursiveComparison()
                    .isEqualTo(from);
        }
    }

    private static CpuState anything(Random random) {
        CpuState state = new CpuState();
        for (int r = 0; r < 16; r++) {
            state.setGpr(r, random.nextLong());
        }
        state.setRip(random.nextLong());
        state.setRflags(random.nextLong());
        for (int s = 0; s < 8; s++) {
            state.segment(s)
                    .set(random.nextInt(0x10000), random.nextLong(), random.nextInt(), random.nextInt() & ATTRIBUTES);
        }
        state.gdtr().set(random.nextLong(), random.nextInt(0x10000));
        state.idtr().set(random.nextLong(), random.nextInt(0x10000));
        state.setCr0(random.nextLong());
        state.setCr2(random.nextLong());
        state.setCr3(random.nextLong());
        state.setCr4(random.nextLong());
        state.setCr8(random.nextInt(16));
        state.setEfer(random.nextLong());
        return state;
    }

    /** States that KVM accepts: 64-bit mode, everything else at random within what processors hold. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void aVcpuLosesNothing(long seed) throws ErrnoException {
        boolean has = Files.isWritable(Path.of("/dev/kvm"));
        if (!has) {
            System.out.println("skipped, no KVM here: /dev/kvm can't be opened");
        }
        Assumptions.assumeTrue(has, "no KVM here");
        Random random = new Random(seed);
        try (Kvm kvm = Kvm.open();
                Vm vm = kvm.createVm();
                Vcpu vcpu = vm.createVcpu(0)) {
            vcpu.setCpuid(kvm.supportedCpuid());
            KvmRegisters from = new KvmRegisters(vcpu);
            KvmRegisters to = new KvmRegisters(vcpu);
            for (int n = 0; n < 20; n++) {
                from.load();
                userState(from.state(), random);
                from.store();
                assertThat(to.load())
                        .as("seed %d, state %d", seed, n)
                        .usingRecursiveComparison()
                        .isEqualTo(from.state());
            }
        }
    }

    private static long canonical(Random random) {
        return random.nextLong() << 16 >> 16;
    }

    private static void userState(CpuState state, Random random) {
        for (int r = 0; r < 16; r++) {
            state.setGpr(r, random.nextLong());
        }
        state.setRip(canonical(random));
        state.setRflags(2 | random.nextInt() & 0x240ED5);
        state.setCr0(0x80050033L);
        state.setCr3(random.nextInt(1 << 20) << 12 & 0x7FFFF000L);
        state.setCr4(0x620);
        state.setEfer(0xD01);
        state.setCr2(canonical(random));
        for (int s = CpuState.ES; s <= CpuState.GS; s++) {
            state.segment(s).set(0x2B, 0, -1, 0xC0F3);
        }
        state.segment(CpuState.CS).set(0x33, 0, -1, 0xA0FB);
        state.segment(CpuState.FS).setBase(canonical(random));
        state.segment(CpuState.GS).setBase(canonical(random));
        state.segment(CpuState.TR).set(0x40, canonical(random), 0x67 + random.nextInt(0x2000), 0x8B);
        state.segment(CpuState.LDTR).set(0x50, canonical(random), random.nextInt(0x10000), 0x82);
        state.gdtr().set(canonical(random), random.nextInt(0x10000));
        state.idtr().set(canonical(random), random.nextInt(0x10000));
        for (int d = 0; d < 4; d++) {
            state.setDr(d, random.nextLong() & 0x7FFFFFFFFFFFL);
        }
        state.setDr(6, 0xFFFF0FF0L | random.nextInt(16));
        state.setDr(7, 0x400 | random.nextInt(256));
        state.setXcr0(7);
        extended(state.extended(), random);
        state.setInterruptShadow(random.nextBoolean());
        state.events().setNmiBlocked(random.nextBoolean());
    }

    private static void extended(ExtendedState extended, Random random) {
        extended.setXstateBv(7);
        extended.setControlWord(0x40 | random.nextInt(64) | random.nextInt(4) << 10);
        extended.setStatusWord(random.nextInt(8) << 11 | random.nextInt() & 0x4700);
        extended.setTagByte(random.nextInt(256));
        extended.setMxcsr(random.nextInt(0x10000));
        for (int n = 0; n < 8; n++) {
            extended.setLong(32 + 16 * n, random.nextLong());
            extended.setShort(40 + 16 * n, random.nextInt(0x10000));
        }
        for (int n = 0; n < 16; n++) {
            for (int lane = 0; lane < 4; lane++) {
                extended.setLane(n, lane, random.nextLong());
            }
        }
    }
}
