package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.devices.Waiting;
import dev.cloister.linux.Pipe;
import dev.cloister.vmm.config.DebugOptions;
import dev.cloister.vmm.config.MachineEvents;
import dev.cloister.vmm.config.MachineState;
import dev.cloister.vmm.report.MachineExit;
import dev.cloister.vmm.report.Outcome;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A pipe that is full and that nobody reads holds whoever writes to it; a machine comes to its end all the same. */
@Timeout(120)
class HeldVcpuTest extends EveryEngine {
    private static final String CHATTER = "again: out 0x80, al\njmp again\n";

    private static Pipe full() throws IOException {
        Pipe pipe = Pipe.create();
        byte[] page = new byte[4096];
        int count = Pipe.write(pipe.writeEnd(), page, 0, page.length);
        while (count > 0) {
            count = Pipe.write(pipe.writeEnd(), page, 0, page.length);
        }
        return pipe;
    }

    /** Writes to a pipe as to a file that the command line names: the call waits for room. Tells which thread was the first to write. */
    private static final class SlowFile extends OutputStream {
        private final OutputStream stream;
        private final CompletableFuture<Thread> writer = new CompletableFuture<>();

        SlowFile(Pipe pipe) throws IOException {
            stream = new FileOutputStream("/proc/self/fd/" + pipe.writeEnd().number());
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            writer.complete(Thread.currentThread());
            stream.write(bytes, offset, length);
        }

        @Override
        public void close() throws IOException {
            stream.close();
        }
    }

    /** The thread has said that it will write; it is held once it does. */
    private static void awaitHeld(Thread vcpu) {
        while (Stream.of(vcpu.getStackTrace())
                .noneMatch(frame -> frame.getClassName().equals(FileOutputStream.class.getName()))) {
            Thread.onSpinWait();
        }
    }

    @Test
    void aThreadThatTheHostHoldsIsNamedAndLeftBehindUntilItEnds() throws Exception {
        List<MachineState> states = Collections.synchronizedList(new ArrayList<>());
        MachineEvents events = new MachineEvents() {
            @Override
            public void stateChanged(MachineState state) {
                states.add(state);
            }
        };
        try (Pipe pipe = full();
                SlowFile trace = new SlowFile(pipe);
                Machine machine = TestGuest.machine(TestGuest.config(TestGuest.real(CHATTER))
                        .debug(new DebugOptions(List.of(), null, trace, DebugOptions.DEFAULT_TRACE, _ -> {}))
                        .timeout(Duration.ZERO)
                        .patience(Duration.ofMillis(200))
                        .events(events))) {
            machine.start();
            Thread vcpu = trace.writer.get();
            awaitHeld(vcpu);
            machine.stop();
            MachineExit exit = machine.await();
            assertThat(exit.outcome()).isEqualTo(Outcome.HOST_FAILURE);
            assertThat(exit.exitCode()).isEqualTo(Outcome.CODE_HOST);
            assertThat(exit.report().detail())
                    .contains("200 ms after the guest's end (stopped)")
                    .contains("thread vcpu-guest-0 is in java.io.FileOutputStream.write")
                    .contains("dev.cloister.vmm.debug.Trace.write");
            machine.close();
            assertThat(vcpu.isAlive()).isTrue();
            // Whoever waits to write learns that there will never be room.
            pipe.readEnd().close();
            Waiting.join(vcpu);
            machine.close();
            assertThat(machine.await()).isSameAs(exit);
        }
        assertThat(states).containsExactly(MachineState.RUNNING, MachineState.STOPPED);
    }

    @Test
    void aConsoleThatNobodyReadsHoldsNoVcpu() throws Exception {
        try (Pipe pipe = full();
                SlowFile console = new SlowFile(pipe)) {
            try (Machine machine =
                    TestGuest.machine(TestGuest.config(TestGuest.real("""
                                mov     dx, 0x3f8
                                mov     al, 'x'
                                mov     ebx, 70000
                        again:  out     dx, al
                                dec     ebx
                                jnz     again
                                exit    3
                        """)).serialOut(console))) {
                machine.start();
                MachineExit exit = machine.await();
                assertThat(exit.outcome()).isEqualTo(Outcome.DEBUG_EXIT);
                assertThat(exit.exitCode()).isEqualTo(7);
                assertThat(exit.report().notes())
                        .anyMatch(note -> note.contains("bytes of console output were dropped"));
            } finally {
                // The console's own thread is left with its write: a full pipe has no end but this.
                pipe.readEnd().close();
                Waiting.join(console.writer.get());
            }
        }
    }
}
