package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.model.Engine;
import dev.cloister.vmm.TestGuest.Run;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A PC's way to report x87 errors: FERR#, IRQ 13, port F0h. KVM doesn't have it, so this is the emulated engine's alone. */
@Timeout(300)
class NumericErrorTest {
    @AfterEach
    void forget() {
        TestGuest.use(Engine.DIRECT);
    }

    @Test
    void anErrorWithoutCr0NeIsIrq13() throws Exception {
        TestGuest.use(Engine.EMULATED);
        Run run = TestGuest.run(TestGuest.real("""
                    cli
                    xor     ax, ax
                    mov     ds, ax
                    mov     ss, ax
                    mov     sp, 0x7000
                    mov     word [0x75 * 4], handler
                    mov     word [0x75 * 4 + 2], 0
                    mov     al, 0x11
                    out     0x20, al
                    out     0xA0, al
                    mov     al, 8
                    out     0x21, al
                    mov     al, 0x70
                    out     0xA1, al
                    mov     al, 4
                    out     0x21, al
                    mov     al, 2
                    out     0xA1, al
                    mov     al, 1
                    out     0x21, al
                    out     0xA1, al
                    mov     al, 0xFB
                    out     0x21, al
                    mov     al, 0xDF
                    out     0xA1, al
                    mov     eax, cr0
                    and     eax, 0xFFFFFFD1
                    mov     cr0, eax
                    mov     byte [0x6000], 0
                    fninit
                    fldcw   [control]
                    sti
                    fld1
                    fldz
                    db      0xDE, 0xF9
                    fwait
                    cmp     byte [0x6000], 1
                    jne     bad
                    ; once more, behind the first
                    fninit
                    fldcw   [control]
                    fld1
                    fldz
                    db      0xDE, 0xF9
                    fwait
                    cmp     byte [0x6000], 2
                    jne     bad
                    exit    7
            bad:    exit    1
            handler:
                    push    ax
                    out     0xF0, al
                    fnstsw  ax
                    test    al, 4
                    jz      bad
                    fnclex
                    mov     al, 0x20
                    out     0xA0, al
                    out     0x20, al
                    inc     byte [0x6000]
                    pop     ax
                    iret
            control: dw     0x037B
            """));
        assertThat(run.code()).isEqualTo(15);
    }
}
