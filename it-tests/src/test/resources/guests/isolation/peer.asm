; The sibling at the other end of the prober's channels: fills the memory that it alone may write, looks at it for ever, and tells of
; every change, every signal and every record.
%include "frame.inc"

PATTERN         equ 0x5EA15EA1
TABLE           equ 0x8000              ; a page table without accessed bits, for the prober to walk
DESCRIPTORS     equ 0xA000              ; and a GDT without accessed bits

main:
        channel "down", down
        channel "up", up
        call    hear_bells
        mov     edi, TICK_MS
        call    start_timer
        call    fill
        lea     rdi, [reader]
        mov     rsi, [up]
        call    ring_own
        print   `peer: ready\n`
.wait:  call    wait_interrupt
        call    look
        mov     eax, [rung]
        test    eax, eax
        jz      .read
        mov     dword [rung], 0
        mov     [told], eax
        lea     rdi, [tell]
        call    for_channels
.read:  lea     rdi, [reader]
        lea     rsi, [record]
        call    ring_read
        test    rax, rax
        js      .wait
        print   "peer: record "
        mov     rdi, [record]
        call    put_hex
        print   `\n`
        jmp     .wait

; tell (for for_channels): names the channel if it rang
tell:   bt      [told], ebx
        jnc     .silent
        print   "peer: bell "
        mov     rdi, r12
        call    put_text
        print   `\n`
.silent:
        ret

; word: edx = offset in the window; result rax = what belongs there
word_at:
        cmp     edx, TABLE
        jb      .pattern
        cmp     edx, TABLE + 0x1000
        jae     .pattern
        lea     eax, [rdx - TABLE]
        shl     eax, 9                  ; entry n: page n, present, writable, for user code too
        or      eax, 7
        ret
.pattern:
        cmp     edx, DESCRIPTORS
        jb      .plain
        cmp     edx, DESCRIPTORS + descriptors_end - descriptors
        jae     .plain
        lea     rax, [descriptors - DESCRIPTORS]
        mov     rax, [rax + rdx]
        ret
.plain: mov     eax, PATTERN
        shl     rax, 32
        or      rax, rdx
        ret

fill:   mov     rdi, [down]
        mov     rcx, [rdi + ENTRY_SIZE]
        mov     rdi, [rdi + ENTRY_GPA]
        xor     edx, edx
.next:  call    word_at
        mov     [rdi + rdx], rax
        add     edx, 8
        cmp     edx, ecx
        jb      .next
        ret

; look: one whole turn takes some ticks; a difference is told once
look:   mov     rdi, [down]
        mov     rcx, [rdi + ENTRY_SIZE]
        mov     rdi, [rdi + ENTRY_GPA]
        xor     edx, edx
.next:  call    word_at
        cmp     [rdi + rdx], rax
        jne     .changed
        add     edx, 8
        cmp     edx, ecx
        jb      .next
        inc     dword [turns]
        ret
.changed:
        push    rdx
        mov     edi, 4                  ; a channel that ends shows zeros a moment before it is said to have ended
        call    wait_ticks
        pop     rdx
        mov     rdi, [down]
        cmp     dword [rdi + ENTRY_STATE], STATE_LIVE
        jne     .over
        mov     rdi, [rdi + ENTRY_GPA]
        call    word_at
        mov     [rdi + rdx], rax
        push    rdx
        print   "peer: CHANGED at "
        pop     rdi
        call    put_hex
        print   `\n`
.over:  ret

        section .data
        align 8
descriptors:
        dq      0
        dq      0x00AF9A000000FFFF      ; not accessed
        dq      0x00CF92000000FFFF
        dq      0x0000890000000067      ; an available TSS at 0
        dq      0
descriptors_end:
        section .bss
        align 8
turns:  resd    1
told:   resd    1
        align 8
reader: resb    OWN_SIZE
record: resb    64
