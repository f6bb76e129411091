package dev.cloister.vmm.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.assembler.OutputFormat;
import dev.cloister.kvm.Kvm;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.linux.Memfd;
import dev.cloister.linux.MessageSocket;
import dev.cloister.linux.Pipe;
import dev.cloister.policy.model.DaemonLoss;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.VirtioBus;
import dev.cloister.policy.protocol.AnswerStatus;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.DomainConfig;
import dev.cloister.policy.protocol.DomainState;
import dev.cloister.policy.protocol.FromVmm;
import dev.cloister.policy.protocol.ToVmm;
import dev.cloister.policy.protocol.ViolationKind;
import dev.cloister.policy.protocol.VmmCodec;
import dev.cloister.vmm.ChannelTest;
import dev.cloister.vmm.LongFrame;
import dev.cloister.vmm.TestGuest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The VMM's side of the control protocol, with the test as the daemon, in one process. */
@Timeout(300)
class ControlSessionTest {
    private static final String SPIN = "main: jmp main\ntrap: exit 2\n";

    @TempDir
    Path directory;

    /** The daemon's end, and the session on a thread of its own. */
    private final class Daemon implements AutoCloseable {
        final MessageSocket.Pair pair = MessageSocket.pair();
        final Pipe console = Pipe.create();
        final Thread thread;
        volatile int code = -1;

        Daemon() throws ErrnoException {
            java.util.Objects.requireNonNull(TestGuest.kvm()).close();
            thread = Thread.ofPlatform().start(() -> {
                try (ControlSession session = new ControlSession(pair.second())) {
                    code = session.run();
                } catch (ErrnoException e) {
                    code = -2;
                }
            });
        }

        void send(ToVmm message, Fd... fds) throws Exception {
            ByteBuffer frame = VmmCodec.encode(message);
            byte[] data = new byte[frame.remaining()];
            frame.get(data);
            pair.first().send(data, List.of(fds));
        }

        FromVmm next() throws Exception {
            MessageSocket.Message message = pair.first().receive().orElseThrow();
            return VmmCodec.decodeFromVmm(ByteBuffer.wrap(message.data()));
        }

        <T extends FromVmm> T await(Class<T> type) throws Exception {
            FromVmm message = next();
            while (!type.isInstance(message)) {
                message = next();
            }
            return type.cast(message);
        }

        /** Statuses also come unasked, the last one before a request has been met. */
        FromVmm.Status await(DomainState state) throws Exception {
            FromVmm.Status status = await(FromVmm.Status.class);
            while (status.state() != state) {
                status = await(FromVmm.Status.class);
            }
            return status;
        }

        void configure(String guest, DaemonLoss loss, ChannelConfig... channels) throws Exception {
            configure(guest, loss, DomainConfig.Devices.NONE, channels);
        }

        void configure(String guest, DaemonLoss loss, DomainConfig.Devices devices, ChannelConfig... channels)
                throws Exception {
            Path image = Files.write(
                    directory.resolve("guest.elf"), TestGuest.assemble(OutputFormat.ELF64, LongFrame.SOURCE + guest));
            DomainConfig config = new DomainConfig(
                    new DomainConfig.Identity(new UUID(1, 2), "red", "unclassified"),
                    new DomainConfig.Processor(1, Engine.AUTO, "", List.of()),
                    new DomainConfig.Memory(16L << 20, false),
                    new DomainConfig.Boot("guest.elf", "", false, false),
                    devices,
                    false,
                    List.of(channels),
                    loss);
            try (Kvm kvm = Kvm.open();
                    Fd kernel = Linux.openReadOnly(image.toString())) {
                send(new ToVmm.Configure(config), kvm.fd(), kernel, console.writeEnd());
            }
            assertThat(next()).isEqualTo(new FromVmm.Ready());
        }

        int join() throws Exception {
            thread.join();
            return code;
        }

        @Override
        public void close() throws Exception {
            if (thread.isAlive() && pair.first().fd().isOpen()) {
                // A guest that spins would outlive the loss of its daemon.
                send(new ToVmm.Stop());
            }
            thread.join(10_000);
            pair.first().close();
            pair.close();
            console.close();
        }
    }

    @Test
    void aDomainLivesFromConfigureToExited() throws Exception {
        try (Daemon daemon = new Daemon()) {
            daemon.configure("""
                main:   mov     al, 'k'
                        mov     dx, 0x3f8
                        out     dx, al
                        mov     dx, 0x604
                        mov     ax, 0x2000
                        out     dx, ax
                trap:   exit    2
                """, DaemonLoss.SEVER);
            daemon.send(new ToVmm.Query());
            assertThat(daemon.await(FromVmm.Status.class).state()).isEqualTo(DomainState.READY);
            daemon.send(new ToVmm.Start());
            assertThat(daemon.await(FromVmm.Started.class).nanosSinceProcessStart())
                    .isPositive();
            FromVmm.Exited exited = daemon.await(FromVmm.Exited.class);
            assertThat(exited.code()).isZero();
            assertThat(exited.reportJson()).contains("\"outcome\":\"powered-off\"", "\"name\":\"red\"");
            assertThat(daemon.join()).isZero();
            byte[] printed = new byte[8];
            assertThat(Pipe.read(daemon.console.readEnd(), printed, 0, 8)).isEqualTo(1);
            assertThat(new String(printed, 0, 1, StandardCharsets.US_ASCII)).isEqualTo("k");
        }
    }

    @Test
    void pauseResumeQueryAndStopAreAnswered() throws Exception {
        try (Daemon daemon = new Daemon()) {
            daemon.configure(SPIN, DaemonLoss.SEVER);
            daemon.send(new ToVmm.Start());
            daemon.await(FromVmm.Started.class);
            daemon.send(new ToVmm.Pause());
            daemon.await(DomainState.PAUSED);
            daemon.send(new ToVmm.Resume());
            daemon.await(DomainState.RUNNING);
            daemon.send(new ToVmm.Query());
            FromVmm.Status status = daemon.await(FromVmm.Status.class);
            assertThat(status.engine()).isEqualTo(Engine.DIRECT);
            assertThat(status.exits()).isNotEmpty();
            daemon.send(new ToVmm.Stop());
            assertThat(daemon.await(FromVmm.Exited.class).reportJson()).contains("\"stopped\"");
            assertThat(daemon.join()).isZero();
        }
    }

    @Test
    void statusComesOnceASecondUnasked() throws Exception {
        try (Daemon daemon = new Daemon()) {
            daemon.configure(SPIN, DaemonLoss.SEVER);
            daemon.send(new ToVmm.Start());
            daemon.await(DomainState.RUNNING);
            assertThat(daemon.await(FromVmm.Status.class).state()).isEqualTo(DomainState.RUNNING);
        }
    }

    @Test
    void requestsViolationsAndAnswersPassBetweenGuestAndDaemon() throws Exception {
        ChannelConfig channel = ChannelTest.memory(Direction.IN);
        try (Daemon daemon = new Daemon();
                Memfd memfd = ChannelTest.ringMemory();
                Fd reader = memfd.reopenReadOnly();
                EventFd bell = EventFd.create()) {
            daemon.configure("""
                main:   mov     ebx, 0xD0200000
                        mov     [rbx], eax
                        mov     ebx, 0xD0001000
                        mov     dword [rbx], 1
                        mov     dword [rbx + 8], 2
                        mov     dword [rbx + 12], 2
                        mov     dword [rbx + 16], 'blue'
                        mov     dx, 0xC100
                        out     dx, eax
                .wait:  cmp     dword [rbx + 4], 1
                        je      .wait
                        cmp     dword [rbx + 4], 3
                        jne     bad
                        cmp     dword [rbx + 0x40], 'nope'
                        jne     bad
                        ret
                bad:    ud2
                trap:   mov     edi, 0
                        lidt    [rdi]
                        ud2
                """, DaemonLoss.SEVER, channel);
            daemon.send(new ToVmm.Attach(0, Direction.IN, 1), reader, bell.fd());
            assertThat(daemon.await(FromVmm.Attached.class).index()).isZero();
            daemon.send(new ToVmm.Start());
            FromVmm.Violation violation = daemon.await(FromVmm.Violation.class);
            assertThat(violation.kind()).isEqualTo(ViolationKind.READ_ONLY_WRITE);
            FromVmm.Request request = daemon.await(FromVmm.Request.class);
            assertThat(request.kind()).isEqualTo(FlowKind.EVENT);
            assertThat(request.direction()).isEqualTo(Direction.OUT);
            assertThat(request.peer()).isEqualTo("blue");
            daemon.send(new ToVmm.Answer(request.requestId() + 1, AnswerStatus.GRANTED, 0, "for somebody else"));
            daemon.send(new ToVmm.Answer(request.requestId(), AnswerStatus.REFUSED, 0, "nope"));
            // Without the debug-exit port the guest's "exit" is a write to nowhere, and it falls into a triple fault:
            // it said yes.
            FromVmm.Exited exited = daemon.await(FromVmm.Exited.class);
            assertThat(exited.code()).isEqualTo(70);
            assertThat(exited.reportJson()).contains("triple fault");
        }
    }

    /** The guest powers off when its entry is severed, and faults when that did not happen for six thousand million ticks. */
    @ParameterizedTest
    @EnumSource(DaemonLoss.class)
    void lossOfTheDaemonSeversOrKeepsAsConfigured(DaemonLoss loss) throws Exception {
        try (Daemon daemon = new Daemon();
                EventFd bell = EventFd.create()) {
            daemon.configure("""
                main:   rdtsc
                        shl     rdx, 32
                        lea     rsi, [rdx + rax]
                        mov     rax, 6000000000
                        add     rsi, rax
                        mov     ebx, 0xD0000000
                .wait:  cmp     dword [rbx + 0xD0], 0
                        je      .off
                        rdtsc
                        shl     rdx, 32
                        add     rax, rdx
                        cmp     rax, rsi
                        jb      .wait
                        lidt    [rbx]
                        ud2
                .off:   mov     dx, 0x604
                        mov     ax, 0x2000
                        out     dx, ax
                trap:   ret
                """, loss, ChannelTest.event(Direction.OUT, 0));
            daemon.send(new ToVmm.Attach(0, Direction.OUT, 1), bell.fd());
            daemon.await(FromVmm.Attached.class);
            daemon.send(new ToVmm.Start());
            daemon.await(FromVmm.Started.class);
            daemon.pair.first().close();
            assertThat(daemon.join()).isEqualTo(loss == DaemonLoss.SEVER ? 69 : 70);
        }
    }

    @Test
    void balloonIsAsItWasAskedForAndNeverMoreThanTheGuestHas() throws Exception {
        try (Daemon daemon = new Daemon()) {
            daemon.configure(SPIN, DaemonLoss.SEVER, new DomainConfig.Devices(VirtioBus.PCI, 0, 4 << 20, List.of()));
            daemon.send(new ToVmm.SetBalloon(ToVmm.SetBalloon.NO_CHANGE));
            assertThat(daemon.await(FromVmm.Balloon.class)).isEqualTo(new FromVmm.Balloon(4 << 20, 0, 0, List.of()));
            daemon.send(new ToVmm.SetBalloon(1L << 40));
            assertThat(daemon.await(FromVmm.Balloon.class)).isEqualTo(new FromVmm.Balloon(16 << 20, 0, 0, List.of()));
            daemon.send(new ToVmm.SetBalloon(0));
            assertThat(daemon.await(FromVmm.Balloon.class)).isEqualTo(new FromVmm.Balloon(0, 0, 0, List.of()));
        }
        try (Daemon daemon = new Daemon()) {
            daemon.configure(SPIN, DaemonLoss.SEVER);
            daemon.send(new ToVmm.SetBalloon(4 << 20));
            assertThat(daemon.await(FromVmm.Balloon.class)).isEqualTo(new FromVmm.Balloon(0, 0, 0, List.of()));
        }
    }

    @Test
    void garbageAndImpossibleOrdersEndTheProcessWithoutAGuest() throws Exception {
        try (Daemon daemon = new Daemon()) {
            daemon.pair.first().send(new byte[] {1, 2, 3});
            assertThat(daemon.join()).isEqualTo(69);
        }
        try (Daemon daemon = new Daemon()) {
            daemon.send(new ToVmm.Start());
            FromVmm.Exited exited = daemon.await(FromVmm.Exited.class);
            assertThat(exited.code()).isEqualTo(65);
            assertThat(exited.reportJson()).contains("expected Configure first");
            assertThat(daemon.join()).isEqualTo(69);
        }
        try (Daemon daemon = new Daemon()) {
            daemon.pair.first().close();
            assertThat(daemon.join()).isEqualTo(69);
        }
    }
}
