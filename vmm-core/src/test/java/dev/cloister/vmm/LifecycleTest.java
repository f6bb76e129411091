package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.vmm.config.MachineEvents;
import dev.cloister.vmm.config.MachineState;
import dev.cloister.vmm.report.Outcome;
import dev.cloister.vmm.report.Report;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(600)
class LifecycleTest extends EveryEngine {
    private static final String SPIN = "spin: inc dword [0x500]\njmp spin\n";
    private static final String HALT = "again: sti\nhlt\ninc dword [0x500]\njmp again\n";
    private static final String HALT_FOR_EVER = "cli\nhlt\n";
    private static final String CHATTER = "again: out 0x80, al\ninc dword [0x500]\njmp again\n";

    @ParameterizedTest
    @ValueSource(strings = {SPIN, HALT, HALT_FOR_EVER, CHATTER})
    void pauseResumeAndStopWorkAtAnyMoment(String guest) throws Exception {
        Random random = new Random(20_26);
        try (Machine machine = TestGuest.machine(
                TestGuest.config(TestGuest.real("bits 16\n" + guest)).cpus(2))) {
            machine.start();
            for (int round = 0; round < 200; round++) {
                LockSupport.parkNanos(random.nextInt(400_000));
                assertThat(machine.pause()).isTrue();
                assertThat(machine.state()).isEqualTo(MachineState.PAUSED);
                if (random.nextBoolean()) {
                    LockSupport.parkNanos(random.nextInt(100_000));
                }
                assertThat(machine.resume()).isTrue();
            }
            machine.stop();
            assertThat(machine.await().outcome()).isEqualTo(Outcome.STOPPED);
            assertThat(machine.pause()).isFalse();
            assertThat(machine.resume()).isFalse();
        }
    }

    @Test
    void aPausedGuestDoesNotMove() throws Exception {
        try (Machine machine = TestGuest.machine(TestGuest.config(TestGuest.real(CHATTER)))) {
            machine.start();
            while (machine.exits().isEmpty()) {
                Thread.onSpinWait();
            }
            assertThat(machine.pause()).isTrue();
            List<Report.Count> before = machine.exits();
            LockSupport.parkNanos(30_000_000);
            assertThat(machine.exits()).isEqualTo(before);
            assertThat(machine.resume()).isTrue();
            machine.stop();
            machine.await();
        }
    }

    @Test
    void stopReachesAPausedMachineAndOneThatNeverStarted() throws Exception {
        try (Machine machine = TestGuest.machine(TestGuest.config(TestGuest.real(SPIN)))) {
            machine.start();
            assertThat(machine.pause()).isTrue();
            machine.stop();
            assertThat(machine.await().outcome()).isEqualTo(Outcome.STOPPED);
        }
        try (Machine machine = TestGuest.machine(TestGuest.config(TestGuest.real(SPIN)))) {
            assertThatThrownBy(machine::await).isInstanceOf(IllegalStateException.class);
            machine.stop();
            machine.start();
            assertThat(machine.await().outcome()).isEqualTo(Outcome.STOPPED);
            assertThat(machine.await().report().times().createToFirstInstruction())
                    .isEqualTo(-1);
        }
    }

    @Test
    void controlFromManyThreadsAtOnceEndsCleanly() throws Exception {
        for (int round = 0; round < 10; round++) {
            try (Machine machine = TestGuest.machine(TestGuest.config(TestGuest.real(SPIN)))) {
                machine.start();
                List<Thread> threads = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    threads.add(Thread.ofPlatform().start(() -> {
                        for (int j = 0; j < 20; j++) {
                            machine.pause();
                            machine.resume();
                        }
                    }));
                }
                Thread stopper = Thread.ofPlatform().start(machine::stop);
                for (Thread thread : threads) {
                    thread.join();
                }
                stopper.join();
                assertThat(machine.await().outcome()).isEqualTo(Outcome.STOPPED);
            }
        }
    }

    @Test
    void statesAreToldInOrder() throws Exception {
        List<MachineState> states = Collections.synchronizedList(new ArrayList<>());
        MachineEvents events = new MachineEvents() {
            @Override
            public void stateChanged(MachineState state) {
                states.add(state);
            }
        };
        try (Machine machine =
                TestGuest.machine(TestGuest.config(TestGuest.real(SPIN)).events(events))) {
            machine.start();
            machine.pause();
            machine.resume();
            machine.stop();
            machine.await();
        }
        assertThat(states)
                .containsExactly(MachineState.RUNNING, MachineState.PAUSED, MachineState.RUNNING, MachineState.STOPPED);
    }

    @Test
    void twentyLivesLeaveNoDescriptorAndNoThread() throws Exception {
        live();
        System.gc();
        long descriptors = descriptors();
        int threads = Thread.activeCount();
        for (int i = 0; i < 20; i++) {
            live();
        }
        assertThat(descriptors()).isEqualTo(descriptors);
        assertThat(Thread.activeCount()).isLessThanOrEqualTo(threads);
    }

    private static void live() throws Exception {
        try (Machine machine =
                TestGuest.machine(TestGuest.config(TestGuest.real(SPIN)).cpus(2))) {
            machine.start();
            machine.stop();
            machine.await();
        }
    }

    private static long descriptors() throws Exception {
        try (Stream<Path> entries = Files.list(Path.of("/proc/self/fd"))) {
            return entries.count();
        }
    }
}
