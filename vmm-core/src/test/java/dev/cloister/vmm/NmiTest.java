package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.vmm.TestGuest.Run;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** NMIs: one that comes while another is handled waits for the handler's IRET (Intel SDM vol. 3, 7.7.1). */
@Timeout(300)
class NmiTest extends EveryEngine {
    @Test
    void anNmiWaitsForTheHandlerOfTheOneBefore() throws Exception {
        Run run = TestGuest.run(TestGuest.long64("""
            main:   mov     r14d, 0xFEE00000
                    xor     r12d, r12d
                    xor     r13d, r13d
                    mov     dword [r14 + 0xF0], 0x1FF
                    ; ICR: to itself, asserted, NMI
                    mov     dword [r14 + 0x300], 0x44400
            .wait:  cmp     r12d, 3
                    jne     .wait
                    exit    7
            trap:   cmp     edi, 2
                    jne     bad
                    inc     r13d
                    cmp     r13d, 1
                    jne     nested
                    inc     r12d
                    cmp     r12d, 3
                    je      .done
                    mov     dword [r14 + 0x300], 0x44400
                    mov     ecx, 2000
            .spin:  dec     ecx
                    jnz     .spin
            .done:  dec     r13d
                    ret
            nested: exit    8
            bad:    exit    9
            """));
        assertThat(run.code()).isEqualTo(15);
    }
}
