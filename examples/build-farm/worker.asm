; The disposable worker: builds from four jobs and switches off. It is not trusted: the third artefact of each life is malformed, as
; if a compiler had been taken over. What it knew is gone with it: the policy starts a fresh process with a fresh image.
%include "../lib/guest.inc"
%include "../lib/every.inc"
%include "../lib/message.inc"

TICK_MS         equ 50
JOBS            equ 4
BAD_JOB         equ 3
MOST_TICKS      equ 400
LINGER_TICKS    equ 6

; r14d: jobs done in this life
main:   call    hear_bells
        mov     eax, [memory_of_a_life]
        test    eax, eax
        jnz     .not_fresh
        mov     dword [memory_of_a_life], 1
        say     `: a fresh life\n`
        mov     edi, TICK_MS
        call    start_timer
        xor     r14d, r14d
.wait:  call    wait_interrupt
        lea     rdi, [open_channel]
        call    for_channels
        xor     ebp, ebp
        lea     rdi, [count_ways_out]
        call    for_channels
        test    ebp, ebp
        jz      .bound                  ; channels come back one by one: what is built now would go nowhere
        lea     rdi, [build]
        call    for_channels
        cmp     r14d, JOBS
        jae     .end
.bound: mov     eax, [ticks]
        cmp     eax, MOST_TICKS
        jb      .wait
.end:   mov     edi, LINGER_TICKS
        call    wait_ticks
        say     ": built "
        print_number r14
        print   `, gone\n`
        ret
.not_fresh:
        say     `: I REMEMBER a former life\n`
        ret

; count_ways_out (for for_channels): adds to ebp
count_ways_out:
        only    KIND_MEMORY, DIRECTION_OUT, .done
        lea     rax, [ready]
        movzx   eax, byte [rax + rbx]
        add     ebp, eax
.done:  ret

; build (for for_channels): one job, if there is one
build:  only    KIND_MEMORY, DIRECTION_IN, .done
        cmp     r14d, JOBS
        jae     .done
        lea     rax, [ready]
        cmp     byte [rax + rbx], 0
        je      .done
        mov     rdi, r13
        lea     rsi, [message]
        call    ring_read
        test    rax, rax
        js      .done
        lea     rsi, [message]
        call    check_message
        test    eax, eax
        jz      .done
        cmp     dword [message + MESSAGE_TYPE], TYPE_DATA
        jne     .done
        inc     r14d
        not     qword [message + MESSAGE_DATA]  ; that is what building is here
        call    seal
        cmp     r14d, BAD_JOB
        jne     .deliver
        inc     dword [message + MESSAGE_CHECKSUM]
.deliver:
        lea     rdi, [deliver]
        jmp     for_channels
.done:  ret

%include "../lib/forward.inc"

        section .data
memory_of_a_life: dd 0
        section .text
