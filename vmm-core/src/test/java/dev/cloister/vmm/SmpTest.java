package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.vmm.TestGuest.Run;
import dev.cloister.vmm.report.Outcome;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class SmpTest extends EveryEngine {
    /** The boot processor copies a trampoline to 0x8000 and sends INIT and SIPI to all others (Intel SDM vol. 3, 9.4.4). */
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4})
    void applicationProcessorsStartByInitAndSipi(int cpus) throws Exception {
        Run run = TestGuest.run(TestGuest.config(TestGuest.long64("""
            main:   lea     rsi, [ap_start]
                    mov     edi, 0x8000
                    mov     ecx, ap_end - ap_start
                    rep movsb
                    mov     dword [0x9000], 0
                    mov     ebx, 0xFEE00000
                    mov     dword [rbx + 0xF0], 0x1FF
                    mov     dword [rbx + 0x300], 0xC4500
                    call    wait
                    mov     dword [rbx + 0x300], 0xC4608
                    call    wait
                    mov     dword [rbx + 0x300], 0xC4608
            .count: pause
                    cmp     dword [0x9000], OTHERS
                    jb      .count
                    mov     eax, 1
                    cpuid
                    shr     ebx, 16
                    movzx   eax, bl
                    shl     eax, 4
                    or      eax, [0x9004]
                    out     0xf4, al
            wait:   mov     ecx, 20000
            .spin:  dec     ecx
                    jnz     .spin
                    ret
            trap:   exit    2
            bits 16
            default abs
            ap_start:
                    cli
                    xor     ax, ax
                    mov     ds, ax
                    mov     eax, 1
                    cpuid
                    shr     ebx, 24
                    mov     cl, bl
                    mov     eax, 1
                    shl     eax, cl
                    lock or dword [0x9004], eax
                    lock inc dword [0x9000]
            .halt:  hlt
                    jmp     .halt
            ap_end:
            """.replace("OTHERS", Integer.toString(cpus - 1))))
                .cpus(cpus));
        int ids = (1 << cpus) - 2;
        assertThat(run.code()).isEqualTo(((cpus << 4 | ids) << 1 | 1) & 0xff);
        assertThat(run.exit().outcome()).isEqualTo(Outcome.DEBUG_EXIT);
    }
}
