; What is there before the guest has done anything: tells every page that isn't zero and the registers that it was started with, then
; leaves a secret in all its memory and ends. Started again, it must find the same.
%include "frame.inc"

RAM_END         equ 0x800000
PAGE            equ 4096

main:
        mov     [kept], rbp
        mov     [kept + 8], rsi
        mov     [kept + 16], r8
        mov     [kept + 24], r9
        mov     [kept + 32], r10
        mov     [kept + 40], r11
        mov     [kept + 48], r12
        mov     [kept + 56], r13
        mov     [kept + 64], r14
        mov     [kept + 72], r15
        fxsave  [extended]
        xor     ebx, ebx
.page:  mov     rdi, rbx
        call    last_word
        test    rax, rax
        jz      .next
        mov     r12, rax
        print   "page "
        mov     rdi, rbx
        call    put_word
        mov     rdi, r12
        call    put_hex
        print   `\n`
.next:  add     ebx, PAGE
        cmp     ebx, RAM_END
        jb      .page
        call    windows
        lea     rdi, [kept]
        mov     ecx, 10
        print   "registers "
        lea     rsi, [kept]
        xor     edi, edi
        mov     ecx, 10
.or:    lodsq
        or      rdi, rax
        dec     ecx
        jnz     .or
        call    put_hex
        print   `\nxmm `
        lea     rsi, [extended + 32]    ; x87 and SSE registers
        xor     edi, edi
        mov     ecx, 48
.orx:   lodsq
        or      rdi, rax
        dec     ecx
        jnz     .orx
        call    put_hex
        print   `\ndebug `
        mov     rdi, dr0
        mov     rax, dr1
        or      rdi, rax
        mov     rax, dr2
        or      rdi, rax
        mov     rax, dr3
        or      rdi, rax
        mov     rax, cr2
        or      rdi, rax
        call    put_hex
        print   `\n`
        call    secret
        print   `fresh: end\n`
        ret

; last_word: rdi = page; result rax = offset behind its last qword that isn't zero, 0 if it is all zeros
last_word:
        lea     rdi, [rdi + PAGE - 8]
        mov     ecx, PAGE / 8
        xor     eax, eax
        std
        repe    scasq
        cld
        je      .zero
        lea     eax, [rcx * 8 + 8]
.zero:  ret

; windows: tells what isn't zero behind the channels that this guest has
windows:
        lea     rdi, [one_window]
        jmp     for_channels
one_window:
        mov     r15, [r12 + ENTRY_GPA]
        mov     r14, [r12 + ENTRY_SIZE]
        add     r14, r15
.next:  cmp     r15, r14
        jae     .done
        mov     rdi, r15
        call    last_word
        test    rax, rax
        jz      .zero
        print   "window "
        mov     rdi, r12
        call    put_text
        print   `\n`
.zero:  add     r15, PAGE
        jmp     .next
.done:  ret

secret: mov     edi, image_end
        add     edi, PAGE
        and     edi, -PAGE
        mov     ecx, RAM_END
        sub     ecx, edi
        shr     ecx, 3
        mov     rax, 0x7E57ED5EC2E75EED
        rep     stosq
        mov     edi, PAGE
        mov     ecx, 0x9F000 / 8 - PAGE / 8
        rep     stosq
        lea     rdi, [one_secret]
        jmp     for_channels
one_secret:
        only    KIND_MEMORY, DIRECTION_OUT, .done
        mov     rdi, [r12 + ENTRY_GPA]
        mov     rcx, [r12 + ENTRY_SIZE]
        shr     rcx, 3
        rep     stosq
.done:  ret

        section .bss
        align 16
extended: resb  512
kept:   resq    10
image_end:
