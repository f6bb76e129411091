package dev.cloister.vmm;

import static dev.cloister.vmm.ChannelTest.fds;
import static dev.cloister.vmm.ChannelTest.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.linux.EventFd;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.FromVmm.ChannelCounters;
import dev.cloister.policy.protocol.ViolationKind;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.config.Violation;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Datagram and log channels at one machine, with the daemon's side played by the test. */
@Timeout(300)
class MessageChannelTest extends EveryEngine {
    private static final int RECORD_BYTES = 64;
    private static final int RECORDS = 4;

    private static ChannelConfig channel(FlowKind kind, Direction direction) {
        return new ChannelConfig(
                0,
                "notes",
                kind,
                direction,
                "peer",
                new ChannelConfig.Window(0xD020_0000L, 0x1_0000, RECORD_BYTES, RECORDS),
                ChannelConfig.Limits.NONE,
                ChannelConfig.Sockets.NONE);
    }

    private static byte[] packet(int lost, int payload) {
        byte[] bytes = new byte[4 + payload];
        bytes[0] = (byte) lost;
        Arrays.fill(bytes, 4, bytes.length, (byte) 'a');
        return bytes;
    }

    @Test
    void recordsOfAGuestAreMessagesAndAnEmptyOneIsNone() throws Exception {
        MachineConfig config = TestGuest.config(TestGuest.long64("""
            main:   mov     ebx, 0xD0200000
                    mov     dword [rbx + 0x1000], 5
                    mov     dword [rbx + 0x1008], 'hell'
                    mov     byte [rbx + 0x100C], 'o'
                    mov     dword [rbx + 0x1040], 0
                    mov     dword [rbx + 0x1080], 56
                    mov     qword [rbx + 0x40], 3
                    mov     dx, 0xC200
                    out     dx, eax
            .wait:  cmp     qword [rbx + 0x80], 3
                    jne     .wait
                    exit    1
            trap:   exit    2
            """))
                .channels(List.of(channel(FlowKind.DATAGRAM, Direction.OUT)))
                .build();
        try (Pipe pipe = Pipe.packets(8);
                EventFd word = EventFd.create();
                Machine machine = Machine.create(TestGuest.kvm(), config)) {
            machine.channels()
                    .attach(
                            0,
                            Direction.OUT,
                            fds(pipe.writeEnd().duplicate(), word.fd().duplicate()));
            machine.start();
            assertThat(machine.await().exitCode()).isEqualTo(3);
            byte[] got = new byte[100];
            Poller.await(pipe.readEnd(), Poller.IN, -1);
            assertThat(Pipe.read(pipe.readEnd(), got, 0, 100)).isEqualTo(5);
            assertThat(got).startsWith("hello".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            Poller.await(pipe.readEnd(), Poller.IN, -1);
            assertThat(Pipe.read(pipe.readEnd(), got, 0, 100)).isEqualTo(56);
            until(() -> machine.channels().counters().getFirst().units() == 61);
        }
    }

    @Test
    void whatFindsNoRoomIsCountedAndToldBeforeTheNext() throws Exception {
        ByteArrayOutputStream heard = new ByteArrayOutputStream();
        MachineConfig config = TestGuest.config(TestGuest.long64("""
            main:   mov     ebx, 0xD0200000
            .full:  cmp     qword [rbx + 0xC0], 6
                    jne     .full
                    mov     qword [rbx + 0x80], 4
                    mov     al, 'r'
                    out     0xe9, al
            .next:  cmp     qword [rbx + 0x40], 5
                    jne     .next
                    cmp     dword [rbx + 0x1000], 7
                    jne     .bad
                    cmp     dword [rbx + 0x1004], 9
                    jne     .bad
                    cmp     qword [rbx + 0xC0], 9
                    jne     .bad
                    exit    1
            .bad:   exit    0
            trap:   exit    2
            """))
                .channels(List.of(channel(FlowKind.DATAGRAM, Direction.IN)))
                .serialOut(heard)
                .build();
        try (Pipe pipe = Pipe.packets(16);
                EventFd losses = EventFd.create();
                Machine machine = Machine.create(TestGuest.kvm(), config)) {
            machine.channels()
                    .attach(
                            0,
                            Direction.IN,
                            fds(pipe.readEnd().duplicate(), losses.fd().duplicate()));
            for (int i = 0; i < 10; i++) {
                Pipe.write(pipe.writeEnd(), packet(0, 56), 0, 60);
            }
            machine.start();
            until(() -> heard.size() > 0);
            Pipe.write(pipe.writeEnd(), packet(3, 7), 0, 11);
            assertThat(machine.await().exitCode()).isEqualTo(3);
            assertThat(losses.drain()).isEqualTo(6);
            assertThat(machine.channels().counters()).containsExactly(new ChannelCounters(0, 4 * 56 + 7, 6, 6));
        }
    }

    /** Counters and lengths that no honest guest writes, at both ends. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "OUT: mov dword [rbx + 0x1000], 57",
                "OUT: mov dword [rbx + 0x1000], 0xffffffff",
                "OUT: mov dword [rbx + 0x1000], 0x80000000",
                "OUT: mov qword [rbx + 0x40], 5",
                "OUT: mov qword [rbx + 0x40], -1",
                "IN: mov qword [rbx + 0x80], 1",
                "IN: mov qword [rbx + 0x80], -5",
            })
    void impossibleValuesCloseTheChannelAndAreReported(String what) throws Exception {
        ChannelTest.Heard heard = new ChannelTest.Heard();
        Direction direction = Direction.valueOf(what.substring(0, what.indexOf(':')));
        MachineConfig config = TestGuest.config(
                        TestGuest.long64("""
                            main:   mov     ebx, 0xD0200000
                                    mov     rax, COUNTER
                                    mov     [rbx + OWN], rax
                                    ATTACK
                                    mov     dx, 0xC200
                                    out     dx, eax
                            .wait:  test    dword [rbx + 0x0C], 1
                                    jz      .wait
                                    exit    1
                            trap:   exit    2
                            """.replace("COUNTER", direction == Direction.OUT ? "1" : "0")
                                .replace("OWN", direction == Direction.OUT ? "0x40" : "0x80")
                                .replace("ATTACK", what.substring(what.indexOf(':') + 2))))
                .channels(List.of(channel(FlowKind.DATAGRAM, direction)))
                .events(heard)
                .build();
        try (Pipe pipe = Pipe.packets(8);
                EventFd other = EventFd.create();
                Machine machine = Machine.create(TestGuest.kvm(), config)) {
            boolean out = direction == Direction.OUT;
            machine.channels()
                    .attach(
                            0,
                            direction,
                            fds(
                                    (out ? pipe.writeEnd() : pipe.readEnd()).duplicate(),
                                    other.fd().duplicate()));
            machine.start();
            assertThat(machine.await().exitCode()).isEqualTo(3);
            until(() -> !heard.violations.isEmpty());
            byte[] got = new byte[100];
            assertThat(out ? Pipe.read(pipe.readEnd(), got, 0, 100) : 0).isZero();
        }
        assertThat(heard.violations).extracting(Violation::kind).containsExactly(ViolationKind.RING_CORRUPT);
        assertThat(heard.violations.getFirst().detail()).contains("datagram notes");
    }

    @Test
    void theDaemonsSideIsCheckedToo() throws Exception {
        MachineConfig config = TestGuest.config(TestGuest.long64("""
            main:   mov     ebx, 0xD0200000
            .wait:  test    dword [rbx + 0x0C], 1
                    jz      .wait
                    mov     al, [rbx + 0x40]
                    out     0xf4, al
            trap:   exit    2
            """))
                .channels(List.of(channel(FlowKind.DATAGRAM, Direction.IN)))
                .build();
        try (Pipe pipe = Pipe.packets(8);
                EventFd losses = EventFd.create();
                Machine machine = Machine.create(TestGuest.kvm(), config)) {
            machine.channels()
                    .attach(
                            0,
                            Direction.IN,
                            fds(pipe.readEnd().duplicate(), losses.fd().duplicate()));
            Pipe.write(pipe.writeEnd(), packet(0, 57), 0, 61);
            machine.start();
            assertThat(machine.await().exitCode()).isEqualTo(1);
            assertThatThrownBy(() -> machine.channels().attach(0, Direction.IN, fds()))
                    .hasMessageContaining("not live");
        }
    }
}
