package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Mapping;
import dev.cloister.linux.Memfd;
import dev.cloister.linux.Pipe;
import dev.cloister.policy.channel.MemoryRing;
import dev.cloister.policy.channel.RingReader;
import dev.cloister.policy.channel.RingWriter;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.ViolationKind;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.config.MachineEvents;
import dev.cloister.vmm.config.Violation;
import dev.cloister.vmm.report.MachineException;
import dev.cloister.vmm.report.Report;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(300)
public class ChannelTest extends EveryEngine {
    private static final int RECORD_BYTES = 64;
    private static final int RECORDS = 16;
    static final long WINDOW = MemoryRing.regionBytes(RECORD_BYTES, RECORDS);

    /** Waits for the interrupt of entry 0 with the local APIC enabled; returns when it came. */
    private static final String WAIT_INTERRUPT = """
        wait_interrupt:
                mov     ebx, 0xFEE00000
                mov     dword [rbx + 0xF0], 0x1FF
                out     0x80, al
        .sleep: sti
                hlt
                cli
                cmp     dword [arrived], 0
                je      .sleep
                mov     dword [arrived], 0
                ret
        trap:   cmp     edi, 0x60
                jne     .bad
                mov     dword [arrived], 1
                mov     eax, 0xFEE00000
                mov     dword [rax + 0xB0], 0
                ret
        .bad:   exit    2
                section .data
        arrived: dd 0
                section .text
        """;

    public static ChannelConfig memory(Direction direction) {
        return new ChannelConfig(
                0,
                "readings",
                FlowKind.MEMORY,
                direction,
                "peer",
                new ChannelConfig.Window(0xD020_0000L, WINDOW, RECORD_BYTES, RECORDS),
                ChannelConfig.Limits.NONE,
                ChannelConfig.Sockets.NONE);
    }

    public static ChannelConfig event(Direction direction, long rate) {
        return event(0, direction, rate, rate == 0 ? 0 : 2);
    }

    public static ChannelConfig event(int index, Direction direction, long rate, long burst) {
        return new ChannelConfig(
                index,
                "alarm",
                FlowKind.EVENT,
                direction,
                "peer",
                ChannelConfig.Window.NONE,
                new ChannelConfig.Limits(rate, burst, 0, ChannelConfig.Quota.NONE),
                ChannelConfig.Sockets.NONE);
    }

    static ChannelConfig stream(Direction direction) {
        return new ChannelConfig(
                0,
                "talk",
                FlowKind.STREAM,
                direction,
                "peer",
                new ChannelConfig.Window(0xD020_0000L, 0x2_0000, 0, 0),
                new ChannelConfig.Limits(0, 0, 1000, ChannelConfig.Quota.NONE),
                ChannelConfig.Sockets.NONE);
    }

    public static Memfd ringMemory() throws Exception {
        Memfd memfd = Memfd.create("ring", WINDOW);
        memfd.addSeals(Memfd.SEAL_GROW);
        return memfd;
    }

    static List<Fd> fds(Fd... fds) {
        return new ArrayList<>(List.of(fds));
    }

    /** Collects violations. */
    static final class Heard implements MachineEvents {
        final List<Violation> violations = Collections.synchronizedList(new ArrayList<>());

        @Override
        public void violation(Violation violation) {
            violations.add(violation);
        }
    }

    static void until(BooleanSupplier condition) {
        long end = System.nanoTime() + 20_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(end);
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Test
    void aWriteToTheInboundWindowIsAViolationAndChangesNothing() throws Exception {
        try (LoneChannel channel = new LoneChannel(memory(Direction.IN), """
            main:   mov     ebx, 0xD0200000
                    mov     rcx, [rbx]
                    mov     rax, 0x4141414141414141
                    mov     [rbx], rax
                    cmp     [rbx], rcx
                    jne     bad
                    mov     ebx, 0xD0000000
                    mov     [rbx], rax
                    mov     ebx, 0xDF000000
                    mov     [rbx], eax
                    mov     eax, [rbx]
                    exit    1
            bad:    exit    0
            trap:   exit    2
            """)) {
            new RingWriter(channel.window(), RECORD_BYTES, RECORDS);
            channel.start();
            channel.succeeds();
            assertThat(channel.machine.await().report().violations()).isEqualTo(4);
            assertThat(channel.violations())
                    .extracting(Violation::kind)
                    .containsExactly(
                            ViolationKind.READ_ONLY_WRITE,
                            ViolationKind.READ_ONLY_WRITE,
                            ViolationKind.OUT_OF_WINDOW,
                            ViolationKind.OUT_OF_WINDOW);
            assertThat(channel.violations().getFirst().detail()).contains("window of channel readings", "0xd0200000");
        }
    }

    @Test
    void aWindowStormIsReportedAtABoundedRate() throws Exception {
        try (LoneChannel channel = new LoneChannel(memory(Direction.IN), """
            main:   mov     ebx, 0xD0200000
                    mov     ecx, 5000
            .again: mov     [rbx], ecx
                    dec     ecx
                    jnz     .again
                    exit    1
            trap:   exit    2
            """)) {
            channel.machine.start();
            channel.succeeds();
            assertThat(channel.machine.await().report().violations()).isEqualTo(5000);
            assertThat(channel.violations()).hasSizeBetween(1, 200);
        }
    }

    @Test
    void aRecordTravelsBetweenTwoMachinesAndTheDoorbellWakesTheReader() throws Exception {
        ByteArrayOutputStream heard = new ByteArrayOutputStream();
        MachineConfig writer = TestGuest.config(TestGuest.long64("""
            main:   mov     ebx, 0xD0200000
                    mov     dword [rbx + 0x10], 64
                    mov     dword [rbx + 0x14], 16
                    mov     rax, 0x31474E4952534C43
                    mov     [rbx], rax
                    mov     qword [rbx + 8], 99
                    mov     qword [rbx + 0x40], 1
                    mov     dword [rbx + 0x1000], 5
                    mov     dword [rbx + 0x1008], 'hell'
                    mov     byte [rbx + 0x100C], 'o'
                    mov     qword [rbx + 0x80], 1
                    mov     dx, 0xC200
                    out     dx, eax
                    exit    1
            trap:   exit    2
            """))
                .channels(List.of(memory(Direction.OUT)))
                .build();
        MachineConfig reader = TestGuest.config(TestGuest.long64("""
            main:   call    wait_interrupt
                    mov     ebx, 0xD0200000
                    cmp     qword [rbx + 0x80], 1
                    jne     .bad
                    lea     rsi, [rbx + 0x1008]
                    mov     ecx, [rbx + 0x1000]
            .next:  mov     al, [rsi]
                    out     0xe9, al
                    inc     rsi
                    dec     ecx
                    jnz     .next
                    exit    1
            .bad:   exit    3
            """ + WAIT_INTERRUPT))
                .channels(List.of(memory(Direction.IN)))
                .serialOut(heard)
                .build();
        try (Memfd memfd = ringMemory();
                EventFd bell = EventFd.create();
                Machine sending = Machine.create(TestGuest.kvm(), writer);
                Machine receiving = Machine.create(TestGuest.kvm(), reader)) {
            sending.channels()
                    .attach(
                            0,
                            Direction.OUT,
                            fds(memfd.fd().duplicate(), bell.fd().duplicate()));
            memfd.addSeals(Memfd.SEAL_FUTURE_WRITE);
            receiving
                    .channels()
                    .attach(
                            0,
                            Direction.IN,
                            fds(memfd.reopenReadOnly(), bell.fd().duplicate()));
            receiving.start();
            // Its local APIC drops what comes before it is enabled: the port write says that it is.
            until(() -> !receiving.exits().isEmpty());
            sending.start();
            assertThat(sending.await().exitCode()).isEqualTo(3);
            assertThat(receiving.await().exitCode()).isEqualTo(3);
            assertThat(sending.channels().counters().getFirst().units()).isEqualTo(1);
            // No exit: the doorbell went from port to interrupt inside the kernel.
            assertThat(sending.exits()).containsExactly(new Report.Count("io-out", 1));
            try (Mapping view = Mapping.readOnly(memfd.fd(), 0, WINDOW)) {
                RingReader check = new RingReader(view.segment(), RECORD_BYTES, RECORDS);
                byte[] payload = new byte[RECORD_BYTES];
                int length = check.read(payload);
                length = length == RingReader.RESET ? check.read(payload) : length;
                assertThat(new String(payload, 0, length, StandardCharsets.US_ASCII))
                        .isEqualTo("hello");
            }
        }
        assertThat(heard.toString(StandardCharsets.US_ASCII)).isEqualTo("hello");
    }

    @Test
    void revocationTurnsTheWindowToZerosSilencesTheDoorbellAndMarksTheEntrySevered() throws Exception {
        try (LoneChannel channel = new LoneChannel(memory(Direction.OUT), """
            main:   mov     ebx, 0xD0200000
                    mov     ecx, 0xD0000000
                    cmp     dword [rcx + 0x80 + 0x50], 1
                    jne     bad
                    mov     qword [rbx], 1
                    mov     al, 'r'
                    out     0xe9, al
            .wait:  cmp     dword [rcx + 0x80 + 0x50], 0
                    jne     .wait
                    cmp     qword [rbx], 0
                    jne     bad
                    mov     qword [rbx], 5
                    mov     dx, 0xC200      ; severed: goes nowhere
                    out     dx, eax
                    mov     dx, 0xC201      ; never there
                    out     dx, eax
                    exit    1
            bad:    exit    0
            trap:   exit    2
            """)) {
            channel.start();
            until(() -> channel.window().get(ValueLayout.JAVA_LONG, 0) == 1);
            channel.machine.channels().revoke(0);
            channel.succeeds();
            assertThat(channel.window().get(ValueLayout.JAVA_LONG, 0)).isEqualTo(1);
            assertThatThrownBy(() -> channel.machine.channels().revoke(1)).isInstanceOf(MachineException.class);
            assertThat(channel.violations()).extracting(Violation::kind).containsExactly(ViolationKind.BAD_DOORBELL);
            assertThat(channel.violations().getFirst().detail()).contains("0xc201");
        }
    }

    @Test
    void anEventWithARateIsHeldToItAndCounted() throws Exception {
        try (LoneChannel channel = new LoneChannel(event(Direction.OUT, 1), """
            main:   mov     ecx, 50
                    mov     dx, 0xC200
            .again: out     dx, eax
                    dec     ecx
                    jnz     .again
                    exit    1
            trap:   exit    2
            """)) {
            channel.start();
            channel.succeeds();
            assertThat(channel.bell.drain()).isEqualTo(2);
            assertThat(channel.machine.channels().counters().getFirst().units()).isEqualTo(2);
            assertThat(channel.machine.channels().counters().getFirst().refused())
                    .isEqualTo(48);
            assertThat(channel.violations()).extracting(Violation::kind).contains(ViolationKind.RATE_EXCEEDED);
        }
    }

    @Test
    void aStreamCarriesMoreThanItsWindowBetweenTwoMachines() throws Exception {
        // The sender fills the ring as it empties: 150000 bytes, each the low byte of its position; the reader adds
        // them up.
        MachineConfig sender = TestGuest.config(TestGuest.long64("""
            main:   mov     ebx, 0xD0200000
                    xor     r8d, r8d
            .fill:  mov     r9, r8
                    sub     r9, [rbx + 0x80]
                    mov     ecx, [rbx + 8]
                    cmp     r9, rcx
                    jae     .ring
                    mov     r10, r8
                    dec     ecx
                    and     r10, rcx
                    mov     [rbx + r10 + 0x1000], r8b
                    inc     r8
                    mov     [rbx + 0x40], r8
                    test    r8d, 0xFFF
                    jz      .ring
                    cmp     r8d, TOTAL
                    jb      .fill
                    mov     dx, 0xC200
                    out     dx, eax
            .drain: cmp     [rbx + 0x80], r8
                    jne     .drain
                    exit    1
            .ring:  mov     dx, 0xC200
                    out     dx, eax
                    cmp     r8d, TOTAL
                    jb      .fill
                    jmp     .drain
            trap:   exit    2
            TOTAL   equ 150000
            """))
                .channels(List.of(stream(Direction.OUT)))
                .build();
        MachineConfig receiver = TestGuest.config(TestGuest.long64("""
            main:   mov     ebx, 0xD0200000
                    xor     r8d, r8d
            .take:  cmp     r8, [rbx + 0x40]
                    je      .take
                    mov     ecx, [rbx + 8]
                    dec     ecx
                    mov     r10, r8
                    and     r10, rcx
                    mov     al, [rbx + r10 + 0x1000]
                    cmp     al, r8b
                    jne     .bad
                    inc     r8
                    mov     [rbx + 0x80], r8
                    test    r8d, 0xFFF
                    jnz     .more
                    mov     dx, 0xC200
                    out     dx, eax
            .more:  cmp     r8d, TOTAL
                    jb      .take
                    exit    1
            .bad:   exit    0
            trap:   exit    2
            TOTAL   equ 150000
            """))
                .channels(List.of(stream(Direction.IN)))
                .build();
        try (EventFd credit = EventFd.create();
                Machine sending = Machine.create(TestGuest.kvm(), sender);
                Machine receiving = Machine.create(TestGuest.kvm(), receiver)) {
            Pipe pipe = Pipe.create();
            sending.channels()
                    .attach(0, Direction.OUT, fds(pipe.writeEnd(), credit.fd().duplicate()));
            receiving
                    .channels()
                    .attach(0, Direction.IN, fds(pipe.readEnd(), credit.fd().duplicate()));
            sending.start();
            receiving.start();
            assertThat(receiving.await().exitCode()).isEqualTo(3);
            assertThat(sending.await().exitCode()).isEqualTo(3);
            assertThat(receiving.channels().counters().getFirst().units()).isEqualTo(150_000);
            assertThat(sending.channels().counters().getFirst().reverse()).isPositive();
        }
    }

    @Test
    void impossibleStreamIndicesCloseTheStreamAndAreReported() throws Exception {
        Heard heard = new Heard();
        MachineConfig config = TestGuest.config(TestGuest.long64("""
            main:   mov     ebx, 0xD0200000
                    mov     rax, 0x7fffffffffffffff
                    mov     [rbx + 0x40], rax
                    mov     dx, 0xC200
                    out     dx, eax
            .wait:  test    dword [rbx + 0x0C], 1
                    jz      .wait
                    exit    1
            trap:   exit    2
            """))
                .channels(List.of(stream(Direction.OUT)))
                .events(heard)
                .build();
        try (Pipe pipe = Pipe.create();
                EventFd credit = EventFd.create();
                Machine machine = Machine.create(TestGuest.kvm(), config)) {
            machine.channels()
                    .attach(
                            0,
                            Direction.OUT,
                            fds(pipe.writeEnd().duplicate(), credit.fd().duplicate()));
            machine.start();
            assertThat(machine.await().exitCode()).isEqualTo(3);
            until(() -> !heard.violations.isEmpty());
        }
        assertThat(heard.violations).extracting(Violation::kind).containsExactly(ViolationKind.RING_CORRUPT);
    }

    /** The sender learns by the closed flag that nobody reads; the receiver gets what is left, then the flag. */
    @ParameterizedTest
    @EnumSource(Direction.class)
    void theOtherEndsLossClosesTheStream(Direction direction) throws Exception {
        MachineConfig config = TestGuest.config(TestGuest.long64("""
            main:   mov     ebx, 0xD0200000
            .wait:  test    dword [rbx + 0x0C], 1
                    jz      .wait
                    mov     al, [rbx + 0x40]
                    out     0xf4, al
            trap:   exit    2
            """))
                .channels(List.of(stream(direction)))
                .build();
        try (Pipe pipe = Pipe.create();
                EventFd credit = EventFd.create();
                Machine machine = Machine.create(TestGuest.kvm(), config)) {
            boolean out = direction == Direction.OUT;
            Fd ours = out ? pipe.writeEnd() : pipe.readEnd();
            Fd peers = out ? pipe.readEnd() : pipe.writeEnd();
            machine.channels()
                    .attach(0, direction, fds(ours.duplicate(), credit.fd().duplicate()));
            ours.close();
            machine.start();
            if (!out) {
                assertThat(Pipe.write(peers, new byte[7], 0, 7)).isEqualTo(7);
            }
            peers.close();
            assertThat(machine.await().exitCode()).isEqualTo(out ? 1 : 15);
        }
    }

    @Test
    void attachRefusesWhatWasNotConfigured() throws Exception {
        MachineConfig config = TestGuest.config(TestGuest.real("hlt\n"))
                .channels(List.of(memory(Direction.IN)))
                .build();
        try (Memfd memfd = ringMemory();
                Memfd loose = Memfd.create("loose", WINDOW);
                EventFd bell = EventFd.create();
                Machine machine = Machine.create(TestGuest.kvm(), config)) {
            assertThatThrownBy(() -> machine.channels().attach(0, Direction.OUT, fds(memfd.fd(), bell.fd())))
                    .hasMessageContaining("expected IN");
            assertThatThrownBy(() -> machine.channels().attach(0, Direction.IN, fds(memfd.fd())))
                    .hasMessageContaining("1 descriptors; expected 2");
            assertThatThrownBy(() -> machine.channels().attach(0, Direction.IN, fds(loose.fd(), bell.fd())))
                    .hasMessageContaining("can grow");
            assertThatThrownBy(() -> machine.channels().attach(7, Direction.IN, fds()))
                    .hasMessageContaining("channel index 7");
        }
    }
}
