package dev.cloister.vmm.engine.direct;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.PendingEvents;
import dev.cloister.kvm.KvmEvents;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pending events go from the emulator's state to KVM's structure and back unchanged. */
class KvmPendingTest {
    private static final int[] EXCEPTIONS = {
        PendingEvents.NONE, CpuException.NMI, CpuException.PF, CpuException.UD, CpuException.DF, CpuException.DB
    };

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void nothingIsLostOnTheWay(long seed) {
        Random random = new Random(seed);
        CpuState from = new CpuState();
        PendingEvents events = from.events();
        int vector = EXCEPTIONS[random.nextInt(EXCEPTIONS.length)];
        events.setException(vector, vector > 0 && CpuException.hasErrorCode(vector) ? random.nextInt(64) : 0);
        boolean interrupt = random.nextBoolean();
        events.setInterrupt(interrupt ? random.nextInt(256) : PendingEvents.NONE, interrupt && random.nextBoolean());
        events.setNmiBlocked(random.nextBoolean());
        events.setNmiPending(random.nextBoolean());
        from.setInterruptShadow(random.nextBoolean());
        events.setAfterStackLoad(from.interruptShadow() && random.nextBoolean());
        events.setStartupVector(random.nextInt(256));
        MemorySegment structure = Arena.ofAuto().allocate(KvmEvents.SIZE, 8);
        KvmPending.store(from, structure);
        CpuState to = new CpuState();
        KvmPending.load(structure, to);
        assertThat(to).as("seed %d", seed).usingRecursiveComparison().isEqualTo(from);
    }
}
