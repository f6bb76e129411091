package dev.cloister.vmm;

import static dev.cloister.vmm.ChannelTest.event;
import static dev.cloister.vmm.ChannelTest.memory;
import static dev.cloister.vmm.ChannelTest.until;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.ViolationKind;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.config.OnReboot;
import dev.cloister.vmm.config.Violation;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Channels as PCI functions, driven by small guests: finding them, moving them, doorbells, interrupts, rights and revocation. */
@Timeout(300)
class IvshmemTest extends EveryEngine {
    /** Slot 1 has the entropy device. */
    private static final String MAP = """
        FUNCTION equ 0xE0010000
        REGISTERS equ 0xE9000000
        VECTORS equ 0xE9001000
        MEMORY  equ 0xE8000000
        """;

    /** Looks the function over and puts its ranges elsewhere; decoding is off meanwhile. */
    private static final String PROBE = """
        probe:  mov     ebx, FUNCTION
                cmp     dword [rbx], 0x11101AF4
                jne     .bad
                cmp     dword [rbx + 8], 0x05000001
                jne     .bad
                mov     eax, [rbx + 0x18]
                and     eax, 0xF
                cmp     eax, 0xC
                jne     .bad
                mov     eax, [rbx + 4]
                test    eax, 2
                jz      .bad
                mov     word [rbx + 4], 0
                mov     dword [rbx + 0x18], 0xFFFFFFFF
                mov     eax, [rbx + 0x18]
                and     eax, 0xFFFFFFF0
                neg     eax
                mov     [size], eax
                mov     dword [rbx + 0x10], REGISTERS
                mov     dword [rbx + 0x14], VECTORS
                mov     dword [rbx + 0x18], MEMORY
                mov     dword [rbx + 0x1C], 0
                mov     word [rbx + 4], 6
                ret
        .bad:   exit    9
                section .data
        size:   dd      0
                section .text
        """;

    @Test
    void aWriterFindsItsWindowWhereItPutsItAndTheFixedOneStays() throws Exception {
        try (LoneChannel channel = new LoneChannel(memory(Direction.OUT), MAP + """
            main:   mov     ebx, FUNCTION
                    mov     ecx, [rbx + 0x18]
                    and     ecx, 0xFFFFFFF0
                    mov     qword [rcx + 0x100], 0x11   ; where firmware would have put it
                    call    probe
                    cmp     dword [size], 0x10000
                    jne     bad
                    cmp     dword [rcx + 0x100], -1     ; not there any more
                    jne     bad
                    mov     ebx, MEMORY
                    cmp     qword [rbx + 0x100], 0x11
                    jne     bad
                    mov     qword [rbx + 0x108], 0x22
                    mov     ecx, 0xD0200000
                    cmp     qword [rcx + 0x108], 0x22
                    jne     bad
                    mov     qword [rcx + 0x110], 0x33
                    cmp     qword [rbx + 0x110], 0x33
                    jne     bad
                    mov     ecx, FUNCTION               ; and once more, with decoding on
                    mov     dword [rcx + 0x18], MEMORY + 0x10000
                    cmp     dword [rbx + 0x108], -1
                    jne     bad
                    cmp     qword [rbx + 0x10108], 0x22
                    jne     bad
                    mov     dword [rcx + 0x18], 0xD0400000  ; outside the bus's windows: nowhere
                    cmp     dword [rbx + 0x10108], -1
                    jne     bad
                    mov     dword [rcx + 0x18], 0x00100000  ; over RAM: nowhere, and RAM is as it was
                    cmp     dword [rbx + 0x10108], -1
                    jne     bad
                    exit    1
            bad:    exit    0
            trap:   exit    2
            """ + PROBE)) {
            channel.start();
            channel.succeeds();
            assertThat(channel.window().get(ValueLayout.JAVA_LONG, 0x100)).isEqualTo(0x11);
            assertThat(channel.window().get(ValueLayout.JAVA_LONG, 0x108)).isEqualTo(0x22);
            assertThat(channel.window().get(ValueLayout.JAVA_LONG, 0x110)).isEqualTo(0x33);
            assertThat(channel.violations()).isEmpty();
        }
    }

    @Test
    void afterARebootTheWindowIsWhereItWasAtFirst() throws Exception {
        MachineConfig.Builder config =
                TestGuest.config(TestGuest.long64(MAP + """
                    main:   mov     ebx, FUNCTION
                            mov     ecx, [rbx + 0x18]
                            and     ecx, 0xFFFFFFF0
                            cmp     qword [rcx + 0x200], 1
                            je      .again
                            mov     qword [rcx + 0x200], 1
                            mov     [rcx + 0x208], rcx
                            call    probe
                            mov     dx, 0xCF9
                            mov     al, 6
                            out     dx, al
                    .wait:  jmp     .wait
                    .again: cmp     [rcx + 0x208], rcx
                            jne     .bad
                            mov     ebx, MEMORY
                            cmp     dword [rbx + 0x200], -1
                            jne     .bad
                            mov     ebx, 0xD0200000
                            cmp     qword [rbx + 0x200], 1
                            jne     .bad
                            exit    1
                    .bad:   exit    0
                    trap:   exit    2
                    """ + PROBE)).onReboot(OnReboot.RESTART);
        try (LoneChannel channel = new LoneChannel(memory(Direction.OUT), config)) {
            channel.start();
            channel.succeeds();
        }
    }

    @Test
    void theRegistersTellWhichChannelItIsAndWhetherItIsLive() throws Exception {
        try (LoneChannel channel = new LoneChannel(memory(Direction.IN), MAP + """
            main:   call    probe
                    mov     ebx, REGISTERS
                    mov     rax, 0x52455453494F4C43
                    cmp     [rbx + 0x10], rax
                    jne     bad
                    cmp     dword [rbx + 0x18], 1       ; version
                    jne     bad
                    cmp     dword [rbx + 8], 1          ; a receiver
                    jne     bad
                    lea     rsi, [rbx + 0x80]
            .next:  mov     al, [rsi]
                    test    al, al
                    jz      .named
                    out     0xe9, al
                    inc     rsi
                    jmp     .next
            .named: cmp     dword [rbx + 0x80 + 0x28], 1    ; memory
                    jne     bad
                    cmp     dword [rbx + 0x80 + 0x2C], 1    ; in
                    jne     bad
                    cmp     dword [rbx + 0x80 + 0x50], 1    ; live
                    jne     bad
                    mov     rcx, [rbx + 0x20]               ; generation
                    mov     dword [rbx + 0x80 + 0x50], 0    ; read-only
                    mov     al, '.'
                    out     0xe9, al
            .wait:  cmp     dword [rbx + 0x80 + 0x50], 0
                    jne     .wait
                    cmp     [rbx + 0x20], rcx
                    je      bad
                    mov     ebx, MEMORY
                    cmp     qword [rbx + 0x100], 0
                    jne     bad
                    exit    1
            bad:    exit    0
            trap:   exit    2
            """ + PROBE)) {
            channel.window().set(ValueLayout.JAVA_LONG, 0x100, 0x44);
            channel.start();
            until(() -> channel.printed().endsWith("."));
            channel.machine.channels().revoke(0);
            channel.succeeds();
            assertThat(channel.window().get(ValueLayout.JAVA_LONG, 0x100)).isEqualTo(0x44);
            assertThat(channel.printed()).isEqualTo("readings.");
        }
    }

    @Test
    void aReadersWritesAreIgnoredAndReportedAndItsDoorbellToo() throws Exception {
        try (LoneChannel channel = new LoneChannel(memory(Direction.IN), MAP + """
            main:   call    probe
                    mov     ebx, MEMORY
                    cmp     dword [rbx + 0x100], 0x44
                    jne     bad
                    mov     dword [rbx + 0x100], 0x55
                    cmp     dword [rbx + 0x100], 0x44
                    jne     bad
                    mov     byte [rbx + 0xFFFF], 1
                    mov     ebx, REGISTERS
                    mov     dword [rbx + 12], 0x10000
                    exit    1
            bad:    exit    0
            trap:   exit    2
            """ + PROBE)) {
            channel.window().set(ValueLayout.JAVA_LONG, 0x100, 0x44);
            channel.start();
            channel.succeeds();
            assertThat(channel.window().get(ValueLayout.JAVA_LONG, 0x100)).isEqualTo(0x44);
            assertThat(channel.bell.drain()).isZero();
            assertThat(channel.violations())
                    .extracting(Violation::kind)
                    .containsExactly(
                            ViolationKind.READ_ONLY_WRITE, ViolationKind.READ_ONLY_WRITE, ViolationKind.BAD_DOORBELL);
            assertThat(channel.violations().getFirst().detail())
                    .contains("PCI memory of channel readings", "0xe8000100");
        }
    }

    @Test
    void aSendersDoorbellSignalsItsOnePeerAndNobodyElse() throws Exception {
        try (LoneChannel channel = new LoneChannel(event(Direction.OUT, 0), MAP + """
            main:   call    probe
                    mov     ebx, REGISTERS
                    cmp     dword [rbx + 8], 0          ; a sender
                    jne     .bad
                    mov     dword [rbx + 12], 0x00010000
                    mov     dword [rbx + 12], 0x00010001
                    mov     dword [rbx + 12], 0x00000000
                    mov     dword [rbx + 12], 0xFFFF0000
                    mov     dword [rbx + 12], 0x00010000
                    mov     ebx, MEMORY                 ; an event has no memory: zeros
                    cmp     dword [rbx], 0
                    jne     .bad
                    mov     dword [rbx + 0xFFC], 1
                    exit    1
            .bad:   exit    0
            trap:   exit    2
            """ + PROBE)) {
            channel.start();
            channel.succeeds();
            assertThat(channel.bell.drain()).isEqualTo(2);
            assertThat(channel.machine.channels().counters().getFirst().units()).isEqualTo(2);
            assertThat(channel.violations()).extracting(Violation::kind).containsExactly(ViolationKind.OUT_OF_WINDOW);
        }
    }

    @Test
    void aSignalIsTheVectorThatTheDriverAskedForAndTheFixedOneIsSilent() throws Exception {
        try (LoneChannel channel = new LoneChannel(event(Direction.IN, 0), MAP + """
            main:   call    probe
                    mov     ebx, 0xFEE00000
                    mov     dword [rbx + 0xF0], 0x1FF
                    mov     ecx, VECTORS
                    mov     dword [rcx], 0xFEE00000
                    mov     dword [rcx + 4], 0
                    mov     dword [rcx + 8], 0x81
                    mov     dword [rcx + 12], 0
                    mov     ebx, FUNCTION
                    movzx   eax, byte [rbx + 0x34]
                    mov     word [rbx + rax + 2], 0x8000
                    mov     al, 'r'
                    out     0xe9, al
            .sleep: sti
                    hlt
                    cli
                    cmp     dword [arrived], 1
                    jb      .sleep
                    mov     dword [rcx + 12], 1         ; masked: it stays pending
                    mov     al, 'm'
                    out     0xe9, al
            .hold:  cmp     dword [rcx + 0x800], 1
                    jne     .hold
                    cmp     dword [arrived], 1
                    jne     .bad
                    mov     dword [rcx + 12], 0
            .again: sti
                    hlt
                    cli
                    cmp     dword [arrived], 2
                    jb      .again
                    exit    1
            .bad:   exit    0
            trap:   cmp     edi, 0x81
                    jne     .other
                    inc     dword [arrived]
                    mov     eax, 0xFEE00000
                    mov     dword [rax + 0xB0], 0
                    ret
            .other: exit    2
                    section .data
            arrived: dd 0
                    section .text
            """ + PROBE)) {
            channel.start();
            channel.awaitPrinted("r");
            channel.bell.signal();
            channel.awaitPrinted("rm");
            channel.bell.signal();
            channel.succeeds();
            // Also when it comes back.
            channel.machine.channels().revoke(0);
        }
    }

    @Test
    void statusIsPolledWithoutInterruptsAndAChannelThatComesBackSignalsTheFunction() throws Exception {
        try (LoneChannel channel = new LoneChannel(event(Direction.IN, 0), MAP + """
            main:   call    probe
                    mov     ebx, REGISTERS
                    mov     al, 'r'
                    out     0xe9, al
            .first: cmp     dword [rbx + 4], 1
                    jne     .first
                    mov     al, '1'
                    out     0xe9, al
            .again: cmp     dword [rbx + 4], 1
                    jne     .again
                    exit    1
            trap:   exit    2
            """ + PROBE)) {
            channel.start();
            channel.awaitPrinted("r");
            channel.bell.signal();
            channel.awaitPrinted("r1");
            channel.machine.channels().revoke(0);
            channel.attach();
            channel.bell.signal();
            channel.succeeds();
        }
    }
}
