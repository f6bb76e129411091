package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.vmm.TestGuest.Run;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A kernel of ours that is woken by the CMOS clock, under each engine; the ACPI timer says how long that took. */
@Timeout(600)
class ClockInterruptTest extends EveryEngine {
    /**
     * Interrupt 8 of the I/O APIC is vector 0x48. Its handler counts and keeps what register C said. {@code get} reads the register in BL
     * into AL, {@code set} writes AL to it; {@code await} sets register B to AL, halts until ECX interrupts have come and leaves in EDX how
     * long that took. Elsewhere interrupts are off, for the handler uses the index register as well.
     */
    private static final String CLOCK = """
        main:   mov     al, 0xff
                out     0x21, al
                out     0xa1, al
                mov     edi, 0xfee000f0
                mov     dword [rdi], 0x1ff
                mov     edi, 0xfec00000
                mov     dword [rdi], 0x20
                mov     dword [rdi + 16], 0x48
                mov     dword [rdi], 0x21
                mov     dword [rdi + 16], 0

                mov     bl, 0x0a
                mov     al, 0x28
                call    set
                mov     al, 0x46
                mov     ecx, 64
                call    await
                cmp     edx, PERIODS
                jb      early
                test    byte [causes], 0x40
                jz      cause

                mov     al, 0x16
                mov     ecx, 1
                call    await
                test    byte [causes], 0x10
                jz      cause
                mov     bl, 0
                call    get
                mov     r8b, al
                mov     al, 0x16
                mov     ecx, 1
                call    await
                mov     bl, 0
                call    get
                cmp     al, r8b
                je      stands

                add     al, 2
                cmp     al, 60
                jb      minute
                sub     al, 60
        minute: mov     bl, 1
                call    set
                mov     al, 0xc0
                mov     bl, 3
                call    set
                mov     bl, 5
                call    set
                mov     al, 0x26
                mov     ecx, 1
                call    await
                cmp     edx, SECOND
                jb      early
                test    byte [causes], 0x20
                jz      cause
                mov     bl, 0x0c
                call    get
                test    al, 0x80
                jnz     cause
                exit    21
        early:  exit    1
        cause:  exit    2
        stands: exit    3
        wrong:  exit    4

        get:    mov     r9b, al
                mov     al, bl
                out     0x70, al
                in      al, 0x71
                ret
        set:    mov     r9b, al
                mov     al, bl
                out     0x70, al
                mov     al, r9b
                out     0x71, al
                ret

        await:  mov     r10b, al
                mov     dx, 0x608
                in      eax, dx
                mov     r11d, eax
                mov     dword [count], 0
                mov     byte [causes], 0
                mov     bl, 0x0c
                call    get
                mov     bl, 0x0b
                mov     al, r10b
                call    set
        asleep: cli
                cmp     [count], ecx
                jae     awake
                sti
                hlt
                jmp     asleep
        awake:  mov     bl, 0x0b
                mov     al, 0x06
                call    set
                sti
                nop
                nop
                cli
                mov     dx, 0x608
                in      eax, dx
                sub     eax, r11d
                mov     edx, eax
                ret

        trap:   cmp     edi, 0x48
                jne     wrong
                mov     al, 0x0c
                out     0x70, al
                in      al, 0x71
                or      [causes], al
                inc     dword [count]
                mov     eax, 0xfee000b0
                mov     dword [rax], 0
                ret

                section .data
                align   4
        count:  dd      0
        causes: db      0
        """;

    private static final long HERTZ = 3_579_545;

    @Test
    void periodUpdateAndAlarmWakeAGuestAndNotTooSoon() throws Exception {
        // The two clocks may differ a little.
        String source = CLOCK.replace("PERIODS", Long.toString(HERTZ * 63 / 256 * 19 / 20))
                .replace("SECOND", Long.toString(HERTZ * 19 / 20));
        Run run = TestGuest.run(TestGuest.long64(source));
        assertThat(run.report().detail()).isEqualTo("value 21");
    }
}
